"""One ticket in two sources: whose word counts, and what their clocks have to do with each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pandas as pd

from features.taxonomy.errors import TaxonomyError


def prefer_source(
    tickets: Any,
    precedence: Sequence[str],
    *,
    offsets: Mapping[str, timedelta | str] | None = None,
    times: Sequence[str] = ("opened_at", "closed_at", "known_at"),
) -> Any:
    """Keep each ticket once: the row of the source that comes first in `precedence`.

    Args:
        tickets: Frame with `source`, `ticket_id` and time columns; several rows per source and id (history) are kept.
        precedence: Sources that describe the same tickets, the most trusted first. Other sources are left alone.
        offsets: Per source, what its clock is wrong by: a timedelta that is added to its times, or the IANA zone whose
            local time the source wrote as if it were UTC (then the offset follows summer time).
        times: Time columns that are corrected, where the frame has them.

    Raises:
        TaxonomyError: Columns are missing, or `precedence` names a source twice.
    """
    missing = [name for name in ("source", "ticket_id") if name not in tickets.columns]
    if missing:
        raise TaxonomyError(f"tickets have no column {missing}", hint="give source and ticket_id")
    if len(set(precedence)) != len(precedence):
        raise TaxonomyError(f"precedence names a source twice: {list(precedence)}", hint="name every source once")
    corrected = tickets.copy()
    for source, offset in (offsets or {}).items():
        ours = corrected["source"] == source
        for name in (column for column in times if column in corrected.columns):
            corrected.loc[ours, name] = _shifted(corrected.loc[ours, name], offset)
    rank = corrected["source"].map({source: place for place, source in enumerate(precedence)})
    best = rank.groupby(corrected["ticket_id"]).transform("min")
    return corrected[rank.isna() | (rank == best)].reset_index(drop=True)


def clock_differences(tickets: Any, first: str, second: str, *, column: str = "opened_at") -> Any:
    """Count how much later `second` dates the tickets it shares with `first`.

    Args:
        tickets: Frame with `source`, `ticket_id` and `column`.
        first: Source.
        second: Source.
        column: The time to compare; the earliest per source and ticket.

    Returns:
        Frame `difference` (timedelta), `tickets`, most frequent first; empty where no ticket is shared. Two differences
        an hour apart, changing in spring and autumn, say that one source writes local time and the other UTC.
    """
    pair = tickets[tickets["source"].isin([first, second])]
    if pair["source"].nunique() < 2:  # noqa: PLR2004 - two sources or nothing to compare
        return pd.DataFrame({"difference": pd.Series(dtype="timedelta64[us]"), "tickets": pd.Series(dtype="int64")})
    shared = pair.pivot_table(index="ticket_id", columns="source", values=column, aggfunc="min").dropna()
    counts = (shared[second] - shared[first]).value_counts()
    return pd.DataFrame({"difference": counts.index, "tickets": counts.to_numpy()})


def _shifted(values: Any, offset: timedelta | str) -> Any:
    if isinstance(offset, timedelta):
        return values + offset
    aware = getattr(values.dtype, "tz", None) is not None
    civil = values.dt.tz_localize(None) if aware else values
    true = civil.dt.tz_localize(offset, ambiguous=True, nonexistent="shift_forward").dt.tz_convert("UTC")
    return true if aware else true.dt.tz_localize(None)
