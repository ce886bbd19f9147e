"""The clock jumps, or nobody was there: no alert ends over it, departments are reminded first, and somebody is told."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as with_settings
from hypothesis import strategies as st

from features.clock import AcceleratedClock, FixedClock, SystemClock
from pipelines.doctor import Status, examine
from serve.alerts import actions
from serve.supervision import passage
from serve.supervision.passage import last_round, look

ENDED = {"resolved", "expired"}


def restart() -> None:
    """Forget what this process saw, as a new one would."""
    passage._looks.clear()


def audiences(hotline, reason: str = "escalated") -> list[str]:
    return [audience for _, why, audience in hotline.messages() if why == reason]


@pytest.mark.parametrize("years", [-10, 10])
def test_a_jump_under_a_running_scheduler_ends_no_alert_and_is_said(hotline, years):
    hotline.detect({})
    hotline.tick()
    hotline.clock.jump(timedelta(days=365 * years))
    for _ in range(3):
        told = hotline.tick()
        assert (told.expired, told.closed, abs(told.jumped_s) > 9 * 365 * 86400) == (0, 0, True)
        hotline.clock.advance(timedelta(minutes=5))
    assert hotline.alert().state == "opened"
    assert last_round(hotline.settings)[1].days in {365 * years, 365 * years - 1}
    hotline.clock.jump(timedelta(days=-365 * years))
    assert hotline.tick().jumped_s == 0
    hotline.later(days=15, every=600)
    assert hotline.alert().state == "expired", "with the clock back everything goes its way"


def test_a_run_of_a_moment_still_to_come_tells_no_calm(hotline):
    hotline.detect({})
    hotline.press(actions.start, "水务局")
    for _ in range(3):
        hotline.detect(as_of=hotline.clock.now() + timedelta(days=3000))
    hotline.later(days=2, every=300)
    assert hotline.alert().state == "in_hand"


def test_after_downtime_the_first_round_reminds_and_the_next_escalates_and_closes(hotline):
    hotline.detect({})
    hotline.later(minutes=5)
    restart()
    hotline.clock.advance(timedelta(days=20))
    first = hotline.tick()
    assert (first.idle_s, first.expired, first.escalated) == (20 * 86400, 0, 1)
    assert audiences(hotline) == ["水务局"]
    hotline.clock.advance(timedelta(seconds=5))
    second = hotline.tick()
    assert (second.idle_s, second.expired) == (0, 1)


def test_after_downtime_the_ladder_goes_on_in_the_next_round(hotline):
    hotline.detect({})
    hotline.tick()
    restart()
    hotline.clock.advance(timedelta(hours=30))
    hotline.tick()
    assert audiences(hotline) == ["水务局"]
    hotline.clock.advance(timedelta(seconds=5))
    assert hotline.tick().escalated == 2
    assert audiences(hotline) == ["水务局", "duty", "role:supervisor"]


def test_a_round_of_the_future_is_not_believed(hotline):
    hotline.detect({})
    hotline.clock.jump(timedelta(days=3000))
    restart()
    hotline.tick()
    hotline.clock.jump(timedelta(days=-3000))
    restart()
    clock = {found.check: found for found in examine(hotline.settings, hotline.clock).findings}["clock"]
    assert (clock.status, "looked after at" in clock.message) == (Status.FAIL, True)
    assert hotline.tick().jumped_s < 0
    hotline.clock.advance(timedelta(minutes=2))
    assert hotline.tick().jumped_s == 0
    assert hotline.alert().state not in ENDED


@pytest.mark.parametrize("content", [None, b"", b'{"at": "20', b"\xff\x00\x17", b"[]", b'{"at": 7, "jumped_s": 0}'])
def test_a_damaged_note_of_the_last_round_is_as_good_as_none(hotline, content):
    hotline.tick()
    note = hotline.settings.home / "last-round.json"
    note.unlink() if content is None else note.write_bytes(content)
    restart()
    assert (hotline.tick().idle_s, last_round(hotline.settings) is not None) == (0, True)


STEPS = st.lists(st.one_of(st.integers(-4000 * 24, 4000 * 24), st.integers(-3, 3)), min_size=1, max_size=5)


@given(steps=STEPS, restarts=st.booleans())
@example(steps=[13 * 24, 13 * 24], restarts=True)
@with_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_sequence_of_jumps_ends_an_alert_that_time_has_not_ended(fresh_hotline, steps, restarts):
    """Each step sets the clock by hours, looks, and sets it back; an hour passes in all."""
    restart()
    hotline = fresh_hotline()
    hotline.detect({})
    hotline.tick()
    for hours in steps:
        hotline.clock.jump(timedelta(hours=hours))
        if restarts:
            restart()
        hotline.tick()
        hotline.clock.jump(timedelta(hours=-hours))
        if restarts:
            restart()
        hotline.tick()
        hotline.clock.advance(timedelta(minutes=60 / len(steps)))
        hotline.tick()
    assert hotline.alert().state == "opened"


def test_steady_clocks_pass_and_never_jump():
    fixed = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    before = fixed.steady()
    fixed.jump(timedelta(days=9))
    fixed.advance(timedelta(seconds=5))
    assert fixed.steady() - before == pytest.approx(5)
    fast = AcceleratedClock(fixed.now(), since=fixed.now(), speed=60, machine=fixed)
    before = fast.steady()
    fixed.advance(timedelta(seconds=2))
    assert fast.steady() - before == pytest.approx(120)
    first, second = itertools.islice(iter(SystemClock().steady, None), 2)
    assert second >= first


def test_a_slow_setting_of_the_clock_is_no_jump(settings):
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    settings.home.mkdir(parents=True)
    for _ in range(10):
        clock.jump(timedelta(minutes=2))
        clock.advance(timedelta(minutes=1))
        assert look(settings, clock).may_end
