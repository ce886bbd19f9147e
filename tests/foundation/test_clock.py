from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from features.clock import AcceleratedClock, FixedClock

START = datetime(2026, 6, 17, tzinfo=UTC)
SINCE = datetime(2026, 11, 23, 8, tzinfo=UTC)


def test_an_accelerated_clock_waits_for_its_beginning_and_then_runs_ahead():
    machine = FixedClock(SINCE - timedelta(seconds=10))
    clock = AcceleratedClock(START, since=SINCE, speed=60, machine=machine)
    assert clock.now() == START
    machine.advance(timedelta(seconds=10))
    assert clock.now() == START
    machine.advance(timedelta(seconds=1.5))
    assert clock.now() == START + timedelta(seconds=90)
    again = AcceleratedClock(START, since=SINCE, speed=60, machine=machine)
    assert again.now() == clock.now(), "two processes agree"


@pytest.mark.parametrize(
    ("start", "speed", "problem"), [(START.replace(tzinfo=None), 60, "aware datetimes"), (START, 0, "speed 0")]
)
def test_an_accelerated_clock_refuses_what_makes_no_sense(start, speed, problem):
    with pytest.raises(ValueError, match=problem):
        AcceleratedClock(start, since=SINCE, speed=speed)
