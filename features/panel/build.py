"""Build the panel: complete periods, zeros filled, every level of the hierarchy, tickets and distinct callers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from features.branches import Branches
from features.errors import PanelError
from features.lake import Lake, SourceState
from features.lake.duck import duck
from features.panel.complete_periods import CompleteWindow, Seen, arrivals, window
from features.panel.count_cache import OWN, bring_cache_up
from features.panel.hierarchy import known_levels, level_codes
from features.panel.known_branches import branches_of
from features.panel.tally import PeriodGrid, Tally, count, counts_from_cache
from features.series import LEVELS
from features.vocabulary import Frequency

_KEPT = (Frequency.DAILY, Frequency.WEEKLY)


@dataclass(frozen=True)
class Panel:
    """Counts as they were known at a moment.

    Attributes:
        y: unique_id, ds (start of the period, naive local), y (tickets), callers (reports, see `features.reporters`:
            distinct callers; a ticket without one counts as one, an own entry as none). From the first sight of a
            series to the common last complete period, without gaps; ordered by level, unique_id, ds.
        static: unique_id, level, category1, category2, category, district, department.
        freq: `W` (from Monday), `D` or `h`.
        data_through: End of the last complete period (exclusive), naive local.
        as_of: What was known at this moment, aware UTC.
        snapshot: Version of the lake.
    """

    y: pd.DataFrame
    static: pd.DataFrame
    freq: Frequency
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
            since the last (see `features.panel.count_cache`); the result is the same.

    Raises:
        PanelError: Unknown frequency, level or source, or no complete period is known at `as_of`.
    """
    return build_panels(
        lake,
        as_of=as_of,
        starts={_frequency(freq): start},
        snapshot=snapshot,
        sources=sources,
        levels=levels,
        threads=threads,
        memory=memory,
        kept=kept,
    )[_frequency(freq)]


def build_panels(
    lake: Lake,
    *,
    as_of: datetime,
    starts: Mapping[Frequency, date | None],
    snapshot: int | None = None,
    sources: list[str] | None = None,
    levels: Sequence[str] | None = None,
    threads: int | None = None,
    memory: str | None = None,
    kept: Path | None = None,
    branches: Branches | None = None,
) -> dict[Frequency, Panel]:
    """Count tickets at several frequencies with one look at what arrived; see `build_panel`.

    Args:
        lake: The ticket lake.
        as_of: Aware moment.
        starts: Frequency -> the day before which periods are left out.
        snapshot: Version of the lake.
        sources: Only these.
        levels: Only these levels.
        threads: DuckDB threads.
        memory: DuckDB's memory limit.
        kept: A folder in which counts are kept between runs.
        branches: What the paths of categories are called; as the shipped labels say when None.

    Raises:
        PanelError: As `build_panel`.
    """
    _check(as_of, levels)
    version = lake.version if snapshot is None else snapshot
    named = branches_of(lake, as_of, snapshot=version) if branches is None else branches
    panels = {}
    with duck(threads=threads, memory=memory, spill=str(lake.path / "staging" / "spill")) as connection:
        scan = lake.store.scan(version)
        ends = None
        if kept and set(starts) & set(_KEPT):
            ends = bring_cache_up(kept, lake, connection, as_of=as_of, snapshot=version)
        seen = arrivals(connection, scan, as_of, ends)
        for freq, start in starts.items():
            windows = _windows(seen, _states(lake, as_of, version, sources, freq), as_of=as_of, freq=freq)
            grid = PeriodGrid.over(windows, freq, start)
            if ends is not None and freq in _KEPT:
                tally = counts_from_cache(connection, windows, grid, named)
            else:
                tally = count(
                    connection,
                    scan,
                    windows,
                    grid,
                    as_of=as_of,
                    precedence=lake.precedence,
                    own=lake.own_channels,
                    branches=named,
                )
            tables = _level_tables(tally, grid, known_levels(levels))
            panels[freq] = _panel(tables, grid, freq=freq, as_of=as_of, snapshot=version)
    return panels


