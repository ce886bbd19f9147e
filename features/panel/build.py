"""Build the panel: complete periods, zeros filled, every level of the hierarchy, tickets and distinct callers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.lake import Lake, SourceState
from features.lake.asof import as_of_query
from features.lake.engine import duck, instant, literal
from features.lake.precedence import Precedence, among, superseded
from features.panel.errors import PanelError
from features.panel.hierarchy import cell_table, known_levels, level_codes
from features.panel.kept import KEYS as _KEYS
from features.panel.kept import day_number, keep_counts
from features.panel.windows import (
    FEWEST_ARRIVALS,
    PERIOD,
    SILENCE_DAYS,
    Seen,
    Window,
    ceil,
    common_end,
    window,
)
from features.series import LEVELS

_UNITS = {"W": "day", "D": "day", "h": "hour"}
_CHUNK_ROWS = 8_000_000
_KEPT = ("D", "W")


@dataclass(frozen=True)
class Panel:
    """Counts as they were known at a moment.

    Attributes:
        y: unique_id, ds (start of the period, naive local), y (tickets), callers (distinct callers; a ticket without
            one counts as one). From the first sight of a series to the common last complete period, without gaps;
            ordered by level, unique_id, ds.
        static: unique_id, level, category1, category2, category, district, department.
        freq: `W` (from Monday), `D` or `h`.
        data_through: End of the last complete period (exclusive), naive local.
        as_of: What was known at this moment, aware UTC.
        snapshot: Version of the lake.
    """

    y: pd.DataFrame
    static: pd.DataFrame
    freq: str
    data_through: pd.Timestamp
    as_of: datetime
    snapshot: int


def build_panel(
    lake: Lake,
    *,
    as_of: datetime,
    freq: str,
    snapshot: int | None = None,
    sources: list[str] | None = None,
    levels: Sequence[str] | None = None,
    start: date | None = None,
    threads: int | None = None,
    memory: str | None = None,
    kept: Path | None = None,
) -> Panel:
    """Count tickets per period and series, as known at `as_of`.

    Args:
        lake: The ticket lake.
        as_of: Aware moment.
        freq: `W`, `D` or `h`. Sources that only know the day are left out of `h`.
        snapshot: Version of the lake; the newest when None.
        sources: Only these; all when None.
        levels: Only these levels of `features.series.LEVELS`; all when None.
        start: Leave out periods before this day; what was first seen before it starts there.
        threads: DuckDB threads; all cores when None.
        memory: DuckDB's memory limit, such as `4GB`.
        kept: A folder in which counts of days and weeks are kept between runs, so that a run counts only what is new
            since the last (see `features.panel.kept`); the result is the same.

    Raises:
        PanelError: Unknown frequency, level or source, or no complete period is known at `as_of`.
    """
    _check(as_of, freq, levels)
    version = lake.version if snapshot is None else snapshot
    states = _states(lake, as_of, version, sources, freq)
    with duck(threads=threads, memory=memory, spill=str(lake.path / "staging" / "spill")) as connection:
        scan = lake.store.scan(version)
        windows = _windows(connection, scan, states, as_of=as_of, freq=freq)
        grid = Grid.over(windows, freq, start)
        if kept and freq in _KEPT and keep_counts(kept, lake, connection, as_of=as_of, snapshot=version):
            tally = _recall(connection, windows, grid)
        else:
            tally = _count(connection, scan, windows, grid, as_of=as_of, precedence=lake.precedence)
        tables = _level_tables(tally, grid, known_levels(levels))
    return _panel(tables, grid, freq=freq, as_of=as_of, snapshot=version)


@dataclass(frozen=True)
class Grid:
    """The periods of a panel: numbered from 0 at `origin`, `first` is the first one shown, `count` their number."""

    origin: datetime
    first: int
    count: int
    freq: str

    @classmethod
    def over(cls, windows: Sequence[Window], freq: str, start: date | None) -> Grid:
        """Return the periods from the earliest window to the common end."""
        origin = min(w.first for w in windows)
        count = (common_end(windows) - origin) // PERIOD[freq]
        first = 0
        if start is not None:
            shown = ceil(datetime(start.year, start.month, start.day), freq)  # noqa: DTZ001 - civil time is naive
            first = max(0, (shown - origin) // PERIOD[freq])
        if first >= count:
            raise PanelError("no complete period is known yet", hint="choose a later --as-of or an earlier start")
        return cls(origin=origin, first=first, count=count, freq=freq)

    @property
    def end(self) -> datetime:
        """End of the last period, exclusive."""
        return self.origin + self.count * PERIOD[self.freq]

    def number(self, column: str) -> str:
        """Return the SQL of the period number of a naive local time."""
        elapsed = f"date_diff('{_UNITS[self.freq]}', TIMESTAMP '{self.origin}', {column})"
        return f"({elapsed} // 7)" if self.freq == "W" else elapsed


def _check(as_of: datetime, freq: str, levels: Sequence[str] | None) -> None:
    if freq not in PERIOD:
        raise PanelError(f"unknown frequency {freq!r}", hint="use W, D or h")
    if as_of.tzinfo is None:
        raise PanelError("as_of needs a time zone", hint="give an aware datetime")
    unknown = [level for level in levels or () if level not in LEVELS]
    if unknown:
        raise PanelError(f"unknown levels {', '.join(unknown)}", hint=f"known: {', '.join(LEVELS)}")


def _states(lake: Lake, as_of: datetime, version: int, sources: list[str] | None, freq: str) -> list[SourceState]:
    states = {state.source: state for state in lake.sources(as_of, snapshot=version)}
    unknown = [name for name in sources or () if name not in states]
    if unknown:
        raise PanelError(f"no source {', '.join(unknown)} in the lake", hint=f"it has {', '.join(states) or 'none'}")
    return [
        state
        for name, state in states.items()
        if (not sources or name in sources) and not (freq == "h" and state.date_only)
    ]


def _windows(connection: Any, scan: str, states: list[SourceState], *, as_of: datetime, freq: str) -> list[Window]:
    """Return the complete periods of every source that anything is known of, from one plain scan of the versions."""
    rows = connection.execute(
        f"SELECT source, min(opened_local), epoch_us(max(known_at)), epoch_us(max(opened_at)) FROM {scan} "
        f"WHERE known_at <= {instant(as_of)} GROUP BY source"
    ).fetchall()
    arrived = {name: known for name, _, known, _ in rows}
    opened = {name: latest for name, _, _, latest in rows if latest is not None}
    alive = _alive(connection, scan, as_of, "known_at", arrived) & _alive(connection, scan, as_of, "opened_at", opened)
    seen = {
        name: Seen(first, pd.Timestamp(known, unit="us", tz="UTC").to_pydatetime(), alive=name in alive)
        for name, first, known, _ in rows
    }
    windows = [window(state, seen[state.source], as_of=as_of, freq=freq) for state in states if state.source in seen]
    windows = [w for w in windows if w.first < w.end]
    if not windows:
        raise PanelError("no complete period is known yet", hint="ingest tickets, or choose a later --as-of")
    return windows


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
          WHERE known_at <= {instant(as_of)} AND {oldest} AND ({recent})),
        pauses AS (SELECT source, us, us - lag(us) OVER (PARTITION BY source ORDER BY us) AS pause FROM recent)
        SELECT source FROM pauses GROUP BY source HAVING count(*) >= {FEWEST_ARRIVALS}
        AND epoch_us({instant(as_of)}) - max(us) <= max(pause, 3)[3]
    """).fetchall()
    return {source for (source,) in rows}


