"""What is known at a moment: counts, tickets and feeds of an installation, in the labels in force.

Everybody reads here: training, forecast, detection, backtest, replay, pages, reports and evidence. So no two rooms can
disagree about a count or a name. Who writes the lake or keeps it in order opens it by itself (`features.lake`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa

from features.branches import AS_FILED, PATH, Branches
from features.calendars import Calendar, calendar_for, calendar_version, configured_overrides, events_as_of, events_for
from features.errors import WeisuError
from features.lake import Lake, SourceState
from features.panel import Panel, build_panels
from features.panel.complete_periods import floor
from features.panel.known_branches import branches_of
from features.panel.restate import restate_panel
from features.reasons import Reason, ReasonCode, Reasons
from features.reporters import NEEDED, reports
from features.settings import Settings
from features.taxonomy import Labels, labels_in_force
from features.ticket_points import PLACED_COLUMNS, PlacedTickets, placed_tickets
from features.vocabulary import Frequency
from features.weather import weather_for, weather_frame

Weather = Callable[[pd.Timestamp, date, date], pd.DataFrame]
"""Moment (naive local), first and last day to one row per day as known then."""

Events = Callable[[pd.Timestamp], pd.DataFrame]
"""Moment (naive local) to the register of events as known then."""

# A feed may be this late before its newest complete period counts as stale.
_PATIENCE: Final = {
    Frequency.WEEKLY: timedelta(days=8),
    Frequency.DAILY: timedelta(days=3),
    Frequency.HOURLY: timedelta(hours=6),
}

MOST_BEHIND: Final = timedelta(weeks=26)
"""Counts that are later than this are no late feed: the installation holds the past, and asks what came after it."""


class KnowledgeError(WeisuError):
    """Nothing is known by the moment that was asked for."""


@dataclass(frozen=True)
class KnownPanel:
    """Counts as known at a moment, with what a forecast or a detector needs beside them.

    Attributes:
        lake: Where they were read.
        panel: In the labels in force.
        labels: Those labels.
        filed: The cells under the labels as filed; the panel itself where no label ever changed.
        calendar: Days of the installation's country.
        calendar_version: What outputs carry.
        degraded: Why the newest period is older than it should be, if it is.
        weather, events: Questions that name their moment; None where the installation has no file.
    """

    lake: Lake
    panel: Panel
    labels: Labels
    filed: Panel
    calendar: Calendar
    calendar_version: str
    degraded: Reasons
    weather: Weather | None = None
    events: Events | None = None

    def asked_at(self, moment: datetime, zone: ZoneInfo) -> KnownPanel:
        """Return the same, with weather and events as known at `moment` instead of at the end of a history."""
        local = pd.Timestamp(moment.astimezone(zone).replace(tzinfo=None))
        weather, events = self.weather, self.events
        return replace(
            self,
            weather=weather and (lambda _end, start, stop: weather(local, start, stop)),
            events=events and (lambda _end: events(local)),
        )


@dataclass(frozen=True)
class Knowledge:
    """What an installation knew at a moment.

    Attributes:
        settings: The installation.
        as_of: The moment, aware.
        lake: The ticket lake.
        snapshot: The version of it that is read.
        labels: The labels in force at the moment.
    """

    settings: Settings
    as_of: datetime
    lake: Lake
    snapshot: int
    labels: Labels

    @classmethod
    def at(
        cls,
        settings: Settings,
        as_of: datetime,
        *,
        lake: Lake | None = None,
        snapshot: int | None = None,
        allow_empty: bool = False,
    ) -> Knowledge:
        """Look at what was known at a moment.

        Args:
            settings: The installation.
            as_of: Aware moment.
            lake: An open lake; the installation's when None.
            snapshot: Version of the lake; the newest when None.
            allow_empty: An empty lake knows of no ticket; it is no error.

        Raises:
            KnowledgeError: Nothing has been ingested yet.
            CrosswalkError: The installed crosswalk is wrong.
        """
        lake = lake or (Lake.of(settings) if allow_empty else open_lake(settings))
        version = lake.version if snapshot is None else snapshot
        return cls(settings, as_of, lake, version, labels_in_force(settings, as_of))

    def panel(
        self,
        freq: Frequency,
        *,
        periods: int | None = None,
        levels: list[str] | None = None,
        keep: bool = False,
        threads: int | None = None,
    ) -> KnownPanel:
        """Count tickets at one frequency; see `panels`."""
        return self.panels({freq: periods}, levels=levels, keep=keep, threads=threads)[freq]

    def panels(
        self,
        periods: Mapping[Frequency, int | None],
        *,
        levels: list[str] | None = None,
        keep: bool = False,
        threads: int | None = None,
    ) -> dict[Frequency, KnownPanel]:
        """Count tickets at several frequencies with one look at what arrived.

        Args:
            periods: Frequency (W, D or h) -> at most so many periods before the moment; everything when None.
            levels: Levels of the hierarchy; all when None.
            keep: Keep the counts under home, for a reader that comes back at later and later moments.
            threads: Cores; all when None.

        Raises:
            KnowledgeError: No complete period is known by then.
        """
        zone = self.settings.zone
        filed = build_panels(
            self.lake,
            as_of=self.as_of,
            starts={
                freq: None if most is None else (self.as_of - freq.length * most).astimezone(zone).date()
                for freq, most in periods.items()
            },
            snapshot=self.snapshot,
            levels=levels if self.labels.as_filed else ["cell"],
            threads=threads,
            kept=self.settings.home / "counts" if keep else None,
            branches=self.branches,
        )
        return {freq: self._known(panel, levels) for freq, panel in filed.items()}

    def _known(self, filed: Panel, levels: Sequence[str] | None) -> KnownPanel:
        if filed.y.empty:
            raise KnowledgeError(
                f"no complete {filed.freq.noun} of tickets is known by {self.as_of:%Y-%m-%d %H:%M} UTC",
                hint="ingest tickets, or move --as-of to after them",
            )
        settings = self.settings
        return KnownPanel(
            lake=self.lake,
            panel=filed if self.labels.as_filed else restate_panel(filed, *self.labels.in_force, levels=levels),
            labels=self.labels,
            filed=filed,
            calendar=calendar_for(settings),
            calendar_version=calendar_version(configured_overrides(settings)),
            degraded=staleness(filed, self.as_of, settings),
            weather=known_weather(settings),
            events=known_events(settings),
        )

    @cached_property
    def branches(self) -> Branches:
        """What the paths of categories are called: a leaf that stands under two parents is two matters."""
        others = self.settings.taxonomy.other_labels
        return branches_of(self.lake, self.as_of, snapshot=self.snapshot, others=others)

    def counts_as_filed(self, level: str, *, sources: Sequence[str] | None = None) -> dict[str, Panel]:
        """Return each source's weekly counts on one level before any change of labels: where changes are looked for."""
        names = sources or [state.source for state in self.feeds]
        read = partial(
            build_panels,
            self.lake,
            as_of=self.as_of,
            starts={Frequency.WEEKLY: None},
            snapshot=self.snapshot,
            levels=[level],
            branches=self.branches,
        )
        return {name: read(sources=[name])[Frequency.WEEKLY] for name in names}

    @cached_property
    def feeds(self) -> list[SourceState]:
        """What is known of each source: how far it is complete, whether it lives."""
        return self.lake.sources(self.as_of, snapshot=self.snapshot)

    def tickets(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        ids: Sequence[tuple[str, str]] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Return tickets in the labels in force, in order of opening; see `Lake.tickets`.

        Args:
            since: Aware moment: only tickets opened at or after it.
            until: Aware moment: only tickets opened before it.
            ids: Only these (source, ticket id) pairs.
            columns: Columns wanted; all when None.
        """
        asked, labels, branches = columns, self.labels, self.branches
        if columns is not None:
            by_labels = [] if labels.as_filed else _relabelled_by(columns)
            by_path = [] if branches.as_filed or not set(PATH) & {*columns, *by_labels} else PATH
            asked = list(dict.fromkeys([*columns, *by_labels, *by_path]))
        table = self.lake.tickets(self.as_of, snapshot=self.snapshot, since=since, until=until, ids=ids, columns=asked)
        table = branches.rename_table(table) if set(PATH) <= set(table.column_names) else table
        table = table if labels.as_filed else _relabelled(table, labels)
        return table if columns is None else table.select(list(columns))

    def reports(
        self, *, since: datetime | None = None, until: datetime | None = None, columns: Sequence[str]
    ) -> pa.Table:
        """Return the tickets that detectors count, in the labels in force; see `features.reporters`."""
        asked = list(dict.fromkeys([*columns, *NEEDED]))
        tickets = self.tickets(since=since, until=until, columns=asked)
        return reports(tickets, self.lake.own_channels).select(list(columns))

    def placed(self, *, by: str, days: int, points_only: bool = True, **asked: Any) -> PlacedTickets:
        """Return the reports of the last days as columns of numbers; see `features.ticket_points.placed_tickets`."""
        source: Any = self.lake
        if not self.labels.as_filed:
            # A day more than asked for: civil days can be longer than 24 hours.
            since = self.as_of - timedelta(days=days + 1)
            source = self.tickets(since=since, columns=list(dict.fromkeys([*PLACED_COLUMNS, by])))
        zone = self.settings.timezone
        asked |= {"by": by, "days": days, "points_only": points_only, "snapshot": self.snapshot}
        asked |= {"own": self.lake.own_channels, "branches": self.branches if source is self.lake else AS_FILED}
        return placed_tickets(source, as_of=self.as_of, timezone=zone, **asked)

    def arrivals(self, since: datetime, until: datetime) -> pa.Table:
        """Return `source, ticket_id, known_at` of what became known after one moment and by another."""
        return self.lake.news(since, until, snapshot=self.snapshot)


_LABELLED: Final = ("category1", "category2", "category", "district")
"""Columns of a ticket that a change of labels may change."""


def _relabelled_by(columns: Sequence[str]) -> list[str]:
    """Return what has to be read to relabel these columns: a parent changes with its category, from a day on."""
    labelled = [name for name in columns if name in _LABELLED]
    needed = {"district" if name == "district" else "category" for name in labelled}
    return [*sorted(needed), "opened_local"] if labelled else []


def _relabelled(table: pa.Table, labels: Labels) -> pa.Table:
    names = [name for name in _LABELLED if name in table.column_names]
    if not names:
        return table
    relabelled = labels.relabel(table.select([*names, "opened_local"]).to_pandas())
    for name in names:
        given = table.schema.field(name)
        column = pa.array(relabelled[name], given.type, from_pandas=True)
        table = table.set_column(table.column_names.index(name), given, column)
    return table


def open_lake(settings: Settings) -> Lake:
    """Open the ticket lake of an installation.

    Raises:
        KnowledgeError: Nothing has been ingested yet.
    """
    if not holds_tickets(settings):
        raise KnowledgeError("the lake is empty", hint="`weisu ingest FILE --mapping NAME` first, or `weisu demo`")
    return Lake.of(settings)


def holds_tickets(settings: Settings) -> bool:
    """Tell whether anything was ever ingested, without making an empty lake by asking."""
    if not Path(settings.lake_path, "tickets", "_delta_log").is_dir():
        return False
    return Lake.of(settings).version > 0


def arrived_feeds(settings: Settings) -> list[SourceState]:
    """Return what came from each source so far, read anew only after a load; makes no lake that is not there.

    Raises:
        LakeError: The load log cannot be read.
    """
    log = Path(settings.lake_path, "loads", "_delta_log")
    return list(_loads(settings.lake_path, settings.timezone, log.stat().st_mtime_ns)) if log.is_dir() else []


# Whoever scrapes metrics every few seconds must not read the log of thousands of loads each time.
@lru_cache(maxsize=4)
def _loads(path: str, timezone: str, changed: int) -> tuple[SourceState, ...]:
    del changed
    return tuple(Lake.open(path, timezone=timezone).sources())


def ticket_points(lake_path: str, timezone: str, keys: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
    """Return (lat, lon) of those of these tickets that have a point; where a ticket lies no label changes."""
    rows = Lake.open(lake_path, timezone=timezone).tickets(ids=list(keys), columns=["lat", "lon"]).to_pylist()
    return [(row["lat"], row["lon"]) for row in rows if row["lat"] is not None and row["lon"] is not None]


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
    return stale(panel.data_through.to_pydatetime(), panel.freq, as_of, settings)


def stale(data_through: datetime, freq: Frequency, as_of: datetime, settings: Settings) -> Reasons:
    """Return why an end of the data (naive local) is older than a living feed's would be, if it is."""
    local = as_of.astimezone(settings.zone).replace(tzinfo=None)
    if local - data_through <= _PATIENCE[freq] + freq.length:
        return ()
    moments = {"data_through": f"{data_through:%Y-%m-%d %H:%M}", "as_of": f"{local:%Y-%m-%d %H:%M}"}
    return (Reason(ReasonCode.STALE_FEED, moments),)


def first_to_come(data_through: pd.Timestamp, now: pd.Timestamp, freq: Frequency) -> pd.Timestamp:
    """Return the start of the first period that people still expect: the one that runs now, however late counts are.

    Args:
        data_through: End of the newest complete period (exclusive), naive local.
        now: The present, naive local.
        freq: How long a period is.

    Returns:
        `data_through` where nothing is late, or where it is so far back that the tickets are a history of the past.
    """
    running = pd.Timestamp(floor(now.to_pydatetime(), freq))
    return running if timedelta(0) < running - data_through <= MOST_BEHIND else data_through


def calendar_gap(calendar: Calendar, start: pd.Timestamp, end: pd.Timestamp) -> Reasons:
    """Return the years that the calendar had to guess between two days, as a reason, if there are any."""
    days: Any = calendar(start.date(), end.date())
    years = sorted(set(days.loc[days["degraded"], "date"].dt.year))
    return (Reason(ReasonCode.CALENDAR_GUESSED, {"years": [str(year) for year in years]}),) if years else ()
