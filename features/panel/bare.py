"""A bare panel of counts, from a file or a frame: one check for everybody who reads one, and what was done to it.

A panel is a long frame `unique_id, ds, y`; every other column describes its series.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from features.errors import PanelContractError
from features.vocabulary import Frequency, Missing

KEYS: Final = ("unique_id", "ds", "y")
_HINTS: Final = {
    "unique_id": "every row names its series",
    "ds": "ds is the start of a period, e.g. 2026-11-23",
    "y": "y is a count: 0 or more, no blanks; leave a row out where nothing happened",
    "callers": "callers is a count: 0 or more, no blanks",
}
_FAR: Final = {Frequency.WEEKLY: 52, Frequency.DAILY: 180, Frequency.HOURLY: 24 * 60}
"""Periods without a row in any series after which the few rows beyond are taken for a mistake."""
_FEW: Final = 0.1
"""Share of the rows that are few."""
_SILENT: Final = {Frequency.WEEKLY: 4, Frequency.DAILY: 14, Frequency.HOURLY: 48}
"""Periods at the end of the panel without a row after which a series is called silent."""
_WEEKDAYS: Final = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


@dataclass(frozen=True)
class BarePanel:
    """A checked panel.

    Attributes:
        frame: `unique_id` as text, `ds` naive timestamps, `y` numbers; further columns as given.
        freq: How long its periods are.
        notes: What was done to it or found in it, for the person who asked, by name: `filled` (rows counted as zero),
            `silent` (series -> last period), `dropped` (series left out).
    """

    frame: pd.DataFrame
    freq: Frequency
    notes: Mapping[str, object]

    def said(self) -> list[str]:
        """Return the notes as sentences for the command line."""
        lines = []
        if filled := self.notes["filled"]:
            lines.append(f"{filled:,} periods without a row count as zero (--missing zero)")
        silent = self.notes["silent"]
        assert isinstance(silent, Mapping)
        for name, last in list(silent.items())[:_LISTED]:
            lines.append(f"series {name!r} has been silent since {last}")
        if len(silent) > _LISTED:
            lines.append(f"{_LISTED} of {len(silent)} silent series shown; --json has all")
        dropped = self.notes["dropped"]
        assert isinstance(dropped, list)
        if dropped:
            lines.append(f"{len(dropped)} series with missing periods left out (--missing drop), first {dropped[0]!r}")
        return lines


_LISTED: Final = 5


def frequency_named(name: str) -> Frequency:
    """Return a frequency by its code; pandas' names of weeks (`W-MON`) are weeks.

    Raises:
        PanelContractError: It is none of ours.

    >>> frequency_named("W-MON"), frequency_named("H")
    (<Frequency.WEEKLY: 'W'>, <Frequency.HOURLY: 'h'>)
    """
    code, _, day = name.partition("-")
    code = "h" if code == "H" else code
    if code in list(Frequency) and (not day or (code == Frequency.WEEKLY and day.upper() in _WEEKDAYS)):
        return Frequency(code)
    raise PanelContractError(f"unknown frequency {name!r}", hint=f"use {', '.join(Frequency)}, or W-MON for weeks")


def typed(panel: pd.DataFrame) -> pd.DataFrame:
    """Return a panel with its key columns in their types.

    Raises:
        PanelContractError: A column is missing, or a value is none; says the row.
    """
    missing = [column for column in KEYS if column not in panel]
    if missing:
        raise PanelContractError(f"the panel has no column {missing[0]!r}", hint="a panel has unique_id, ds and y")
    nameless = panel["unique_id"].isna() | (panel["unique_id"].astype(str).str.strip() == "")
    ds = pd.to_datetime(panel["ds"], errors="coerce")
    if isinstance(ds.dtype, pd.DatetimeTZDtype):
        raise PanelContractError("ds has a time zone", hint="ds is naive local time of the hotline")
    read = {"unique_id": panel["unique_id"].astype(str).mask(nameless), "ds": ds}
    for column in ("y", "callers"):
        if column in panel:
            numbers = pd.to_numeric(panel[column], errors="coerce").astype(float)
            read[column] = numbers.where(np.isfinite(numbers) & (numbers >= 0))
    for column, values in read.items():
        if values.isna().any():
            place = int(values.isna().to_numpy().argmax())
            value = panel[column].iloc[place]
            said = value.item() if isinstance(value, np.generic) else value
            raise PanelContractError(f"row {place + 1} of the panel: {column} is {said!r}", hint=_HINTS[column])
    return panel.assign(**read)


def checked(panel: pd.DataFrame, *, freq: str, missing: Missing = Missing.ZERO, far_dates: bool = False) -> BarePanel:
    """Check a panel and say what was found.

    Args:
        panel: `unique_id, ds, y` and columns that describe the series.
        freq: W (also W-MON, ...), D or h.
        missing: What becomes of periods without a row.
        far_dates: Whether a few rows far from all others are meant.

    Raises:
        PanelContractError: A column or value is wrong, dates stand far from the rest, or periods are missing
            where that is an error.
    """
    frame, period = typed(panel), frequency_named(freq)
    if not far_dates:
        _near(frame, period)
    gaps = _missing(frame, period)
    lacking = gaps[gaps > 0]
    if len(lacking) and missing is Missing.ERROR:
        raise PanelContractError(
            f"series {lacking.index[0]!r} has no row for {int(lacking.iloc[0])} of its periods",
            hint="--missing zero counts them as zero, --missing drop leaves such series out",
        )
    dropped: list[str] = []
    if missing is Missing.DROP:
        dropped = sorted(map(str, lacking.index))
        frame = frame[~frame["unique_id"].isin(dropped)]
        if frame.empty:
            raise PanelContractError("every series has missing periods", hint="--missing zero counts them as zero")
    last = frame.groupby("unique_id")["ds"].max()
    until = frame["ds"].max() - _SILENT[period] * period.length
    silent = {str(name): f"{day:%Y-%m-%d}" for name, day in last[last < until].items()}
    filled = 0 if missing is Missing.DROP else int(lacking.sum())
    return BarePanel(frame, period, {"filled": filled, "silent": silent, "dropped": dropped})


def _near(frame: pd.DataFrame, period: Frequency) -> None:
    """Refuse a panel in which a few rows stand far from all others.

    Raises:
        PanelContractError: They do; says which dates.
    """
    counts = frame.groupby("ds").size().sort_index()
    days = counts.index.to_series()
    wide = (days.diff() > _FAR[period] * period.length).to_numpy()
    for at in np.nonzero(wide)[0]:
        before, after = int(counts.iloc[:at].sum()), int(counts.iloc[at:].sum())
        few, first, rest = (
            (after, days.iloc[at], days.iloc[at - 1]) if after <= before else (before, days.iloc[at - 1], days.iloc[at])
        )
        if few <= _FEW * len(frame):
            raise PanelContractError(
                f"{few} of {len(frame)} rows stand at {first:%Y-%m-%d} or beyond, far from the rest ({rest:%Y-%m-%d})",
                hint="mend the year, or say that they are meant: --far-dates",
            )


def _missing(frame: pd.DataFrame, period: Frequency) -> pd.Series:
    """Return by series how many periods of the panel, from the series' first row on, have no row."""
    of = frame.groupby("unique_id")["ds"].agg(["min", "nunique"])
    spans = (frame["ds"].max() - of["min"]) / pd.Timedelta(period.length) + 1
    return (spans.round() - of["nunique"]).clip(lower=0).astype(int)
