"""What returns is found, whatever its shape; what does not return, or is a handful, is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.seasons import seasonal_calendar
from tests.seasonal.simulated_seasons import SHAPES, WITHOUT, counts, seasonal, unseasonal, weeks_of

EACH = 12


def calendar_of(series: dict[str, np.ndarray], years: int) -> pd.DataFrame:
    weeks = weeks_of(years)
    y = pd.concat([pd.DataFrame({"unique_id": name, "ds": weeks, "y": values}) for name, values in series.items()])
    named = {"category1": "", "category2": "", "category": list(series), "district": "", "department": ""}
    static = pd.DataFrame({"unique_id": list(series), "level": "category", **named})
    return seasonal_calendar(y, static, weeks[-1] + pd.Timedelta(days=7))


def covers(row: pd.Series, first: int, last: int) -> bool:
    start, length = row["return_week"], (row["return_end"] - row["return_start"]).days // 7
    found = {(start - 1 + n) % 52 + 1 for n in range(length)}
    inside = set(range(first, last + 1))
    return len(found & inside) >= 0.5 * max(len(inside), len(found) - 4)


@pytest.mark.parametrize("years", [2, 3, 5])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_season_of_any_shape_is_found_in_its_weeks(shape, years):
    draw = np.random.default_rng([years, len(shape)])
    truth, series = {}, {}
    for number in range(EACH):
        mean, weeks = seasonal(shape, years, draw)
        if mean[-52:].max() < 4 or (mean - np.median(mean)).clip(0).sum() / years < 60:
            continue  # a handful
        truth[str(number)], series[str(number)] = weeks, counts(mean, draw)
    table = calendar_of(series, years)
    found = {row["unique_id"] for _, row in table.iterrows() if covers(row, *truth[row["unique_id"]])}
    assert len(found) >= (0.9 if years > 2 else 0.75) * len(truth)
    # Two years draw a season of half a year with gaps: it may be told in two pieces.
    assert len(table) <= (1.1 if years > 2 else 1.5) * len(truth)


@pytest.mark.parametrize("years", [2, 3, 5])
def test_growth_wandering_storms_and_steps_are_no_season(years):
    draw = np.random.default_rng(years)
    series = {f"{kind} {n}": counts(unseasonal(kind, years, draw), draw) for kind in WITHOUT for n in range(3 * EACH)}
    found = calendar_of(series, years)["unique_id"]
    by_kind = found.str.partition(" ")[0].value_counts()
    assert by_kind.drop("storms", errors="ignore").sum() <= 0.03 * 12 * EACH
    # Of two or three years with two storms each, some storms meet in the same weeks.
    assert by_kind.get("storms", 0) <= 0.12 * 3 * EACH


@pytest.mark.parametrize(("times", "found"), [(2.0, 0), (8.0, 1)])
def test_a_handful_each_year_is_no_season(times, found):
    draw, years = np.random.default_rng(5), 5
    week = weeks_of(years).isocalendar()["week"].to_numpy()
    mean = np.where((week >= 20) & (week <= 24), 2.0 * times, 2.0)
    assert len(calendar_of({"covers": counts(mean, draw)}, years)) == found
