"""Find the department for a candidate: the most specific line of the routing table, else a hint, else the duty desk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.alerts.candidates import Candidate
from serve.store.tables import Route

BY_ROUTE: Final = "route"
BY_TICKETS: Final = "tickets"
BY_DUTY_DESK: Final = "duty_desk"


@dataclass(frozen=True)
class RouteMatch:
    """Who leads and who assists, and why: a line of the table, the tickets' own department, or the duty desk."""

    department: str
    source: str
    assisting: list[str] = field(default_factory=list)
    route_id: str = ""


def find_route(session: Session, candidate: Candidate, *, duty_desk: str) -> RouteMatch:
    """Return where a candidate goes.

    A line matches by category (any level) and area; empty matches all. The finer category wins, then the named area.
    """
    chain = [candidate.category, candidate.category2, candidate.category1, ""]
    query = select(Route).where(Route.category.in_(chain), Route.area.in_([candidate.area, ""]))
    matches = sorted(
        session.scalars(query), key=lambda route: (chain.index(route.category), route.area == "", route.id)
    )
    if matches:
        best = matches[0]
        assisting = [name for name in dict.fromkeys(best.assisting) if name != best.department]
        return RouteMatch(best.department, BY_ROUTE, assisting, best.id)
    if candidate.department:
        return RouteMatch(candidate.department, BY_TICKETS)
    return RouteMatch(duty_desk, BY_DUTY_DESK)
