"""Find the department for a candidate: the most specific line of the routing table, else a hint, else the duty desk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from features.branches import chain_of
from serve.alerts.candidates import Candidate, Sibling
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


def find_route(
    table: Mapping[str, Sequence[Route]],
    candidate: Candidate | Sibling,
    *,
    duty_desk: str,
    area_name: Callable[[str], str] = str,
) -> RouteMatch:
    """Return where a candidate goes.

    A line matches by category (any level, by name or whole path) and area; empty matches all. The finer category wins,
    then the named area.

    Args:
        table: The lines by category, '' for those that match every category.
        candidate: What is to be routed: what a run found, or another matter of its cause.
        duty_desk: Who gets what nobody is named for.
        area_name: What the area of a line is called now.
    """
    chain = [*chain_of(candidate.category1, candidate.category2, candidate.category), ""]
    lines = (
        (place, line.area == "", line.id, line)
        for place, category in enumerate(chain)
        for line in table.get(category, ())
        if area_name(line.area) in {candidate.area, ""}
    )
    found = min(lines, key=lambda match: match[:3], default=None)
    if found is not None:
        best = found[-1]
        assisting = [name for name in dict.fromkeys(best.assisting) if name != best.department]
        return RouteMatch(best.department, BY_ROUTE, assisting, best.id)
    if candidate.department:
        return RouteMatch(candidate.department, BY_TICKETS)
    return RouteMatch(duty_desk, BY_DUTY_DESK)
