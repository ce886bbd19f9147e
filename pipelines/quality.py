"""The quality report of the lake: counted in DuckDB, judged by `features.quality`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import pandas as pd

from features.clock import Clock
from features.configuration import QualityConfig
from features.lake import Lake
from features.lake.asof import as_of_query
from features.lake.duck import arrow, duck, instant
from features.quality import (
    AGES,
    complete_days,
    delay_profile,
    freshness,
    make_report,
    missing_values,
    unseen_labels,
    volume_against_expectation,
)
from features.settings import Settings

_CHECKED: Final = ("category", "district", "street", "department", "channel", "caller", "text", "lat", "closed_at")
_LONG: Final = ("caller", "text", "title")
_RATE_DAYS: Final = 56
_COLUMNS: Final = ("source", "opened_at", "opened_local", *_CHECKED, "lon", "title")


def quality_report(settings: Settings, clock: Clock, *, as_of: datetime | None = None) -> dict[str, Any]:
    """Report on the tickets known at a moment.

    Args:
        settings: The installation; `[quality]` sets windows and limits.
        clock: The present.
        as_of: Aware moment; the present when None.

    Returns:
        The document of `features.quality.make_report`; its `status` is `stale` when a live feed has stalled.
    """
    now = clock.now()
    moment = as_of or now
    config = settings.quality
    lake = Lake.of(settings)
    snapshot = lake.version
    with duck() as connection:
        tables = _tables(_Count(connection, lake, snapshot, moment, settings, config), settings, config)
    return make_report(tables, as_of=moment, generated_at=now, snapshot=snapshot)


def feed_freshness(settings: Settings, clock: Clock) -> Any:
    """Return how each source speaks now: the frame of `features.quality.freshness`, nothing else counted."""
    now, lake = clock.now(), Lake.of(settings)
    with duck() as connection:
        states = _states(connection, lake, lake.version, now)
    return freshness(states, as_of=now, config=settings.quality)


class _Count:
    """Counts of one report: the windows, and the tickets in them as a temporary table."""

    def __init__(
        self, connection: Any, lake: Lake, snapshot: int, moment: datetime, settings: Settings, config: QualityConfig
    ) -> None:
        self.connection, self.lake, self.snapshot, self.moment = connection, lake, snapshot, moment
        self.today = moment.astimezone(settings.zone).date()
        self.recent = self.today - timedelta(days=config.recent_days)
        self.reference = self.recent - timedelta(days=config.reference_days)
        since = f"opened_local >= DATE '{self.reference}'"
        query = as_of_query(lake.store.scan(snapshot), _COLUMNS, as_of=moment, where=since)
        # Long texts only need to be told apart: their hashes take a tenth of the memory.
        hashed = ", ".join(f"CASE WHEN {name} IS NULL THEN NULL ELSE hash({name}) END AS {name}" for name in _LONG)
        connection.execute(f"CREATE TEMP TABLE tickets AS SELECT * REPLACE ({hashed}) FROM ({query})")

    def frame(self, query: str) -> Any:
        """Return the result of a query as a pandas frame."""
        return arrow(self.connection, query).to_pandas()

    def daily(self) -> Any:
        """Tickets per source and complete day."""
        return self.frame(f"""
            SELECT source, opened_local::DATE::TIMESTAMP AS day, count(*) AS tickets FROM tickets
            WHERE opened_local < DATE '{self.today}' GROUP BY ALL ORDER BY ALL
        """)

    def states(self) -> Any:
        """Return the last word of every source, and how much it brought in the weeks before."""
        return _states(self.connection, self.lake, self.snapshot, self.moment)

    def labels(self, column: str, *, recent: bool) -> Any:
        """Tickets per source and label, and the label's first day, in the recent window or the one before."""
        side = ">=" if recent else "<"
        return self.frame(f"""
            SELECT source, {column} AS label, count(*) AS tickets, min(opened_local)::DATE::VARCHAR AS first_day
            FROM tickets WHERE opened_local {side} DATE '{self.recent}' AND {column} IS NOT NULL GROUP BY ALL
        """)

    def missing(self, *, recent: bool) -> Any:
        """Return missing values per source and column."""
        side = ">=" if recent else "<"
        counts = ", ".join(f"count(*) - count({name}) AS {name}" for name in _CHECKED)
        wide = self.frame(f"""
            SELECT source, count(*) AS tickets, {counts} FROM tickets
            WHERE opened_local {side} DATE '{self.recent}' GROUP BY source
        """)
        return wide.melt(id_vars=["source", "tickets"], var_name="column", value_name="missing")

    def duplicates(self) -> Any:
        """Recent tickets that equal another but for the id, where a caller or a text could tell them apart."""
        return self.frame(f"""
            WITH recent AS (SELECT * FROM tickets WHERE opened_local >= DATE '{self.recent}'),
            repeated AS (
              SELECT source, count(*) - 1 AS tickets FROM recent
              WHERE coalesce(caller, text, title) IS NOT NULL
              GROUP BY source, opened_at, category, district, street, caller, title, text, lat, lon HAVING count(*) > 1)
            SELECT source, sum(tickets)::BIGINT AS tickets,
              sum(tickets) / (SELECT count(*) FROM recent WHERE recent.source = repeated.source) AS share
            FROM repeated GROUP BY source ORDER BY source
        """)

    def delays(self) -> Any:
        """Hours from opening to first being known, of tickets old enough for all of them to be known."""
        settled = self.moment - timedelta(days=max(AGES) + 1)
        first = self.moment - timedelta(days=max(AGES) + 366)
        return self.frame(f"""
            SELECT source, date_diff('hour', opened_at, known_at) AS hours, count(*) AS tickets
            FROM {self.lake.store.scan(self.snapshot)}
            WHERE revision = 1 AND known_at <= {instant(self.moment)}
              AND opened_at >= {instant(first)} AND opened_at < {instant(settled)} GROUP BY ALL
        """)

    def quarantined(self) -> Any:
        """Rows refused in the recent window, by source and reason."""
        scan = self.lake.quarantine_store.scan()
        return self.frame(f"""
            SELECT source, "column", reason, count(*) AS rows FROM {scan}
            WHERE quarantined_at <= {instant(self.moment)} AND quarantined_at >= TIMESTAMPTZ '{self.recent} 00:00:00+00'
            GROUP BY ALL ORDER BY rows DESC, source, reason
        """)


