"""The week of last year that a week is compared with."""

from __future__ import annotations

import pandas as pd
import pytest

from pipelines.forecast import same_week_last_year


@pytest.mark.parametrize(
    ("week", "country", "expected"),
    [
        ("2026-11-23", "CN", "2025-11-24"),  # far from the festival: 52 weeks earlier
        ("2026-02-16", "CN", "2025-01-27"),  # the festival's week: 17 February 2026, 29 January 2025
        ("2026-02-16", "US", "2025-02-17"),
        ("2025-01-27", "CN", "2024-02-05"),  # the weeks of 29 January 2025 and 10 February 2024
    ],
)
def test_weeks_near_the_spring_festival_follow_the_moon(week, country, expected):
    assert same_week_last_year(pd.DatetimeIndex([week]), freq="W", country=country)[0] == pd.Timestamp(expected)


def test_days_near_the_spring_festival_keep_their_lunar_date():
    assert same_week_last_year(pd.DatetimeIndex(["2026-02-17"]), freq="D", country="CN")[0] == pd.Timestamp(
        "2025-01-29"
    )
