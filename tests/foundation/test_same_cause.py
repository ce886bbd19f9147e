"""When two findings are one cause: the rule is symmetric, and one ticket decides nothing."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from features.same_cause import Matter, arrival, share_tickets

DAY = pd.Timestamp("2026-11-23").to_pydatetime()
SIX = timedelta(hours=6)
moments = st.integers(0, 72).map(lambda hour: DAY + timedelta(hours=hour))
spans = st.tuples(moments, moments).map(sorted).map(tuple)
matters = st.builds(
    Matter,
    category=st.sampled_from(["", "停电", "停水"]),
    area=st.sampled_from(["", "甲", "乙"]),
    department=st.sampled_from(["", "子", "丑"]),
    start=st.just(DAY),
    end=moments,
    arrived=st.none() | spans,
)


@given(matters, matters)
def test_the_order_of_two_findings_does_not_matter(first, second):
    assert first.same_cause(second, together=SIX) == second.same_cause(first, together=SIX)


@given(st.integers(0, 50), st.integers(1, 50), st.integers(1, 50))
def test_one_ticket_of_many_never_makes_two_findings_one(shared, first, second):
    shared = min(shared, first, second)
    joined = share_tickets(shared, first, second, share=0.5)
    assert joined == share_tickets(shared, second, first, share=0.5)
    if shared == 1 and max(first, second) > 2:
        assert not joined


def test_a_source_that_knows_only_days_says_no_hours():
    days = pd.to_datetime(["2026-11-23", "2026-11-23", "2026-11-23"])
    assert arrival(days) is None
    assert arrival(days + pd.Timedelta(hours=9)) == (DAY + timedelta(hours=9), DAY + timedelta(hours=9))
    assert arrival(days[:2] + pd.Timedelta(hours=9)) is None


def test_what_came_over_days_is_not_of_the_same_hours():
    storm = Matter("停电", "甲", "子", DAY, DAY + timedelta(days=3), (DAY, DAY + timedelta(days=2)))
    other = Matter("停水", "甲", "丑", DAY, DAY + timedelta(days=3), (DAY, DAY + timedelta(hours=2)))
    assert not storm.same_cause(other, together=SIX)
