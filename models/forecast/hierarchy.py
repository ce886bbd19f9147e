"""From long frames to matrices: the cells of a panel, and the sums above them.

A panel is a matrix of cells x periods. Each level above is a grouping of the cells: an integer per cell. Sums of
forecasts are always sums of cells, so every level adds up by construction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.series import DIMENSIONS, LEVELS, TOTAL, series_id
from features.vocabulary import Frequency
from models.errors import PanelContractError
from models.forecast.periods import cadence_of

CELL: Final = "cell"
_REQUIRED: Final = ("unique_id", "ds", "y")


@dataclass(frozen=True)
class HierarchyLevel:
    """One level of the hierarchy.

    Attributes:
        name: total, category, district, ... or cell.
        ids: `unique_id` of each series on the level.
        groups: Series index of each cell, shape (cells,).
    """

    name: str
    ids: tuple[str, ...]
    groups: NDArray[np.intp]

    def sum(self, cells: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum cells (first axis) to this level."""
        if len(self.ids) == len(cells) and self.name == CELL:
            return cells
        summed = np.zeros((len(self.ids), *cells.shape[1:]))
        np.add.at(summed, self.groups, cells)
        return summed


@dataclass(frozen=True)
class Hierarchy:
    """The levels over one set of cells, the total first and the cells last."""

    levels: tuple[HierarchyLevel, ...]

    @classmethod
    def of(cls, static: pd.DataFrame, cells: Sequence[str]) -> Hierarchy:
        """Build the hierarchy of `cells` from their static rows.

        Args:
            static: `unique_id` and dimensions. With a column `level` it is the frame of features/series.py (rows above
                the cells are only used to know which levels are wanted); without, every column is a level of its own.
            cells: `unique_id` of the cells, in matrix order.

        Raises:
            PanelError: A cell has no static row.
        """
        rows = static.drop_duplicates("unique_id").set_index("unique_id")
        missing = [cell for cell in cells if cell not in rows.index]
        if missing:
            raise PanelContractError(
                f"no static row for series {missing[0]!r}", hint="every unique_id of y belongs in static"
            )
        dims = rows.loc[list(cells)].drop(columns="level", errors="ignore").fillna("").astype(str)
        if "level" in static:
            uppers = _named_levels(dims, set(static["level"]))
        else:
            uppers = [_column_level(str(column), dims[column]) for column in dims.columns]
        total = HierarchyLevel(TOTAL, (TOTAL,), np.zeros(len(cells), dtype=np.intp))
        bottom = HierarchyLevel(CELL, tuple(cells), np.arange(len(cells), dtype=np.intp))
        return cls((total, *uppers, bottom))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the levels, total first."""
        return tuple(level.name for level in self.levels)

    def __getitem__(self, name: str) -> HierarchyLevel:
        """Return the level of that name."""
        return next(level for level in self.levels if level.name == name)

    def category(self) -> HierarchyLevel:
        """Return the grouping that shares a season: the leaf category, or what comes closest."""
        return self._first_of(("category", "category2", "category1"), 0)

    def district(self) -> HierarchyLevel:
        """Return the grouping that shares a local level: the district, or what comes closest."""
        return self._first_of(("district", "department"), -1)

    def _first_of(self, names: tuple[str, ...], otherwise: int) -> HierarchyLevel:
        for name in names:
            if name in self.names:
                return self[name]
        middle = [level for level in self.levels[1:-1] if level.name not in (*DIMENSIONS, CELL)]
        return middle[otherwise] if middle else self.levels[0]


def _named_levels(dims: pd.DataFrame, wanted: set[str]) -> list[HierarchyLevel]:
    names = [name for name, columns in LEVELS.items() if columns and name != CELL and set(columns) <= set(dims)]
    if wanted != {CELL}:
        names = [name for name in names if name in wanted]
    return [_level(name, dims[list(LEVELS[name])]) for name in names]


def _column_level(name: str, values: pd.Series) -> HierarchyLevel:
    groups, found = pd.factorize(values, sort=True)
    return HierarchyLevel(name, tuple(f"{name}={value}" for value in found), groups.astype(np.intp))


def _level(name: str, keys: pd.DataFrame) -> HierarchyLevel:
    groups = keys.groupby(list(keys.columns), sort=True).ngroup().to_numpy(dtype=np.intp)
    first = keys.iloc[np.unique(groups, return_index=True)[1]]
    records = first.to_dict("records")
    ids = tuple(series_id(name, row) for row in records)
    return HierarchyLevel(name, ids, groups)


@dataclass(frozen=True)
class PanelMatrix:
    """Counts of cells x periods, on one common span.

    Attributes:
        y: Shape (cells, periods), zeros filled.
        ids: `unique_id` of each cell.
        ds: Period starts, naive local time.
        freq: W or D.
    """

    y: NDArray[np.float64]
    ids: tuple[str, ...]
    ds: pd.DatetimeIndex
    freq: Frequency

    @classmethod
    def of(cls, frame: pd.DataFrame, *, freq: str) -> PanelMatrix:
        """Check a long frame and spread it; missing periods inside the span are zeros.

        Raises:
            PanelError: A column is missing, a value is negative or not a number, a key is repeated, or weeks do not
                start on one weekday.
        """
        _check(frame)
        period = cadence_of(freq).freq
        wide = frame.set_index(["unique_id", "ds"])["y"].unstack("ds")  # noqa: PD010 - pivot_table would average
        ds = pd.date_range(wide.columns.min(), wide.columns.max(), freq=period.length)
        strange = wide.columns.difference(ds)
        if len(strange):
            raise PanelContractError(
                f"{len(strange)} periods do not fit freq={period.value!r}, the first is {strange[0].date()}",
                hint="every ds is a period start; all weeks start on the same weekday",
            )
        wide = wide.reindex(columns=ds).fillna(0.0)
        return cls(wide.to_numpy(dtype=float), tuple(map(str, wide.index)), ds, period)

    def future(self, horizon: int) -> pd.DatetimeIndex:
        """Return the starts of the next periods."""
        step = self.freq.length
        return pd.date_range(self.ds[-1] + step, periods=horizon, freq=step)

    def until(self, cutoff: pd.Timestamp) -> PanelMatrix:
        """Return what was known when the period `cutoff` was complete."""
        known = int(self.ds.searchsorted(cutoff, side="right"))
        return PanelMatrix(self.y[:, :known], self.ids, self.ds[:known], self.freq)


def _check(frame: pd.DataFrame) -> None:
    missing = [column for column in _REQUIRED if column not in frame]
    if missing:
        raise PanelContractError(f"the panel has no column {missing[0]!r}", hint="a panel has unique_id, ds and y")
    if frame.empty:
        raise PanelContractError("the panel is empty")
    bad = frame[~np.isfinite(frame["y"].astype(float)) | (frame["y"] < 0)]
    if len(bad):
        raise PanelContractError(
            f"y is negative or missing in series {bad['unique_id'].iloc[0]!r} at {bad['ds'].iloc[0]}"
        )
    repeated = frame[frame.duplicated(["unique_id", "ds"])]
    if len(repeated):
        raise PanelContractError(f"series {repeated['unique_id'].iloc[0]!r} has {repeated['ds'].iloc[0]} twice")