@dataclass(frozen=True)
class Tally:
    """What was counted.

    Attributes:
        cells: Of `cell_table`; its rows are the cells' numbers.
        counts: Arrays cell, period (from the first of the grid), n.
        repeats: cell, period (from the first shown), caller, n of callers with several tickets in a period.
    """

    cells: pd.DataFrame
    counts: dict[str, np.ndarray]
    repeats: pd.DataFrame


def _count(
    connection: Any, scan: str, windows: list[Window], grid: Grid, *, as_of: datetime, precedence: Precedence
) -> Tally:
    """Count tickets in the periods shown.

    The state is worked out once, as numbers: with 51.6 million tickets the names alone would fill the memory.
    """
    first = " ".join(f"WHEN {literal(w.source)} THEN TIMESTAMP '{w.first}'" for w in windows)
    end = " ".join(f"WHEN {literal(w.source)} THEN TIMESTAMP '{min(w.end, grid.end)}'" for w in windows)
    counted = f"opened_local >= CASE source {first} END AND opened_local < CASE source {end} END"
    # The trusted source has the word where it counts: on days that it does not cover, the other one is all there is.
    again = superseded(scan, among(precedence, [w.source for w in windows]), as_of=as_of, counted=counted)
    state = as_of_query(scan, ["opened_local", *_KEYS, "caller"], as_of=as_of, where=counted, superseded=again)
    keys = ", ".join(_KEYS)
    connection.execute(f"""CREATE TEMP TABLE state AS SELECT hash({keys}) AS matter, hash(caller) AS caller,
        {grid.number("opened_local")}::INTEGER AS period, caller IS NULL AS nobody FROM ({state})""")
    groups = connection.execute(f"""
        SELECT * FROM (SELECT matter, count(*) AS n, min(period) AS first FROM state GROUP BY matter)
        JOIN (SELECT DISTINCT hash({keys}) AS matter, {keys} FROM {scan}) USING (matter)""").df()
    if groups.empty:
        raise PanelError("no ticket lies in a complete period yet", hint="choose a later --as-of")
    cells = cell_table(groups)
    numbered = cells[["category", "district"]].assign(cell=np.arange(len(cells), dtype=np.int32))
    connection.register("cell_of", groups.merge(numbered, on=["category", "district"])[["matter", "cell"]])
    connection.execute(f"""CREATE TEMP VIEW tickets AS SELECT cell, period, caller, nobody
        FROM state JOIN cell_of USING (matter) WHERE period >= {grid.first}""")
    counts = connection.execute("SELECT cell, period, count(*) AS n FROM tickets GROUP BY cell, period").fetchnumpy()
    return Tally(cells, counts, _repeat_calls(connection, grid))


