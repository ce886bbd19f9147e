"""Which periods of which source are complete, as known at a moment.

A period counts only between the first and the last complete one of its source. Where a source is complete is what its
mapping says (`covers_from`, `complete_through`), else the present while its feed is alive, else how far it had been
read or its own last ticket: a feed that has gone quiet is not a quiet city.

A feed is alive while the silence of its arrivals and that of its openings are no longer than usual: the third longest
pause of its last four weeks, so that the quiet of every night or weekend says nothing, one outage in these weeks does
not excuse the next, and a feed that delivers once a night is not complete before it has delivered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd

from features.lake import SourceState
from features.lake.duck import instant, literal
from features.lake.schema import WAITED
from features.vocabulary import Frequency

SILENCE_DAYS: Final = 28
"""Days before the last arrival over which silences are compared."""

FEWEST_ARRIVALS: Final = 10
"""With fewer arrivals in these days nothing is said about silences."""


@dataclass(frozen=True)
class Seen:
    """What is visible of a source.

    Attributes:
        first_opened: Its first opening (naive local).
        last_known: The last moment anything of it became known.
        alive: Neither its arrivals nor its openings have been silent for longer than is usual.
    """

    first_opened: datetime
    last_known: datetime
    alive: bool = False


@dataclass(frozen=True)
class CompleteWindow:
    """The complete periods of a source: `first` is the start of the first, `end` the end of the last; naive local."""

    source: str
    first: datetime
    end: datetime
    ended: bool


def floor(moment: datetime, freq: Frequency) -> datetime:
    """Return the start of the period that holds a naive local moment; weeks start on Monday."""
    if freq == Frequency.HOURLY:
        return moment.replace(minute=0, second=0, microsecond=0)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday()) if freq == Frequency.WEEKLY else day


def ceil(moment: datetime, freq: Frequency) -> datetime:
    """Return the start of the first period that does not begin before a naive local moment."""
    start = floor(moment, freq)
    return start if start == moment else start + freq.length


def window(state: SourceState, seen: Seen, *, as_of: datetime, freq: Frequency) -> CompleteWindow:
    """Return the complete periods of a source as known at `as_of` (aware)."""
    zone = ZoneInfo(state.timezone)
    first_day = state.covers_from or seen.first_opened.date()
    return CompleteWindow(
        source=state.source,
        first=ceil(_midnight(first_day), freq),
        end=floor(_complete_until(state, seen, as_of, zone), freq),
        ended=state.ended,
    )


def _complete_until(state: SourceState, seen: Seen, as_of: datetime, zone: ZoneInfo) -> datetime:
    present = as_of.astimezone(zone).replace(tzinfo=None)
    if state.complete_through:
        return min(present, _midnight(state.complete_through) + timedelta(days=1))
    if seen.alive:
        return present
    read = [moment for moment in (seen.last_known, state.known_through) if moment]
    return min(present, max(read).astimezone(zone).replace(tzinfo=None))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - civil time is naive


def common_end(windows: Sequence[CompleteWindow]) -> datetime:
    """Return the end of the last period that is complete in every source that has not ended.

    A source that ended holds nobody back: after its end it is silent for good.
    """
    alive = [w.end for w in windows if not w.ended]
    if not alive:
        return max(w.end for w in windows)
    return min(alive)


@dataclass(frozen=True)
class Edges:
    """The ends of what is known of a source: its first opening (naive local), its last version and opening (us)."""

    first_opened: datetime
    last_known: int
    last_opened: int | None

    def joined(self, other: Edges) -> Edges:
        """Return the ends of both together."""
        opened = [moment for moment in (self.last_opened, other.last_opened) if moment is not None]
        return Edges(
            min(self.first_opened, other.first_opened),
            max(self.last_known, other.last_known),
            max(opened, default=None),
        )


_OF_FEED: Final = f"NOT coalesce(contains(flags, '{WAITED}'), false)"
"""A row that named a time in the future does not tell how far its feed was read when that time came."""


def _latest(moment: str) -> str:
    """Return the SQL of the latest such moment that tells how far a source was read, in microseconds."""
    return f"epoch_us(max({moment}) FILTER ({_OF_FEED}))"


def edges(connection: Any, versions: str) -> dict[str, Edges]:
    """Return the ends of every source among some versions (SQL), those without an opening left out."""
    rows = connection.execute(
        f"SELECT source, min(opened_local), coalesce({_latest('known_at')}, 0), {_latest('opened_at')} FROM {versions} "
        "GROUP BY source HAVING count(opened_local) > 0"
    ).fetchall()
    return {name: Edges(*found) for name, *found in rows}


def arrivals(connection: Any, scan: str, as_of: datetime, known: Mapping[str, Edges] | None = None) -> dict[str, Seen]:
    """Return what is known of every source's arrivals, from one plain scan of the versions unless `known` has it."""
    if known is None:
        known = edges(connection, f"(SELECT * FROM {scan} WHERE known_at <= {instant(as_of)})")
    arrived = {name: edge.last_known for name, edge in known.items()}
    opened = {name: edge.last_opened for name, edge in known.items() if edge.last_opened is not None}
    alive = _alive(connection, scan, as_of, "known_at", arrived) & _alive(connection, scan, as_of, "opened_at", opened)
    return {
        name: Seen(
            edge.first_opened,
            pd.Timestamp(edge.last_known, unit="us", tz="UTC").to_pydatetime(),
            alive=name in alive,
        )
        for name, edge in known.items()
    }


def _alive(connection: Any, scan: str, as_of: datetime, moment: str, latest: Mapping[str, int]) -> set[str]:
    """Return the sources whose silence at `as_of` is no longer than the third longest pause of their last four weeks.

    Args:
        connection: DuckDB.
        scan: The table of versions, as SQL.
        as_of: Aware moment.
        moment: `known_at` for arrivals, `opened_at` for openings: a feed that delivers once a night is silent all day,
            and the day that is not delivered yet shows as a silence of its openings.
        latest: The last such moment of each source, known by `as_of`, in microseconds.
    """
    if not latest:
        return set()
    weeks = SILENCE_DAYS * 86_400_000_000
    # Said once for all sources as well, so that whole row groups of older tickets are skipped by their statistics.
    oldest = f"{moment} > make_timestamptz({min(latest.values()) - weeks})"
    recent = " OR ".join(
        f"(source = {literal(name)} AND {moment} > make_timestamptz({us - weeks}))" for name, us in latest.items()
    )
    rows = connection.execute(f"""
        WITH recent AS (SELECT source, epoch_us({moment}) AS us FROM {scan}
          WHERE known_at <= {instant(as_of)} AND {oldest} AND ({recent}) AND {_OF_FEED}),
        pauses AS (SELECT source, us, us - lag(us) OVER (PARTITION BY source ORDER BY us) AS pause FROM recent)
        SELECT source FROM pauses GROUP BY source HAVING count(*) >= {FEWEST_ARRIVALS}
        AND epoch_us({instant(as_of)}) - max(us) <= max(pause, 3)[3]
    """).fetchall()
    return {source for (source,) in rows}
