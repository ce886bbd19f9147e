"""A panel restated by the crosswalk keeps its totals, shares history on splits and adds it up on merges."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from features.panel import Panel
from features.panel.restate import restate_panel
from features.series import series_id
from features.taxonomy import read_crosswalk

WEEKS = pd.date_range("2026-01-05", periods=4, freq="7D")


@pytest.fixture
def panel():
    cells = [("噪声", "海口市", "环境局"), ("噪声", "三亚市", "环境局"), ("油烟", "海口市", "城管局")]
    static = pd.DataFrame(
        [
            {
                "unique_id": series_id("cell", {"category": category, "district": district}),
                "level": "cell",
                "category1": "生态环境",
                "category2": "污染",
                "category": category,
                "district": district,
                "department": department,
            }
            for category, district, department in cells
        ]
    )
    y = pd.DataFrame(
        {
            "unique_id": np.repeat(static["unique_id"].to_numpy(), 4),
            "ds": np.tile(WEEKS, 3),
            "y": [10, 20, 30, 40, 1, 2, 3, 4, 5, 5, 5, 5],
            "callers": [10, 20, 30, 40, 1, 2, 3, 4, 5, 5, 5, 5],
        }
    )
    return Panel(y, static, "W", WEEKS[-1] + pd.Timedelta(days=7), datetime(2026, 2, 2, tzinfo=UTC), 1)


def crosswalk(tmp_path, text):
    path = tmp_path / "crosswalk.csv"
    path.write_text(text, encoding="utf-8")
    return read_crosswalk(path)


def series(panel, unique_id):
    return panel.y.loc[panel.y["unique_id"] == unique_id, "y"].tolist()


def test_a_split_shares_history_by_weight_and_totals_stay(panel, tmp_path):
    rows = "old,new,valid_from,weight\n噪声,施工噪声,2026-01-19,0.25\n噪声,社会噪声,2026-01-19,0.75\n"
    restated = restate_panel(panel, crosswalk(tmp_path, rows), date(2026, 2, 2))
    assert series(restated, "category=施工噪声;district=海口市")[:2] == [2.5, 5.0]
    assert series(restated, "total") == [16, 27, 38, 49]
    cell = restated.static[restated.static["unique_id"] == "category=社会噪声;district=海口市"].iloc[0]
    assert (cell["category1"], cell["category2"], cell["department"]) == ("生态环境", "污染", "环境局")


def test_a_merge_adds_histories_up(panel, tmp_path):
    rows = "old,new,valid_from\n噪声,扰民,2026-01-19\n油烟,扰民,2026-01-19\n"
    restated = restate_panel(panel, crosswalk(tmp_path, rows), date(2026, 2, 2), levels=["cell", "category"])
    assert series(restated, "category=扰民;district=海口市") == [15, 25, 35, 45]
    assert series(restated, "category=扰民") == [16, 27, 38, 49]
    assert set(restated.static["level"]) == {"cell", "category"}


def test_a_change_that_is_not_known_yet_changes_nothing(panel, tmp_path):
    rows = "old,new,valid_from\n噪声,扰民,2026-03-01\n"
    restated = restate_panel(panel, crosswalk(tmp_path, rows), date(2026, 2, 2), levels=["cell"])
    pd.testing.assert_frame_equal(
        restated.y.sort_values(["unique_id", "ds"], ignore_index=True),
        panel.y.sort_values(["unique_id", "ds"], ignore_index=True),
        check_dtype=False,
    )
