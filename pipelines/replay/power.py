"""Which injected bursts the alerts held, and how long after the fifth caller."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

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
_FOUND: Final = 3
_CALLERS: Final = 5


def burst_power(
    truth: pd.DataFrame, arrivals: pd.DataFrame, alerts: pd.DataFrame, held: pd.DataFrame, *, start: Any, end: Any
) -> pd.DataFrame:
    """Return one row per injected burst whose fifth distinct caller's ticket arrived within the replayed span.

    A burst is raised when an alert holds three of its tickets.

    Args:
        truth: `incident, kind, category, district, ids` (ticket ids): the simulator's truth; only 多人同诉 is a burst.
        arrivals: `ticket_id, ticket ("source/ticket_id"), opened_local, arrived, caller` of the lake; `arrived` is when
            the hotline first knew of the ticket, naive local.
        alerts: Of `fold_alerts`.
        held: Tickets by alert, of `fold_alerts`.
        start: First moment replayed, naive local.
        end: Last moment replayed, naive local.

    Returns:
        `BURST_COLUMNS`: `raised` is NaT for bursts that were missed; `delay_hours` counts from the fifth caller and may
        be negative.
    """
    bursts = truth[truth["kind"] == "多人同诉"]
    tickets = bursts[["incident", "ids"]].explode("ids").rename(columns={"ids": "ticket_id"})
    tickets = tickets.astype({"ticket_id": "str"}).merge(arrivals, on="ticket_id").sort_values("arrived")
    first_calls = tickets.drop_duplicates(["incident", "caller"])
    rank = first_calls.groupby("incident").cumcount() + 1
    fifth = first_calls[rank == _CALLERS].set_index("incident")["arrived"]
    grouped = tickets.groupby("incident")
    known = held.merge(tickets[["incident", "ticket"]], on="ticket").merge(alerts[["alert"]], on="alert")
    ordered = known.sort_values("since", kind="stable")
    third = ordered[ordered.groupby(["incident", "alert"]).cumcount() == _FOUND - 1]
    raised = third.groupby("incident")["since"].min()
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


def summarise_power(bursts: pd.DataFrame) -> dict[str, Any]:
    """Return how many bursts were raised at all, within an hour and a day, and with how much still to come."""
    raised = bursts.dropna(subset=["raised"])
    ahead = (raised["last"] - raised["raised"]) / pd.Timedelta(hours=1)
    return {
        "bursts": len(bursts),
        "raised": _share(bursts["raised"].notna()),
        "within 1 hour of the fifth caller": _share(bursts["delay_hours"] <= 1),
        "within 24 hours of the fifth caller": _share(bursts["delay_hours"] <= 24),  # noqa: PLR2004
        "median delay, hours": None if raised.empty else float(raised["delay_hours"].median()),
        "median lead before the last ticket, hours": None if raised.empty else float(ahead.median()),
    }


def _share(values: pd.Series) -> float | None:
    return None if values.empty else float(values.mean())
