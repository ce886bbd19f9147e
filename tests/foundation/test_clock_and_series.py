"""The clock that tests own, and names of series that survive a round trip."""

from __future__ import annotations

import doctest
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

import features.series
from features.clock import FixedClock, SystemClock
from features.series import parse_series_id, series_id


def test_fixed_clock_moves_only_when_told():
    clock = FixedClock(datetime(2026, 11, 23, 8, tzinfo=timezone(timedelta(hours=8))))
    assert clock.now() == datetime(2026, 11, 23, tzinfo=UTC)
    assert clock.advance(timedelta(hours=1)) == clock.now() == datetime(2026, 11, 23, 1, tzinfo=UTC)


def test_fixed_clock_refuses_a_naive_start():
    with pytest.raises(ValueError, match="aware"):
        FixedClock(datetime(2026, 11, 23))  # noqa: DTZ001


def test_system_clock_is_aware_and_utc():
    assert SystemClock().now().tzinfo is UTC


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(features.series).failed == 0


names = st.text(st.characters(exclude_characters=";=", exclude_categories=["Cs"]), min_size=1)


@given(category=names, district=names)
def test_series_ids_round_trip(category, district):
    values = {"category": category, "district": district}
    assert parse_series_id(series_id("cell", values)) == values
    assert parse_series_id(series_id("total", values)) == {}
