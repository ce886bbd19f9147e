"""The weekly report on the planner's desk, written on Monday morning."""

from __future__ import annotations

from pathlib import Path

from features.clock import Clock
from features.settings import Settings
from serve.reports import WeeklySummary, last_complete_week, weekly
from serve.store import Store


def write_weekly_report(settings: Settings, store: Store, clock: Clock) -> WeeklySummary:
    """Write the XLSX report about the last complete week; writing it again replaces it."""
    week = last_complete_week(settings, now=clock.now())
    return weekly(store, week=week, out=report_path(settings, str(week)), settings=settings, clock=clock)


def report_path(settings: Settings, week: str) -> Path:
    """Return where the report about a week lies."""
    return settings.home / "reports" / f"weisu-{week}.xlsx"