def _states(connection: Any, lake: Lake, snapshot: int, moment: datetime) -> Any:
    """Return the last word of every source, and how much it brought in the weeks before."""
    scan = f"(SELECT * FROM {lake.store.scan(snapshot)} WHERE known_at <= {instant(moment)})"
    query = f"""
        WITH last AS (
          SELECT source, max(opened_at) AS last_opened, max(known_at) AS last_known FROM {scan} GROUP BY source)
        SELECT last.*, count(*) / {_RATE_DAYS} AS per_day FROM last JOIN {scan} AS tickets USING (source)
        WHERE revision = 1 AND opened_at > last_opened - INTERVAL {_RATE_DAYS} DAY GROUP BY ALL ORDER BY source
    """
    words = arrow(connection, query).to_pandas()
    loads = {state.source: state for state in lake.sources(moment, snapshot=snapshot)}
    words["known_through"] = pd.to_datetime([_read_through(loads.get(name)) for name in words["source"]], utc=True)
    words["ended"] = [bool(loads[name].ended) if name in loads else False for name in words["source"]]
    return words


def _tables(count: _Count, settings: Settings, config: QualityConfig) -> dict[str, Any]:
    daily = complete_days(count.daily())
    # Only sources that still speak are judged by their last days.
    speaking = daily.groupby("source")["day"].transform("max") >= pd.Timestamp(count.recent)
    judged = volume_against_expectation(daily[speaking], config=config, holidays=_holidays(count, settings))
    unseen = [
        unseen_labels(count.labels(name, recent=True), count.labels(name, recent=False), dimension=name)
        for name in ("category", "district")
    ]
    return {
        "freshness": freshness(count.states(), as_of=count.moment, config=config),
        "volume": judged,
        "unseen": pd.concat(unseen, ignore_index=True),
        "missing": missing_values(count.missing(recent=True), count.missing(recent=False), config=config),
        "duplicates": count.duplicates(),
        "delay": delay_profile(count.delays()),
        "quarantine": count.quarantined(),
    }


def _holidays(count: _Count, settings: Settings) -> Any:
    from features.calendars import calendar_for

    calendar = calendar_for(settings)(count.recent, count.today)
    return calendar.loc[calendar["is_holiday"], "date"]


def _read_through(state: Any) -> datetime | None:
    return state.known_through if state is not None else None