def _recall(connection: Any, windows: list[Window], grid: Grid) -> Tally:
    """Count from what is kept on the connection."""
    spans = " OR ".join(
        f"(source = {literal(w.source)} AND day >= {day_number(w.first)} AND day < {day_number(min(w.end, grid.end))})"
        for w in windows
    )
    keys = ", ".join(_KEYS)
    period = f"((day - {day_number(grid.origin)}) // {PERIOD[grid.freq].days})"
    groups = connection.execute(f"""SELECT {keys}, sum(n)::BIGINT AS n, min({period}) AS first
        FROM kept_counts WHERE {spans} GROUP BY {keys}""").df()
    if groups.empty:
        raise PanelError("no ticket lies in a complete period yet", hint="choose a later --as-of")
    cells = cell_table(groups)
    connection.register("cell_of", cells[["category", "district"]].assign(cell=np.arange(len(cells), dtype=np.int32)))
    shown = f"({spans}) AND {period} >= {grid.first}"
    counts = connection.execute(f"""SELECT cell, {period} AS period, sum(n)::BIGINT AS n
        FROM kept_counts JOIN cell_of USING (category, district) WHERE {shown} GROUP BY ALL""").fetchnumpy()
    repeats = connection.execute(f"""SELECT cell, {period} - {grid.first} AS period, caller, sum(n)::BIGINT AS n
        FROM (SELECT * RENAME (period AS day) FROM kept_repeats WHERE freq = '{grid.freq}')
        JOIN cell_of USING (category, district) WHERE {shown} GROUP BY ALL""").df()
    return Tally(cells, counts, repeats)


