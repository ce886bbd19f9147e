"""Read the panels that training, forecasting and detection share, and say when they are stale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd

from features.calendars import Calendar, calendar_for, calendar_version, configured_overrides, events_as_of, events_for
from features.lake import Lake
from features.panel import Panel, build_panels
from features.panel.restate import restate_panel
from features.reasons import Reason, ReasonCode, Reasons
from features.settings import Settings
from features.taxonomy import crosswalk_for
from features.weather import weather_for, weather_frame
from models.forecast.events import Events
from models.forecast.weather import Weather
from pipelines.errors import PipelineError

# A feed may be this late before its newest complete period counts as stale.
_PATIENCE: Final = {"W": timedelta(days=8), "D": timedelta(days=3), "h": timedelta(hours=6)}


@dataclass(frozen=True)
class Known:
    """What was known at a moment: the lake, the snapshot, the panel, the calendar."""

    lake: Lake
    panel: Panel
    calendar: Calendar
    calendar_version: str
    degraded: Reasons
    weather: Weather | None = None
    events: Events | None = None

    def asked_at(self, moment: datetime, zone: ZoneInfo) -> Known:
        """Return the same, with weather and events as known at `moment` instead of at the end of a history."""
        local = pd.Timestamp(moment.astimezone(zone).replace(tzinfo=None))
        weather, events = self.weather, self.events
        return replace(
            self,
            weather=weather and (lambda _end, start, stop: weather(local, start, stop)),
            events=events and (lambda _end: events(local)),
        )


def open_lake(settings: Settings) -> Lake:
    """Open the ticket lake of an installation.

    Raises:
        PipelineError: Nothing has been ingested yet.
    """
    if not holds_tickets(settings):
        raise PipelineError("the lake is empty", hint="`weisu ingest FILE --mapping NAME` first, or `weisu demo`")
    return Lake.of(settings)


def holds_tickets(settings: Settings) -> bool:
    """Tell whether anything was ever ingested, without making an empty lake by asking."""
    if not Path(settings.lake_path, "tickets", "_delta_log").is_dir():
        return False
    return Lake.of(settings).version > 0


def read_panel(
    settings: Settings,
    *,
    as_of: datetime,
    freq: str,
    periods: int | None = None,
    levels: list[str] | None = None,
    lake: Lake | None = None,
    keep: bool = False,
) -> Known:
    """Count tickets as known at `as_of`.

    Args:
        settings: The installation.
        as_of: Aware moment.
        freq: W, D or h.
        periods: At most this many periods before `as_of`; everything when None.
        levels: Levels of the hierarchy; all when None.
        lake: An open lake; opened when None.
        keep: Keep the counts under home, for a reader that comes back at later and later moments.

    Returns:
        The panel with its calendar; `degraded` says why the newest period is older than it should be, if it is.

    Raises:
        PipelineError: No complete period is known by then.
    """
    return read_panels(settings, as_of=as_of, periods={freq: periods}, levels=levels, lake=lake, keep=keep)[freq]


def read_panels(
    settings: Settings,
    *,
    as_of: datetime,
    periods: Mapping[str, int | None],
    levels: list[str] | None = None,
    lake: Lake | None = None,
    keep: bool = False,
) -> dict[str, Known]:
    """Count tickets at several frequencies; see `read_panel`.

    Args:
        settings: The installation.
        as_of: Aware moment.
        periods: Frequency -> how many periods at most.
        levels: Levels of the hierarchy.
        lake: An open lake.
        keep: Keep the counts under home.

    Raises:
        PipelineError: As `read_panel`.
    """
    lake = lake or open_lake(settings)
    starts = {
        freq: None if most is None else (as_of - _span(freq, most)).astimezone(settings.zone).date()
        for freq, most in periods.items()
    }
    crosswalk = crosswalk_for(settings)
    wanted = ["cell"] if len(crosswalk) else levels
    kept = settings.home / "counts" if keep else None
    panels = build_panels(lake, as_of=as_of, starts=starts, levels=wanted, kept=kept)
    if len(crosswalk):
        day = as_of.astimezone(settings.zone).date()
        panels = {freq: restate_panel(panel, crosswalk, day, levels=levels) for freq, panel in panels.items()}
    return {freq: _known(settings, lake, panel, as_of) for freq, panel in panels.items()}


def _known(settings: Settings, lake: Lake, panel: Panel, as_of: datetime) -> Known:
    if panel.y.empty:
        raise PipelineError(
            f"no complete {_NAMES[panel.freq]} of tickets is known by {as_of:%Y-%m-%d %H:%M} UTC",
            hint="ingest tickets, or move --as-of to after them",
        )
    version = calendar_version(configured_overrides(settings))
    stale = staleness(panel, as_of, settings)
    return Known(lake, panel, calendar_for(settings), version, stale, known_weather(settings), known_events(settings))


def known_weather(settings: Settings) -> Weather | None:
    """Return the installation's weather as a question that names its moment; None where it has no file."""
    observations, zone = weather_for(settings), settings.timezone
    if observations is None:
        return None
    return lambda moment, start, end: weather_frame(observations, as_of=moment, start=start, end=end, timezone=zone)


def known_events(settings: Settings) -> Events | None:
    """Return the installation's event register as a question that names its moment; None where it has none."""
    register = events_for(settings)
    if register is None:
        return None
    return lambda moment: events_as_of(
        register, moment.tz_localize(settings.zone, ambiguous=True, nonexistent="shift_forward")
    )


def staleness(panel: Panel, as_of: datetime, settings: Settings) -> Reasons:
    """Return why the panel's newest period is older than a living feed's would be, if it is."""
    local = as_of.astimezone(settings.zone).replace(tzinfo=None)
    if pd.Timestamp(local) - panel.data_through <= _PATIENCE[panel.freq] + _span(panel.freq, 1):
        return ()
    moments = {"data_through": f"{panel.data_through:%Y-%m-%d %H:%M}", "as_of": f"{local:%Y-%m-%d %H:%M}"}
    return (Reason(ReasonCode.STALE_FEED, moments),)


def calendar_gap(calendar: Calendar, start: pd.Timestamp, end: pd.Timestamp) -> Reasons:
    """Return the years that the calendar had to guess between two days, as a reason, if there are any."""
    days: Any = calendar(start.date(), end.date())
    years = sorted(set(days.loc[days["degraded"], "date"].dt.year))
    return (Reason(ReasonCode.CALENDAR_GUESSED, {"years": [str(year) for year in years]}),) if years else ()


_NAMES: Final = {"W": "week", "D": "day", "h": "hour"}


def _span(freq: str, periods: int) -> timedelta:
    return {"W": timedelta(weeks=1), "D": timedelta(days=1), "h": timedelta(hours=1)}[freq] * periods
