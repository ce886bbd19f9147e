"""Which injected bursts the alerts held, and how long after the fifth caller."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from features.vocabulary import Kind

BURST_COLUMNS: Final = (
    "incident",
    "category",
    "district",
    "tickets",
    "callers",
    "fifth",
    "last",
    "raised",
    "delay_hours",
)
_BURST: Final = Kind.SHARED
_FOUND: Final = 3
_CALLERS: Final = 5
_SIZES: Final = ((5, 9), (10, 19), (20, None))
"""Bursts by distinct callers, for `power_by_callers`."""


def burst_power(
    truth: pd.DataFrame, arrivals: pd.DataFrame, held: pd.DataFrame, *, start: Any, end: Any
) -> pd.DataFrame:
    """Return one row per injected burst whose fifth distinct caller's ticket arrived within the replayed span.

    A burst is raised when an alert holds three of its tickets.

    Args:
        truth: `incident, kind, category, district, ids` (ticket ids): the simulator's truth; only 多人同诉 is a burst.
        arrivals: `ticket_id, ticket ("source/ticket_id"), opened_local, arrived, caller` of the lake; `arrived` is when
            the hotline first knew of the ticket, naive local.
        held: Tickets by alert, of `fold_alerts`.
        start: First moment replayed, naive local.
        end: Last moment replayed, naive local.

    Returns:
        `BURST_COLUMNS`: `raised` is NaT for bursts that were missed; `delay_hours` counts from the fifth caller and may
        be negative.
    """
    bursts, tickets = truth[truth["kind"] == _BURST], _tickets_of(truth, arrivals)
    first_calls = tickets.drop_duplicates(["incident", "caller"])
    rank = first_calls.groupby("incident").cumcount() + 1
    fifth = first_calls[rank == _CALLERS].set_index("incident")["arrived"]
    grouped = tickets.groupby("incident")
    raised = _found(tickets, held).groupby("incident")["since"].min()
    table = bursts.set_index("incident")[["category", "district"]].assign(
        tickets=grouped.size(),
        callers=first_calls.groupby("incident").size(),
        fifth=fifth,
        last=grouped["opened_local"].max(),
    )
    table = table.assign(raised=raised.reindex(table.index))
    inside = table[(table["fifth"] >= start) & (table["fifth"] <= end)]
    delay = (inside["raised"] - inside["fifth"]) / pd.Timedelta(hours=1)
    return inside.assign(delay_hours=delay).reset_index()[list(BURST_COLUMNS)]


def alerts_on_bursts(truth: pd.DataFrame, arrivals: pd.DataFrame, held: pd.DataFrame) -> set[int]:
    """Return the alerts that hold three tickets of one burst."""
    return set(_found(_tickets_of(truth, arrivals), held)["alert"])


def _tickets_of(truth: pd.DataFrame, arrivals: pd.DataFrame) -> pd.DataFrame:
    """Return the tickets of the bursts in the order in which they arrived."""
    tickets = (
        truth.loc[truth["kind"] == _BURST, ["incident", "ids"]].explode("ids").rename(columns={"ids": "ticket_id"})
    )
    return tickets.astype({"ticket_id": "str"}).merge(arrivals, on="ticket_id").sort_values("arrived")


def _found(tickets: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """Return `incident, alert, since`: when an alert came to hold enough tickets of a burst."""
    known = held.merge(tickets[["incident", "ticket"]], on="ticket").sort_values("since", kind="stable")
    return known[known.groupby(["incident", "alert"]).cumcount() == _FOUND - 1]


def power_by_callers(bursts: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the power on small, middling and large bursts, as `summarise_power` tells it."""
    return [{"callers": name, **summarise_power(rows)} for name, rows in _by_size(bursts)]


def _by_size(bursts: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for least, most in _SIZES:
        inside = (bursts["callers"] >= least) & (bursts["callers"] <= (most or np.inf))
        yield f"{least}-{most}" if most else f"{least} or more", bursts[inside]


def summarise_power(bursts: pd.DataFrame) -> dict[str, Any]:
    """Return how many bursts were raised at all, within an hour and a day, and with how much still to come.

    The standard error is that of the share raised; medians are those of the raised ones.
    """
    raised = bursts.dropna(subset=["raised"])
    ahead = (raised["last"] - raised["raised"]) / pd.Timedelta(hours=1)
    share = _share(bursts["raised"].notna())
    return {
        "bursts": len(bursts),
        "raised": share,
        "standard error": None if share is None else float(np.sqrt(share * (1 - share) / len(bursts))),
        "within 1 hour of the fifth caller": _share(bursts["delay_hours"] <= 1),
        "within 24 hours of the fifth caller": _share(bursts["delay_hours"] <= 24),  # noqa: PLR2004
        "median delay, hours": None if raised.empty else float(raised["delay_hours"].median()),
        "median lead before the last ticket, hours": None if raised.empty else float(ahead.median()),
    }


def _share(values: pd.Series) -> float | None:
    return None if values.empty else float(values.mean())
