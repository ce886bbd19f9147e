"""What a panel counts: tickets per cell and period, and the callers that called more than once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.branches import AS_FILED, Branches
from features.errors import PanelError
from features.lake.asof import as_of_query
from features.lake.duck import literal
from features.lake.precedence import Precedence, among, superseded
from features.panel.complete_periods import CompleteWindow, ceil, common_end
from features.panel.count_cache import KEYS as _KEYS
from features.panel.count_cache import OWN, caller_number, day_number
from features.panel.hierarchy import cell_table
from features.reporters import NEEDED, OwnChannels, reported
from features.vocabulary import Frequency

_CHUNK_ROWS = 8_000_000


@dataclass(frozen=True)
class PeriodGrid:
    """The periods of a panel: numbered from 0 at `origin`, `first` is the first one shown, `count` their number."""

    origin: datetime
    first: int
    count: int
    freq: Frequency

    @classmethod
    def over(cls, windows: Sequence[CompleteWindow], freq: Frequency, start: date | None) -> PeriodGrid:
        """Return the periods from the earliest window to the common end."""
        origin = min(w.first for w in windows)
        count = (common_end(windows) - origin) // freq.length
        first = 0
        if start is not None:
            shown = ceil(datetime(start.year, start.month, start.day), freq)  # noqa: DTZ001 - civil time is naive
            first = max(0, (shown - origin) // freq.length)
        if first >= count:
            raise PanelError("no complete period is known yet", hint="choose a later --as-of or an earlier start")
        return cls(origin=origin, first=first, count=count, freq=freq)

    @property
    def end(self) -> datetime:
        """End of the last period, exclusive."""
        return self.origin + self.count * self.freq.length

    def number(self, column: str) -> str:
        """Return the SQL of the period number of a naive local time."""
        unit = "hour" if self.freq == Frequency.HOURLY else "day"
        elapsed = f"date_diff('{unit}', TIMESTAMP '{self.origin}', {column})"
        return f"({elapsed} // 7)" if self.freq == Frequency.WEEKLY else elapsed


@dataclass(frozen=True)
class Tally:
    """What was counted.

    Attributes:
        cells: Of `cell_table`; its rows are the cells' numbers.
        counts: Arrays cell, period (from the first of the grid), n.
        repeats: cell, period (from the first shown), caller, n of callers with several tickets in a period, and of own
            entries, however few, under the caller `OWN`.
    """

    cells: pd.DataFrame
    counts: dict[str, np.ndarray]
    repeats: pd.DataFrame


def count(
    connection: Any,
    scan: str,
    windows: list[CompleteWindow],
    grid: PeriodGrid,
    *,
    as_of: datetime,
    precedence: Precedence,
    own: OwnChannels | None = None,
    branches: Branches = AS_FILED,
) -> Tally:
    """Count tickets in the periods shown.

    The state is worked out once, as numbers: with 51.6 million tickets the names alone would fill the memory.
    """
    first = " ".join(f"WHEN {literal(w.source)} THEN TIMESTAMP '{w.first}'" for w in windows)
    end = " ".join(f"WHEN {literal(w.source)} THEN TIMESTAMP '{min(w.end, grid.end)}'" for w in windows)
    counted = f"opened_local >= CASE source {first} END AND opened_local < CASE source {end} END"
    # The trusted source has the word where it counts: on days that it does not cover, the other one is all there is.
    again = superseded(scan, among(precedence, [w.source for w in windows]), as_of=as_of, counted=counted)
    columns = list(dict.fromkeys([*_KEYS, *NEEDED]))
    state = reported(as_of_query(scan, columns, as_of=as_of, where=counted, superseded=again), own or {})
    keys = ", ".join(_KEYS)
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE state AS
        SELECT hash({keys}) AS label_key, {caller_number()} AS caller,
        {grid.number("opened_local")}::INTEGER AS period, caller IS NULL AND NOT own AS nobody FROM ({state})""")
    groups = connection.execute(f"""
        SELECT * FROM (SELECT label_key, count(*) AS n, min(period) AS first FROM state GROUP BY label_key)
        JOIN (SELECT DISTINCT hash({keys}) AS label_key, {keys} FROM {scan}) USING (label_key)""").df()
    if groups.empty:
        raise PanelError("no ticket lies in a complete period yet", hint="choose a later --as-of")
    groups = branches.rename(groups)
    cells = cell_table(groups)
    numbered = cells[["category", "district"]].assign(cell=np.arange(len(cells), dtype=np.int32))
    connection.register("cell_of", groups.merge(numbered, on=["category", "district"])[["label_key", "cell"]])
    connection.execute(f"""CREATE OR REPLACE TEMP VIEW tickets AS SELECT cell, period, caller, nobody
        FROM state JOIN cell_of USING (label_key) WHERE period >= {grid.first}""")
    counts = connection.execute("SELECT cell, period, count(*) AS n FROM tickets GROUP BY cell, period").fetchnumpy()
    return Tally(cells, counts, _repeat_calls(connection, grid))


