"""When two findings are one cause: by the tickets they share, or by place, department and the hours of arrival.

Detection joins the findings of one run by these rules, and the alert service what a later run finds.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import pandas as pd

LEAST_SHARED: Final = 3
"""Two findings are not one by a single ticket: they share so many, or half of the larger one's as well."""
SHOCK: Final = 3.0
"""A matter over all districts at so many times the most that is usual has a cause that other matters feel too."""
_EARLY, _LATE = 0.1, 0.9


def share_tickets(shared: int, first: int, second: int, *, share: float) -> bool:
    """Tell whether two findings are about the same tickets.

    Args:
        shared: Tickets that both have.
        first: Tickets of the one.
        second: Tickets of the other.
        share: Of the smaller one's tickets that both must have.

    >>> share_tickets(3, 5, 40, share=0.5), share_tickets(1, 1, 40, share=0.5), share_tickets(1, 1, 2, share=0.5)
    (True, False, True)
    """
    if not shared or shared < share * min(first, second):
        return False
    return shared >= LEAST_SHARED or shared >= share * max(first, second)


@dataclass(frozen=True, slots=True)
class Matter:
    """What a finding is about, as far as it tells of its cause.

    Attributes:
        category: The matter; '' for several.
        area: The district; '' for all of them.
        department: Who handles it; '' where nobody is named.
        start, end: Naive local civil time, half open.
        arrived: When the middle 80 % of its tickets came, naive local civil time; None where the source knows no hours.
        lift: Of what rose over all districts within days, how many times the most that is usual it stands at; else 0.
    """

    category: str
    area: str
    department: str
    start: datetime
    end: datetime
    arrived: tuple[datetime, datetime] | None = None
    lift: float = 0.0

    def same_cause(self, other: Matter, *, together: timedelta) -> bool:
        """Tell whether two findings that share no tickets have one cause.

        They do where one department has the same matter in one or two districts at the same time, or where in one
        district the tickets of both came within the same hours (a power cut: no light, no water, people in lifts); and
        what rises over all districts on the same day as a shock, or the next (a storm), is one cause with it.

        Args:
            other: Another finding.
            together: Within how many hours of each other tickets of one cause come.
        """
        if min(self.lift, other.lift) > 0 and max(self.lift, other.lift) >= SHOCK:
            return self.start <= other.end and other.start <= self.end
        if not (self.start < other.end and other.start < self.end and self.area and other.area):
            return False
        if self.category != other.category:
            return self.area == other.area and self._came_within(other, together)
        same_hands = self.area == other.area or self.department == other.department
        return bool(self.category) and same_hands and self._came_beside(other)

    def _came_within(self, other: Matter, together: timedelta) -> bool:
        """Tell whether the tickets of both came within so many hours."""
        if self.arrived is None or other.arrived is None:
            return False
        return max(self.arrived[1], other.arrived[1]) - min(self.arrived[0], other.arrived[0]) <= together

    def _came_beside(self, other: Matter) -> bool:
        """Tell whether the tickets of both came at the same time, as far as the source knows when."""
        if self.arrived is None or other.arrived is None:
            return True
        return self.arrived[0] <= other.arrived[1] and other.arrived[0] <= self.arrived[1]


def arrival(opened: Collection[Any]) -> tuple[datetime, datetime] | None:
    """Return between when and when the middle 80 % of tickets came; None for fewer than three, or without hours.

    Args:
        opened: When each ticket was opened, naive local civil time.
    """
    moments = pd.Series(pd.DatetimeIndex(list(opened)))
    if len(moments) < LEAST_SHARED or (moments == moments.dt.normalize()).all():
        return None
    early, late = moments.quantile([_EARLY, _LATE])
    return early.to_pydatetime(), late.to_pydatetime()
