"""From a long frame to a dense matrix, one row per series and one column per period, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.vocabulary import Frequency
from models.errors import PanelContractError

Floats = NDArray[np.float64]

_EPOCH: Final = pd.Timestamp("1970-01-01")


@dataclass(frozen=True)
class SeriesGrid:
    """Counts of S series in T consecutive periods.

    Attributes:
        ids: `unique_id` of each row, sorted, S.
        ds: Period starts (naive local), T.
        y: Tested counts (distinct callers where the panel has them), S x T.
        tickets: Counts of the column `y`, S x T; the same array as `y` where there are no callers.
        freq: `W`, `D` or `h`.
    """

    ids: NDArray[Any]
    ds: pd.DatetimeIndex
    y: Floats
    tickets: Floats
    freq: Frequency

    @property
    def ordinal(self) -> int:
        """Number of the first period since 1970, so that refits fall on fixed calendar positions."""
        return int((self.ds[0] - _EPOCH) // self.freq.length)

    def position(self, moment: pd.Timestamp) -> int:
        """Return the column of the first period that starts at `moment` or later."""
        return int(self.ds.searchsorted(moment))


def to_grid(frame: pd.DataFrame, freq: str, end: pd.Timestamp | None = None) -> SeriesGrid:
    """Spread a long frame `unique_id, ds, y [, callers]` over a grid; missing periods are zeros.

    Args:
        frame: The panel; its last `ds` is the common, complete end.
        freq: `W`, `D` or `h`.
        end: Periods after it are dropped.

    Raises:
        PanelError: A column is missing, the frame is empty, or a value, a period or a pair of keys is wrong.
    """
    if freq not in list(Frequency):
        raise PanelContractError(f"unknown frequency {freq!r}", hint=f"use {', '.join(Frequency)}")
    freq = Frequency(freq)
    missing = {"unique_id", "ds", "y"} - set(frame.columns)
    if missing:
        raise PanelContractError(
            f"the panel has no column {', '.join(sorted(missing))}", hint="it needs unique_id, ds and y"
        )
    if end is not None:
        frame = frame[frame["ds"] <= end]
    if frame.empty:
        raise PanelContractError("the panel has no rows", hint="check the file, and the range of dates asked for")
    codes, ids = pd.factorize(frame["unique_id"], sort=True)
    ds = pd.to_datetime(frame["ds"])
    first = ds.min()
    offset = (ds - first).to_numpy()
    step = np.timedelta64(freq.length)
    column = (offset // step).astype(np.int64)
    _check(frame, codes, column, offset % step, freq)
    index = pd.date_range(first, periods=int(column.max()) + 1, freq=freq.length)
    shape = (len(ids), len(index))
    tickets = _spread(frame["y"], codes, column, shape)
    y = _spread(frame["callers"], codes, column, shape) if "callers" in frame.columns else tickets
    return SeriesGrid(np.asarray(ids, dtype=object), index, y, tickets, freq)


def _spread(values: pd.Series, row: NDArray[Any], column: NDArray[Any], shape: tuple[int, int]) -> Floats:
    grid = np.zeros(shape)
    grid[row, column] = values.to_numpy(dtype=float, na_value=0.0)
    return grid


def _check(frame: pd.DataFrame, row: NDArray[Any], column: NDArray[Any], rest: NDArray[Any], freq: Frequency) -> None:
    if (astray := rest != np.timedelta64(0)).any():
        at = frame.iloc[int(astray.argmax())]
        raise PanelContractError(
            f"series {at['unique_id']!r}: {at['ds']} is not on the panel's {freq} grid",
            hint="ds is the start of the period; every series uses the same starts",
        )
    values = frame["y"].to_numpy(dtype=float, na_value=np.nan)
    if (wrong := ~(np.isfinite(values) & (values >= 0))).any():
        at = frame.iloc[int(wrong.argmax())]
        raise PanelContractError(
            f"series {at['unique_id']!r} at {at['ds']}: y is {at['y']}", hint="counts are 0 or more"
        )
    key = row.astype(np.int64) * (int(column.max()) + 1) + column
    if np.bincount(key).max() > 1:
        at = frame.iloc[int(pd.Series(key).duplicated().to_numpy().argmax())]
        raise PanelContractError(
            f"series {at['unique_id']!r} has {at['ds']} twice", hint="one row per series and period"
        )