@dataclass(frozen=True)
class LevelTable:
    """Counts on one level: `y` and `callers` of shape (series, periods shown), `first` the first period of a series."""

    static: pd.DataFrame
    y: np.ndarray
    callers: np.ndarray
    first: np.ndarray


def _level_tables(tally: Tally, grid: Grid, levels: list[str]) -> list[LevelTable]:
    cells, counts = tally.cells, tally.counts
    shown = grid.count - grid.first
    by_cell = np.zeros((len(cells), shown), dtype=np.int64)
    by_cell[counts["cell"], counts["period"] - grid.first] = counts["n"]
    tables = []
    for level in levels:
        codes, static = level_codes(cells, level)
        y = np.zeros((len(static), shown), dtype=np.int64)
        np.add.at(y, codes, by_cell)
        first = np.full(len(static), grid.count, dtype=np.int64)
        np.minimum.at(first, codes, cells["first"].to_numpy())
        tables.append(
            LevelTable(static, y, y - _excess(tally.repeats, codes, y.shape), np.maximum(first - grid.first, 0))
        )
    return tables


def _repeat_calls(connection: Any, grid: Grid) -> pd.DataFrame:
    """Return cell, period (from the first shown), caller and n of callers with several tickets in a period.

    Only these make distinct callers differ from tickets, on any level; there are few of them, so no level has to look
    at every caller again. The periods are taken in chunks to bound the memory of the grouping.
    """
    total = connection.execute("SELECT count(*) FROM tickets").fetchall()[0][0]
    edges = np.linspace(grid.first, grid.count, num=total // _CHUNK_ROWS + 2).astype(int)
    parts = [
        connection.execute(f"""
            WITH part AS (SELECT * FROM tickets WHERE NOT nobody AND period >= {low} AND period < {high}),
            again AS (SELECT period, caller FROM part GROUP BY period, caller HAVING count(*) > 1)
            SELECT cell, period - {grid.first} AS period, caller, count(*) AS n
            FROM part SEMI JOIN again USING (period, caller) GROUP BY cell, period, caller
        """).df()
        for low, high in pairwise(edges)
    ]
    return pd.concat(parts, ignore_index=True)


def _excess(repeats: pd.DataFrame, codes: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return how many tickets of each series and period came from a caller already counted there."""
    excess = np.zeros(shape, dtype=np.int64)
    if len(repeats):
        calls = repeats.assign(series=codes[repeats["cell"].to_numpy()])
        calls = calls.groupby(["series", "period", "caller"], as_index=False)["n"].sum()
        np.add.at(excess, (calls["series"].to_numpy(), calls["period"].to_numpy()), calls["n"].to_numpy() - 1)
    return excess


def _panel(tables: list[LevelTable], grid: Grid, *, freq: str, as_of: datetime, snapshot: int) -> Panel:
    static = pd.concat([table.static for table in tables], ignore_index=True)
    names = static["unique_id"].astype("str").array
    starts = np.datetime64(grid.origin, "us") + np.timedelta64(PERIOD[freq]) * np.arange(grid.first, grid.count)
    series, periods, y, callers = [], [], [], []
    offset = 0
    for table in tables:
        code, period = np.nonzero(np.arange(table.y.shape[1]) >= table.first[:, None])
        series.append(code + offset)
        periods.append(period)
        y.append(table.y[code, period])
        callers.append(table.callers[code, period])
        offset += len(table.static)
    frame = pd.DataFrame(
        {
            "unique_id": names.take(np.concatenate(series)),
            "ds": starts[np.concatenate(periods)],
            "y": np.concatenate(y),
            "callers": np.concatenate(callers),
        }
    )
    return Panel(y=frame, static=static, freq=freq, data_through=pd.Timestamp(grid.end), as_of=as_of, snapshot=snapshot)
