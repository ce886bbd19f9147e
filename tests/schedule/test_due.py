from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.configuration import SHIPPED_JOBS
from features.settings import Settings
from pipelines.schedule import LastRun, RunState, ScheduleError, due, read_schedule
from pipelines.schedule.plan import Cron, Every, parse_length

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=SHANGHAI)


def _schedule(**jobs):
    off = {name: {"enabled": False} for name in SHIPPED_JOBS}
    return read_schedule(Settings(schedule={"jobs": {**off, **jobs}}))


WEEKLY = _schedule(forecast={"after": ()})


def _names(items):
    return [item.job.name for item in items]


def test_monday_seven_is_seven_in_the_hotlines_zone():
    trigger = Cron("0 7 * * mon", SHANGHAI)
    assert trigger.latest(MONDAY) == MONDAY.astimezone(UTC)
    assert trigger.latest(MONDAY - timedelta(seconds=1)) == MONDAY - timedelta(weeks=1)
    assert trigger.following(MONDAY) == MONDAY + timedelta(weeks=1)


def test_slots_follow_the_clock_change():
    trigger = Cron("0 7 * * *", ZoneInfo("America/New_York"))
    saturday = datetime(2026, 10, 31, 12, 30, tzinfo=UTC)
    assert [trigger.latest(saturday + timedelta(days=n)).hour for n in range(2)] == [11, 12]


def test_yearly_slots_are_found():
    assert Cron("0 0 1 1 *", SHANGHAI).latest(MONDAY) == datetime(2026, 1, 1, tzinfo=SHANGHAI)
    assert Cron("0 0 29 2 *", SHANGHAI).latest(MONDAY) is None  # not within a year


@pytest.mark.parametrize(
    ("line", "message"),
    [("0 7 * * 1", "numbers a weekday"), ("0 7 * *", "has 4 fields"), ("0 77 * * mon", "crontab line")],
)
def test_a_crontab_line_that_would_surprise_is_refused(line, message):
    with pytest.raises(ScheduleError, match=message):
        Cron(line, SHANGHAI)


@given(st.integers(0, 2_000_000_000), st.sampled_from(["3s", "5m", "1h", "2d"]))
def test_every_slot_lies_within_one_period(seconds, length):
    now = datetime.fromtimestamp(seconds, UTC)
    trigger = Every(parse_length(length))
    assert trigger.latest(now) <= now < trigger.following(now)
    assert trigger.latest(trigger.latest(now)) == trigger.latest(now)


@given(st.integers(1_600_000_000, 1_900_000_000), st.sampled_from(["5 * * * *", "0 2 * * sun", "30 7 1 * *"]))
def test_cron_agrees_with_itself(seconds, line):
    now = datetime.fromtimestamp(seconds, UTC)
    trigger = Cron(line, SHANGHAI)
    latest = trigger.latest(now)
    assert latest <= now < trigger.following(now)
    assert trigger.following(latest) == trigger.following(now)


@pytest.mark.parametrize("text", ["", "5", "m", "0s", "5 weeks", "-1h"])
def test_a_length_of_time_is_checked(text):
    with pytest.raises(ScheduleError, match="is not a length of time"):
        parse_length(text)


def test_a_job_that_never_ran_is_due():
    assert _names(due(WEEKLY, {}, MONDAY)) == ["forecast"]


def test_a_slot_is_taken_once():
    done = LastRun(MONDAY, RunState.DONE, MONDAY)
    assert due(WEEKLY, {"forecast": done}, MONDAY + timedelta(days=6)) == []
    assert _names(due(WEEKLY, {"forecast": done}, MONDAY + timedelta(days=7))) == ["forecast"]


def test_missed_slots_are_caught_up_by_one_run():
    done = LastRun(MONDAY - timedelta(weeks=5), RunState.DONE, MONDAY)
    [item] = due(WEEKLY, {"forecast": done}, MONDAY + timedelta(hours=3))
    assert item.slot == MONDAY


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.INTERRUPTED])
def test_a_failed_or_killed_run_is_repeated_so_often_and_no_more(state):
    ended = MONDAY + timedelta(minutes=1)
    for attempts, after, expected in [(1, 4, []), (1, 5, ["forecast"]), (2, 5, ["forecast"]), (3, 50, [])]:
        last = {"forecast": LastRun(MONDAY, state, ended, attempts)}
        assert _names(due(WEEKLY, last, ended + timedelta(minutes=after))) == expected
    given_up = {"forecast": LastRun(MONDAY, state, ended, 3)}
    assert _names(due(WEEKLY, given_up, MONDAY + timedelta(weeks=1))) == ["forecast"]


