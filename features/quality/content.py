"""What the tickets hold: labels never seen before, missing values, duplicates, and how late they arrive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from features.configuration import QualityConfig
from features.taxonomy import normal_label

AGES: Final = (0, 1, 2, 3, 7, 14, 28)
"""Days after opening at which the reported share is told."""

_QUANTILES: Final = (0.5, 0.9, 0.99)
_HOURS_PER_DAY: Final = 24


def unseen_labels(recent: Any, reference: Any, *, dimension: str) -> Any:
    """Return labels of the recent window that the reference window does not know.

    Args:
        recent: Frame `source`, `label`, `tickets`, `first_day`.
        reference: The same for the window before.
        dimension: `category` or `district`; copied into the result.

    Returns:
        Frame `source, dimension, label, tickets, first_day, looks_like`: the known label of the same source that it is
        a spelling of, or ''. Empty for a source that has no reference: there everything is new.
    """
    known = reference.groupby("source")["label"].agg(set).to_dict()
    rows = []
    for source, group in recent.groupby("source"):
        if source not in known:
            continue
        keys = {normal_label(label): label for label in sorted(known[source])}
        new = group[~group["label"].isin(known[source])]
        rows += [
            (source, dimension, one.label, int(one.tickets), one.first_day, keys.get(normal_label(one.label), ""))
            for one in new.sort_values("tickets", ascending=False).itertuples()
        ]
    return pd.DataFrame(rows, columns=["source", "dimension", "label", "tickets", "first_day", "looks_like"])


OUTCOME = ("closed_at", "status", "satisfaction")
"""Columns that are filled in when a ticket is closed."""


def missing_values(recent: Any, reference: Any, *, config: QualityConfig) -> Any:
    """Compare the share of missing values per column.

    Args:
        recent: Frame `source`, `column`, `missing`, `tickets`.
        reference: The same for the window before.
        config: How much of a rise warns.

    Returns:
        Frame `source, column, share, share_before (NaN without a reference), judgement` (`ok`, `risen`).
    """
    frame = recent.merge(reference, on=["source", "column"], how="left", suffixes=("", "_before"))
    frame["share"] = frame["missing"] / frame["tickets"]
    frame["share_before"] = frame["missing_before"] / frame["tickets_before"]
    # Recent tickets are open: what only comes with their closing is not missing yet.
    risen = (frame["share"] > frame["share_before"] + config.null_rise) & ~frame["column"].isin(OUTCOME)
    frame["judgement"] = np.where(risen, "risen", "ok")
    return frame[["source", "column", "share", "share_before", "judgement"]]


def delay_profile(delays: Any, *, ages: Sequence[int] = AGES) -> Any:
    """Tell how late tickets become known, for nowcasting the newest days.

    Args:
        delays: Frame `source`, `hours` (from opening to first being known, floored at 0), `tickets`; only tickets that
            are older than the last age, or the late ones would be missing from the shares.
        ages: Days.

    Returns:
        Frame `source, tickets, p50, p90, p99` (hours) and `within_0d`, `within_1d`, ...: the share known by the end of
        so many days (24 hours each) after opening; `within_0d` is within the first 24 hours.
    """
    rows = []
    for source, group in delays.groupby("source"):
        ordered = group.assign(hours=group["hours"].clip(lower=0)).groupby("hours")["tickets"].sum().sort_index()
        share = ordered.cumsum() / ordered.sum()
        hours, shares = share.index.to_numpy(dtype="float64"), share.to_numpy()
        quantiles = [float(hours[np.searchsorted(shares, level)]) for level in _QUANTILES]
        within = [
            float(shares[last]) if (last := np.searchsorted(hours, (age + 1) * _HOURS_PER_DAY) - 1) >= 0 else 0.0
            for age in ages
        ]
        rows.append((source, int(ordered.sum()), *quantiles, *within))
    columns = ["source", "tickets", *(f"p{100 * level:g}" for level in _QUANTILES), *(f"within_{age}d" for age in ages)]
    return pd.DataFrame(rows, columns=columns)