def _frequency(code: str) -> Frequency:
    if code not in list(Frequency):
        raise PanelError(f"unknown frequency {code!r}", hint=f"use {', '.join(Frequency)}")
    return Frequency(code)


def _check(as_of: datetime, levels: Sequence[str] | None) -> None:
    if as_of.tzinfo is None:
        raise PanelError("as_of needs a time zone", hint="give an aware datetime")
    unknown = [level for level in levels or () if level not in LEVELS]
    if unknown:
        raise PanelError(f"unknown levels {', '.join(unknown)}", hint=f"known: {', '.join(LEVELS)}")


def _states(lake: Lake, as_of: datetime, version: int, sources: list[str] | None, freq: Frequency) -> list[SourceState]:
    states = {state.source: state for state in lake.sources(as_of, snapshot=version)}
    unknown = [name for name in sources or () if name not in states]
    if unknown:
        raise PanelError(f"no source {', '.join(unknown)} in the lake", hint=f"it has {', '.join(states) or 'none'}")
    return [
        state
        for name, state in states.items()
        if (not sources or name in sources) and not (freq == Frequency.HOURLY and state.date_only)
    ]


def _windows(
    seen: Mapping[str, Seen], states: list[SourceState], *, as_of: datetime, freq: Frequency
) -> list[CompleteWindow]:
    """Return the complete periods of every source that anything is known of."""
    windows = [window(state, seen[state.source], as_of=as_of, freq=freq) for state in states if state.source in seen]
    windows = [w for w in windows if w.first < w.end]
    if not windows:
        raise PanelError("no complete period is known yet", hint="ingest tickets, or choose a later --as-of")
    return windows


@dataclass(frozen=True)
class LevelTable:
    """Counts on one level: `y` and `callers` of shape (series, periods shown), `first` the first period of a series."""

    static: pd.DataFrame
    y: np.ndarray
    callers: np.ndarray
    first: np.ndarray


def _level_tables(tally: Tally, grid: PeriodGrid, levels: list[str]) -> list[LevelTable]:
    cells, counts = tally.cells, tally.counts
    shown = grid.count - grid.first
    by_cell = np.zeros((len(cells), shown), dtype=np.int64)
    by_cell[counts["cell"], counts["period"] - grid.first] = counts["n"]
    tables = []
    for level in levels:
        codes, static = level_codes(cells, level)
        order = np.argsort(codes, kind="stable")
        y = np.add.reduceat(by_cell[order], np.searchsorted(codes[order], np.arange(len(static))))
        first = np.full(len(static), grid.count, dtype=np.int64)
        np.minimum.at(first, codes, cells["first"].to_numpy())
        tables.append(
            LevelTable(static, y, y - _excess(tally.repeats, codes, y.shape), np.maximum(first - grid.first, 0))
        )
    return tables


def _excess(repeats: pd.DataFrame, codes: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return how many tickets of each series and period are own entries, or of a caller who counted there already."""
    excess = np.zeros(shape, dtype=np.int64)
    if len(repeats):
        calls = repeats.assign(series=codes[repeats["cell"].to_numpy()])
        calls = calls.groupby(["series", "period", "caller"], as_index=False)["n"].sum()
        once = (calls["caller"] != OWN).to_numpy()
        np.add.at(excess, (calls["series"].to_numpy(), calls["period"].to_numpy()), calls["n"].to_numpy() - once)
    return excess


def _panel(tables: list[LevelTable], grid: PeriodGrid, *, freq: Frequency, as_of: datetime, snapshot: int) -> Panel:
    static = pd.concat([table.static for table in tables], ignore_index=True)
    names = static["unique_id"].astype("str").array
    starts = np.datetime64(grid.origin, "us") + np.timedelta64(freq.length) * np.arange(grid.first, grid.count)
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
