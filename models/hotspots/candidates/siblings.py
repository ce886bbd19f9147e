"""Events of one run that have one cause are told together: the gravest leads, the others are named beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import combinations
from typing import Any, Final

import pandas as pd

from features.same_cause import Matter, arrival
from features.series import UNCLASSIFIED
from features.vocabulary import Kind
from models.hotspots.candidates.overlap import connected
from models.hotspots.candidates.signals import Signal

Event = list[Signal]
"""Signals about the same tickets, the leading one first."""

_COUNTED: Final = frozenset({Kind.SURGE, Kind.FREQUENT})
"""Kinds that are told beside others; what somebody said, a danger or one caller's matter says more by itself."""


def join_siblings(
    events: Sequence[Event],
    *,
    opened: Mapping[str, pd.Timestamp],
    department_of: Mapping[tuple[str, str], str],
    together: timedelta,
) -> list[list[Event]]:
    """Group events of one cause (see `features.same_cause.Matter.same_cause`).

    Args:
        events: Of one run, each about tickets of its own.
        opened: Ticket -> when it was opened, naive local civil time.
        department_of: (category, district) -> who usually handles it.
        together: Within how many hours tickets of one cause come.

    Returns:
        Groups in the order of their first event, the one with most above what is expected first in each.
    """
    matters = [matter_of(event[0], opened, department_of) for event in events]
    leads = [event[0] for event in events]
    may = [n for n, lead in enumerate(leads) if lead.kind in _COUNTED and (lead.lift > 0 or not lead.aggregate)]
    edges = [(a, b) for a, b in combinations(may, 2) if matters[a].same_cause(matters[b], together=together)]
    groups: dict[int, list[Event]] = {}
    for event, label in zip(events, connected(len(events), edges), strict=True):
        groups.setdefault(int(label), []).append(event)
    return [sorted(group, key=lambda event: -event[0].excess) for group in groups.values()]


def matter_of(lead: Signal, opened: Mapping[str, pd.Timestamp], department_of: Mapping[tuple[str, str], str]) -> Matter:
    """Return what tells of a signal's cause.

    Args:
        lead: The leading signal of an event.
        opened: Ticket -> when it was opened, naive local civil time.
        department_of: (category, district) -> who usually handles it.
    """
    moments = [opened[key] for key in lead.tickets if key in opened]
    department = department_of.get((lead.category, lead.area), lead.department)
    days = lead.window_start, lead.window_end
    return Matter(lead.category, lead.area, department, *days, arrived=arrival(moments), lift=lead.lift)


def told_beside(events: Sequence[Event], department_of: Mapping[tuple[str, str], str]) -> list[dict[str, Any]]:
    """Return what the events beside the first are about: category, area, department and count of each."""
    names = ("category1", "category2", "category", "area", "observed")
    return [
        {name: getattr(lead, name) for name in names}
        | {"department": department_of.get((lead.category, lead.area), lead.department)}
        for lead in (event[0] for event in events[1:])
    ]


def usual_departments(static: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Return who usually handles a category in a district: (category, district) -> department, where one is known.

    Args:
        static: Hierarchy of the series; a cell has the department that handled most of its tickets.
    """
    cells = static[static["level"] == "cell"]
    if cells.empty:
        return {}
    named = cells[~cells["department"].isin(["", UNCLASSIFIED])]
    keys = zip(named["category"], named["district"], strict=True)
    return dict(zip(keys, named["department"], strict=True))