def counts_from_cache(
    connection: Any, windows: list[CompleteWindow], grid: PeriodGrid, branches: Branches = AS_FILED
) -> Tally:
    """Count from what is kept on the connection: numbers only, in arrays, but for the names behind the keys."""
    label_keys = branches.rename(connection.execute("SELECT * FROM kept_label_keys ORDER BY number").df())
    low, high = _days_that_count(label_keys["source"], windows, grid)
    kept = connection.execute("SELECT number, day, n FROM kept_counts").fetchnumpy()
    number, period = kept["number"], (kept["day"] - day_number(grid.origin)) // grid.freq.length.days
    inside = (kept["day"] >= low[number]) & (kept["day"] < high[number])
    number, period, n = number[inside], period[inside], kept["n"][inside]
    if not number.size:
        raise PanelError("no ticket lies in a complete period yet", hint="choose a later --as-of")
    first = np.full(len(label_keys), grid.count, dtype=period.dtype)  # of two types it would take forty times as long
    np.minimum.at(first, number, period)
    groups = label_keys.assign(n=np.bincount(number, n, len(label_keys)).astype(np.int64), first=first)
    groups = groups[groups["n"] > 0].groupby(list(_KEYS), dropna=False, as_index=False, sort=False)
    cells = cell_table(groups.agg({"n": "sum", "first": "min"}))
    cell = pd.MultiIndex.from_frame(cells[["category", "district"]]).get_indexer(
        pd.MultiIndex.from_frame(label_keys[["category", "district"]])
    )
    # What has no category or no district belongs to no cell.
    shown = (period >= grid.first) & (cell[number] >= 0)
    counts = np.bincount(cell[number[shown]] * grid.count + period[shown], n[shown], len(cells) * grid.count)
    filled = np.flatnonzero(counts)
    counted = {"cell": filled // grid.count, "period": filled % grid.count, "n": counts[filled].astype(np.int64)}
    return Tally(cells, counted, _recalled_repeats(connection, cell, low, high, grid))


def _days_that_count(
    sources: pd.Series, windows: Sequence[CompleteWindow], grid: PeriodGrid
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first day that counts for the source of each key, and the day after the last; none for no window."""
    days = {w.source: (day_number(w.first), day_number(min(w.end, grid.end))) for w in windows}
    low, high = np.array([days.get(source, (0, 0)) for source in sources], dtype=np.int64).reshape(-1, 2).T
    return low, high


def _recalled_repeats(
    connection: Any, cell: NDArray[np.intp], low: NDArray[np.int64], high: NDArray[np.int64], grid: PeriodGrid
) -> pd.DataFrame:
    repeats = connection.execute(
        f"SELECT number, period AS day, caller, n FROM kept_repeats WHERE freq = '{grid.freq}'"
    ).df()
    number, day = repeats.pop("number").to_numpy(), repeats.pop("day").to_numpy()
    period = (day - day_number(grid.origin)) // grid.freq.length.days - grid.first
    inside = (day >= low[number]) & (day < high[number]) & (period >= 0) & (cell[number] >= 0)
    return repeats.assign(cell=cell[number], period=period)[inside]


def _repeat_calls(connection: Any, grid: PeriodGrid) -> pd.DataFrame:
    """Return cell, period (from the first shown), caller and n of callers with several tickets in a period.

    Only these make distinct callers differ from tickets, on any level; there are few of them, so no level has to look
    at every caller again. The periods are taken in chunks to bound the memory of the grouping.
    """
    total = connection.execute("SELECT count(*) FROM tickets").fetchall()[0][0]
    edges = np.linspace(grid.first, grid.count, num=total // _CHUNK_ROWS + 2).astype(int)
    parts = [
        connection.execute(f"""
            WITH part AS (SELECT * FROM tickets WHERE NOT nobody AND period >= {low} AND period < {high}),
            again AS (SELECT period, caller FROM part GROUP BY period, caller HAVING count(*) > 1 OR caller = {OWN})
            SELECT cell, period - {grid.first} AS period, caller, count(*) AS n
            FROM part SEMI JOIN again USING (period, caller) GROUP BY cell, period, caller
        """).df()
        for low, high in pairwise(edges)
    ]
    return pd.concat(parts, ignore_index=True)