def test_a_running_job_is_never_due():
    running = {"forecast": LastRun(MONDAY, RunState.RUNNING)}
    assert due(WEEKLY, running, MONDAY + timedelta(weeks=3)) == []


def test_a_report_waits_for_the_forecast_that_is_due_or_running_but_not_for_a_failed_one():
    both = _schedule(forecast={"after": ()}, report={})
    assert _names(due(both, {}, MONDAY)) == ["forecast"]
    running = {"forecast": LastRun(MONDAY, RunState.RUNNING)}
    assert due(both, running, MONDAY) == []
    failed = {"forecast": LastRun(MONDAY, RunState.FAILED, MONDAY, 1)}
    assert _names(due(both, failed, MONDAY + timedelta(minutes=1))) == ["report"]


def test_a_job_without_anything_to_do_neither_runs_nor_holds_up_others():
    both = _schedule(ingest={}, detect={})
    assert _names(due(both, {}, MONDAY, ready=lambda name: name != "ingest")) == ["detect"]


def test_shipped_schedule_has_the_report_ready_before_half_past_seven():
    schedule = read_schedule(Settings())
    slot = schedule.job("report").trigger.following(datetime(2026, 11, 21, tzinfo=UTC))
    assert slot.astimezone(SHANGHAI) == MONDAY
    assert [job.name for job in schedule.jobs][:4] == ["ingest", "train", "forecast", "report"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train": {"cron": "0 2 * * 0"}}, "numbers a weekday"),
        ({"train": {"every": "1h", "cron": "0 2 * * sun"}}, "either cron or every"),
    ],
)
def test_a_trigger_that_cannot_be_is_refused(changes, message):
    with pytest.raises(ScheduleError, match=message):
        _schedule(**changes)


def test_a_configured_trigger_replaces_the_shipped_one():
    schedule = _schedule(train={"every": "6h"})
    assert str(schedule.job("train").trigger) == "every 21600 s"


LENGTHS = st.sampled_from(["3s", "5m", "1h", "2d"])
LINES = st.sampled_from(["5 * * * *", "0 2 * * sun", "30 6 * * *"])
TRIGGERS = st.one_of(LENGTHS.map(lambda length: {"every": length}), LINES.map(lambda line: {"cron": line}))
JUMPS = st.one_of(
    st.timedeltas(timedelta(days=-4000), timedelta(days=4000)), st.timedeltas(timedelta(0), timedelta(hours=3))
)


@given(TRIGGERS, JUMPS, st.sampled_from([RunState.DONE, RunState.FAILED, RunState.INTERRUPTED]), st.integers(0, 90_000))
def test_after_any_jump_of_the_clock_every_job_runs_within_a_period_of_the_right_time(trigger, jump, state, later):
    """A job runs once while the clock is wrong; then the clock is right again, and somebody looks every so often."""
    schedule = _schedule(detect={"retry_after": "5m", **trigger})
    [item] = due(schedule, {}, MONDAY + jump)
    last = {"detect": LastRun(item.slot, state, MONDAY + jump, attempts=9)}
    now = MONDAY + timedelta(seconds=later)
    rule = schedule.job("detect").trigger
    period = rule.following(rule.following(now)) - rule.following(now)
    # A run for a slot that comes within ten minutes counts as its run.
    ran = now - item.slot <= period and item.slot <= now + timedelta(minutes=10)
    looks = [now, rule.following(now), rule.following(now) + timedelta(minutes=10)]
    assert ran or any(due(schedule, last, look) for look in looks)


@given(TRIGGERS, st.integers(0, 90_000), st.integers(0, 5))
def test_a_clock_that_is_set_back_by_seconds_repeats_no_job(trigger, later, seconds):
    schedule = _schedule(detect=trigger)
    now = MONDAY + timedelta(seconds=later)
    slot = schedule.job("detect").trigger.latest(now)
    again = due(schedule, {"detect": LastRun(slot, RunState.DONE, now)}, now - timedelta(seconds=seconds))
    assert again == [] or "3s" in trigger.values()


def test_the_end_of_a_failed_run_in_the_future_holds_no_retry_up():
    failed = LastRun(MONDAY, RunState.FAILED, MONDAY + timedelta(days=3000), 1)
    assert _names(due(WEEKLY, {"forecast": failed}, MONDAY + timedelta(minutes=6))) == ["forecast"]
