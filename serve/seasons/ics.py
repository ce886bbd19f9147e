"""民情月历 as an iCalendar file (RFC 5545): a day to act, and the weeks in which the problem is expected back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

from icalendar import Calendar, Event

from features.words import catalogue, in_both
from serve.seasons.coming import ComingSeason


def write_ics(seasons: Iterable[ComingSeason], *, now: datetime, simulated: bool = False) -> bytes:
    """Return the calendar; the same season keeps its UID, so a re-import updates instead of doubling."""
    label = catalogue("zh-CN")("message.simulated") if simulated else ""
    calendar = Calendar()
    calendar.add("prodid", "-//weisu//seasonal calendar//ZH")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", label + in_both("ics.name"))
    for season in seasons:
        for event in _events(season, now, label):
            calendar.add_component(event)
    return bytes(calendar.to_ical())


def _events(season: ComingSeason, now: datetime, label: str) -> Iterator[Event]:
    week = season.starts.isocalendar()
    uid = f"{week.year}W{week.week:02d}-{hashlib.sha256(season.unique_id.encode()).hexdigest()[:20]}@weisu"
    act_by = f"{season.act_by:%Y-%m-%d}"
    times = f"{season.times:.1f}"
    told = in_both("ics.told", between="\n", years=season.years, hits=season.hits, times=times, act_by=act_by)
    words = catalogue("zh-CN")
    end = season.starts + timedelta(weeks=season.weeks)
    act, season_name = (label + words(key, name=season.name) for key in ("ics.act", "ics.season"))
    yield _event(f"act-{uid}", act, told, now, season.act_by.date())
    yield _event(f"season-{uid}", season_name, told, now, season.starts.date(), end.date())


def _event(uid: str, summary: str, description: str, now: datetime, start: date, end: date | None = None) -> Event:
    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", start)
    if end is not None:
        event.add("dtend", end)
    event.add("summary", summary)
    event.add("description", description)
    event.add("transp", "TRANSPARENT")
    return event
