"""A few tickets over a whole city are told where something ties them; weeks are told when they are doubled."""

from __future__ import annotations

import pandas as pd
import pytest

from features.vocabulary import Kind
from models.hotspots.candidates.fresh import most_of_late, shortest_window
from models.hotspots.candidates.signals import Part, Signal
from models.hotspots.candidates.telling import is_scattered

DAY = pd.Timestamp("2026-11-22")


def surge(count: int, **changes: object) -> Signal:
    keys = tuple(f"s/{n}" for n in range(count))
    window = {"window_start": DAY, "window_end": DAY + pd.Timedelta(days=1)}
    what = {"kind": Kind.SURGE, "detector": "surge", "category": "pests", "level": "category", "upper": 2.0}
    return Signal(**{**what, **window, "tickets": keys, "observed": count, "callers": count, **changes})  # type: ignore[arg-type]


def tickets(count: int, *, hours_apart: float = 3, street: str = "") -> pd.DataFrame:
    opened = [DAY + pd.Timedelta(hours=hours_apart * n) for n in range(count)]
    return pd.DataFrame({"key": [f"s/{n}" for n in range(count)], "opened_local": opened, "street": street})


@pytest.mark.parametrize(
    ("signal", "behind", "left"),
    [
        (surge(5), tickets(5), True),
        (surge(5), tickets(5, hours_apart=0.5), False),
        (surge(5), tickets(5, street="Main"), False),
        (surge(5, parts=(Part("d0", 3, 0.4),)), tickets(5), False),
        (surge(5, parts=(Part("d0", 2, 0.4),)), tickets(5), True),
        (surge(5, upper=1.0), tickets(5), False),
        (surge(10, upper=6.0), tickets(10, hours_apart=2), False),
        (surge(5, area="d0"), tickets(5), False),
    ],
    ids=["nothing", "hours", "street", "district", "half is less", "never before", "not few", "a district's own"],
)
def test_what_ties_a_few_tickets_over_a_city(signal, behind, left):
    assert is_scattered(signal, behind) is left


@pytest.mark.parametrize(("count", "told"), [(37.0, 0), (42.0, 1)])
def test_weeks_are_told_at_twice_the_most_that_is_usual(count, told):
    week = pd.DataFrame({"y": [count], "expected": [12.0], "upper": [20.0]})
    assert shortest_window(week, weeks=True) == told
    assert shortest_window(week) == 1


def test_a_count_that_was_reached_lately_is_usual_unless_it_was_an_alarm():
    days = pd.date_range(end=DAY, periods=90, freq="D")
    series = pd.DataFrame({"ds": days, "y": 2.0, "alarm": False, "window": 1})
    series.loc[[10, 40, 60], "y"] = [50.0, 9.0, 30.0]
    series.loc[60, "alarm"] = True
    assert most_of_late(series, 1) == 9
    assert most_of_late(series, 3) == 13
    assert most_of_late(series.tail(2), 2) == 0
