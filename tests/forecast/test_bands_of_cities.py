"""Bands agree with means, parts and weeks on real cities, on the day on which they did not."""

import sys
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from features.calendars import calendar_frame
from models.forecast import DemandModel
from tests.agreeing_bands import assert_bands_agree

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "forecast"))
import panels
import regimes

pytestmark = [pytest.mark.slow, pytest.mark.real_data]
YEARS = 3


def chicago() -> pd.DataFrame:
    tickets, start, end, _ = panels.load_tickets("chicago", panels.real_data())
    return regimes._weekly(tickets, start, end)


@pytest.mark.parametrize(("name", "origin"), [("new_york", "2023-11-20"), ("chicago", "2014-05-05")])
def test_an_issue_of_a_real_city_agrees_with_itself(name, origin, real_data):
    wide = regimes.new_york() if name == "new_york" else chicago()
    wide = wide.loc[: pd.Timestamp(origin)].tail(52 * YEARS)
    wide = wide.loc[:, wide.sum() >= 5]
    names = wide.columns.to_frame(index=False)
    ids = "category=" + names["category"].astype(str) + ";district=" + names["district"].astype(str)
    static = pd.DataFrame({"unique_id": ids, "category": names["category"], "district": names["district"]})
    long = wide.set_axis(pd.Index(ids, name="unique_id"), axis=1).rename_axis("ds").T.reset_index()
    y = long.melt(id_vars="unique_id", var_name="ds", value_name="y").astype({"ds": "datetime64[ns]", "y": float})
    model = DemandModel.fit(y, static, freq="W", calendar=partial(calendar_frame, "US"))
    rows = model.predict(horizon=4).merge(static, on="unique_id", how="left")
    for level in ("category", "district"):
        own = rows["level"] == level
        rows.loc[own, level] = rows.loc[own, "unique_id"].str.removeprefix(f"{level}=")
    sums = model.predict_totals(spans=(4,))
    assert len(rows) > 500
    assert_bands_agree(rows, sums, {"category": ["category"], "district": ["district"], "total": []})
