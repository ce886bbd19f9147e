"""Planners' numbers hold, reach parts, wholes and sums of weeks, leave the rest alone, and contradictions are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.series import DIMENSIONS, LEVELS, series_id
from serve.forecasts.adjusted import Adjusted, adjust, adjust_sums
from serve.store.tables import ForecastOverride

WEEKS = [datetime(2026, 11, 23) + timedelta(weeks=n) for n in range(4)]  # noqa: DTZ001 - local civil time
CELLS = [(f"类{k // 4}", f"项{k // 2}", f"事{k}", district, f"局{k % 3}") for k in range(8) for district in "甲乙丙"]


def forecast(means: list[float]) -> pd.DataFrame:
    """All levels over the cells, equal in every week."""
    cells = pd.DataFrame(CELLS, columns=list(DIMENSIONS)).assign(mean=means)
    frames = []
    for level, names in LEVELS.items():
        columns = [*names, "department"] if level == "cell" else list(names)
        summed = cells.assign(all="").groupby(columns or ["all"], as_index=False)["mean"].sum()
        dims = summed.assign(**{name: "" for name in DIMENSIONS if name not in columns})
        ids = [series_id(level, row) for row in dims.to_dict("records")]
        frames.append(dims.assign(level=level, unique_id=ids))
    rows = pd.concat(frames, ignore_index=True)
    rows = rows.assign(p10=np.floor(rows["mean"] * 0.7), p50=rows["mean"].round(), p90=np.ceil(rows["mean"] * 1.4))
    return pd.concat([rows.assign(ds=pd.Timestamp(week)) for week in WEEKS], ignore_index=True)


def override(number: int, unique_id: str, value: float, *, week: int = 0, **more: Any) -> ForecastOverride:
    at = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(minutes=number)
    return ForecastOverride(id=f"ov_{number}", unique_id=unique_id, ds=WEEKS[week], value=value, created_at=at, **more)


def adjusted(rows: pd.DataFrame, *overrides: ForecastOverride) -> Adjusted:
    return adjust(rows, {(one.unique_id, one.ds): one for one in overrides})


def mean_of(found: Adjusted, unique_id: str, week: int = 0) -> float:
    rows = found.rows[(found.rows["unique_id"] == unique_id) & (found.rows["ds"] == WEEKS[week])]
    return float(rows["mean"].iloc[0])


MEANS = st.lists(st.floats(0.01, 500), min_size=len(CELLS), max_size=len(CELLS))
SERIES = st.sampled_from(forecast([1.0] * len(CELLS))["unique_id"].unique().tolist())


@settings(max_examples=25, deadline=None)
@given(means=MEANS, series=SERIES, value=st.floats(0, 2000), week=st.integers(0, 3))
def test_one_override_holds_and_every_level_is_the_sum_of_its_cells_again(means, series, value, week):
    rows = forecast(means)
    found = adjusted(rows, override(1, series, value, week=week))
    assert mean_of(found, series, week) == pytest.approx(value, abs=1e-5)
    assert not found.unmet
    sums = found.rows.pivot_table(index="level", columns="ds", values="mean", aggfunc="sum")
    np.testing.assert_allclose(sums, np.broadcast_to(sums.loc["total"], sums.shape), rtol=1e-7, atol=1e-5)
    for level in ("district", "category1_district"):
        names = list(LEVELS[level])
        cells = found.rows[found.rows["level"] == "cell"].groupby([*names, "ds"])["mean"].sum()
        own = found.rows[found.rows["level"] == level].set_index([*names, "ds"])["mean"]
        np.testing.assert_allclose(own.sort_index(), cells.sort_index(), rtol=1e-7, atol=1e-5)
    other = found.rows["ds"] != WEEKS[week]
    assert not found.rows.loc[other, "touched"].any()
    pd.testing.assert_frame_equal(found.rows.loc[other, rows.columns], rows[other])
    assert (found.rows["p10"] <= found.rows["p90"]).all()
    large = found.rows[found.rows["mean"] > 5]
    assert ((large["p10"] <= large["mean"]) & (large["mean"] <= large["p90"])).all()


@settings(max_examples=25, deadline=None)
@given(means=MEANS, share=st.floats(0.05, 0.95), total=st.floats(10, 5000))
def test_a_part_and_its_whole_hold_together_and_what_lies_beside_takes_the_difference(means, share, total):
    found = adjusted(forecast(means), override(1, "district=甲", share * total), override(2, "total", total))
    assert mean_of(found, "district=甲") == pytest.approx(share * total, rel=1e-3, abs=0.01)
    assert mean_of(found, "total") == pytest.approx(total, rel=1e-3)
    assert not found.unmet
    others = mean_of(found, "district=乙") + mean_of(found, "district=丙")
    assert others == pytest.approx((1 - share) * total, rel=1e-2, abs=0.1)
    before = forecast(means).set_index(["unique_id", "ds"])["mean"]
    ratio = mean_of(found, "district=乙") / mean_of(found, "district=丙")
    was = before["district=乙", pd.Timestamp(WEEKS[0])] / before["district=丙", pd.Timestamp(WEEKS[0])]
    assert ratio == pytest.approx(was, rel=1e-6), "the shares of what nobody spoke of stay the model's"


def test_contradictions_are_told_and_the_newest_has_the_last_word():
    rows = forecast([10.0] * len(CELLS))
    found = adjusted(rows, override(1, "district=甲", 300.0), override(2, "total", 100.0))
    assert mean_of(found, "total") == pytest.approx(100)
    assert found.unmet == {"ov_1": ("ov_2",)}
    assert mean_of(found, "district=甲") <= 100
    fits = adjusted(
        rows, override(1, "district=甲", 30.0), override(2, "total", 100.0), override(3, "district=乙", 9.0)
    )
    assert fits.unmet == {}
    beside = adjusted(rows, override(1, "district=甲", 300.0), override(2, "district=乙", 1.0))
    assert beside.unmet == {}


def test_a_planners_own_band_stands_and_others_are_scaled():
    rows = forecast([10.0] * len(CELLS))
    found = adjusted(rows, override(1, "district=甲", 160.0, p10=150.0, p90=200.0)).rows.query("touched")
    by_id = found.set_index("unique_id")
    assert by_id.loc["district=甲", ["p10", "mean", "p90"]].tolist() == [150, 160, 200]
    cell = by_id.loc["category=事0;district=甲"]
    assert (cell["mean"], cell["model_mean"], cell["p10"], cell["p90"]) == (20, 10, 14, 28)
    assert "district=乙" not in by_id.index


def test_sums_of_weeks_hear_of_the_weeks_within_them():
    rows = forecast([10.0] * len(CELLS))
    found = adjusted(rows, override(1, "district=甲", 160.0), override(2, "district=甲", 40.0, week=3))
    first = rows[rows["ds"] == WEEKS[0]]
    numbers = ["mean", "p10", "p50", "p90"]
    spans = [first.assign(periods=n, **{name: n * first[name] for name in numbers}) for n in (2, 4, 13)]
    sums = pd.concat(spans, ignore_index=True)
    changed = adjust_sums(sums, found).set_index(["unique_id", "periods"])
    assert changed.loc[("district=甲", 2), ["mean", "model_mean"]].tolist() == [240, 160]
    assert changed.loc[("district=甲", 4), "mean"] == changed.loc[("district=甲", 4), "model_mean"] + 80 - 40
    assert changed.loc[("total", 13), "mean"] == changed.loc[("total", 13), "model_mean"] + 40
    assert not changed.loc[("district=乙", 4), "touched"]
    four = found.rows.groupby("unique_id")["mean"].sum()
    pd.testing.assert_series_equal(
        changed.xs(4, level="periods")["mean"].sort_index(), four.sort_index(), check_names=False
    )


def test_a_series_without_cells_has_its_own_number():
    rows = forecast([10.0] * len(CELLS)).query("level != 'cell'").reset_index(drop=True)
    found = adjusted(rows, override(1, "district=甲", 7.0))
    assert mean_of(found, "district=甲") == 7
    assert mean_of(found, "total") == 240
