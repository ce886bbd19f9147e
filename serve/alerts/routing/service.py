"""Change the routing table, line by line or as a whole file, and settle the corrections that answers suggest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from features.words import Coded
from serve.access import Caller
from serve.access.roles import ROLES
from serve.alerts.routing.schemas import DepartmentRuleBody, ImportResult, RouteLine
from serve.errors import ConflictError, ForbiddenError, NotFoundError, UnprocessableError
from serve.known_names import KnownNames
from serve.store.columns import new_id
from serve.store.tables import DepartmentRule, Route, RouteCorrection


def routes(session: Session) -> list[Route]:
    """Return the table, by category and area."""
    return list(session.scalars(select(Route).order_by(Route.category, Route.area, Route.id)))


def check_names(session: Session, lines: Iterable[RouteLine]) -> None:
    """Ask back what lines are about, and whom they name, where nothing is called so.

    Raises:
        UnprocessableError: There is no such category, area or department.
    """
    table = list(lines)
    KnownNames(session).check(
        categories=[line.category for line in table],
        areas=[line.area for line in table],
        departments=[name for line in table for name in (line.department, *line.assisting)],
    )


def add(session: Session, caller: Caller, line: RouteLine, *, now: datetime) -> Route:
    """Add a line.

    Raises:
        ConflictError: There is a line for this category and area.
    """
    same = select(Route).where(Route.category == line.category, Route.area == line.area)
    if session.scalar(same) is not None:
        where = f"{line.category or '*'} / {line.area or '*'}"
        raise ConflictError("route_exists", where=where)
    row = Route(id=new_id("rt"), author=caller.name, updated_at=now, **line.model_dump())
    session.add(row)
    session.flush()
    return row


def remove(session: Session, route_id: str) -> None:
    """Remove a line.

    Raises:
        NotFoundError: There is no such line.
    """
    row = session.get(Route, route_id)
    if row is None:
        raise NotFoundError("no_route", route=route_id)
    session.delete(row)


def replace_all(session: Session, caller: Caller, lines: Sequence[RouteLine], *, now: datetime) -> ImportResult:
    """Make the table equal to these lines: what is not among them goes.

    Raises:
        UnprocessableError: Two lines have the same category and area.
    """
    wanted: dict[tuple[str, str], RouteLine] = {}
    for number, line in enumerate(lines, start=2):
        if (line.category, line.area) in wanted:
            raise UnprocessableError("route_twice", row=number, where=f"{line.category or '*'} / {line.area or '*'}")
        wanted[line.category, line.area] = line
    result = ImportResult(added=0, changed=0, removed=0, unchanged=0)
    for row in routes(session):
        line_of_row = wanted.pop((row.category, row.area), None)
        if line_of_row is None:
            session.delete(row)
            result.removed += 1
        elif RouteLine.model_validate(row) == line_of_row:
            result.unchanged += 1
        else:
            for name, value in line_of_row.model_dump().items():
                setattr(row, name, value)
            row.author, row.updated_at = caller.name, now
            result.changed += 1
    for line in wanted.values():
        session.add(Route(id=new_id("rt"), author=caller.name, updated_at=now, **line.model_dump()))
        result.added += 1
    return result


def settle(
    session: Session, caller: Caller, correction_id: str, line: RouteLine | None, *, now: datetime
) -> RouteCorrection:
    """Settle a correction, with a line that makes the table right or without.

    Raises:
        NotFoundError: There is no such correction.
    """
    row = session.get(RouteCorrection, correction_id)
    if row is None:
        raise NotFoundError("no_correction", correction=correction_id)
    if line is not None:
        old = session.scalar(select(Route).where(Route.category == line.category, Route.area == line.area))
        if old is not None:
            session.delete(old)
            session.flush()
        add(session, caller, line, now=now)
    row.settled_at = row.settled_at or now
    return row


def rule(session: Session, caller: Caller, department: str) -> DepartmentRuleBody:
    """Return a department's rule; the default one when it asked for nothing.

    Raises:
        NotFoundError: It is another department's.
    """
    _require_own(caller, department)
    row = session.get(DepartmentRule, department)
    return _body(row) if row else DepartmentRuleBody()


def set_rule(
    session: Session, caller: Caller, department: str, wanted: DepartmentRuleBody, *, now: datetime
) -> DepartmentRuleBody:
    """Set a department's rule. The budget is the supervisor's to change: a department could mute itself with it.

    Raises:
        NotFoundError: It is another department's.
        ForbiddenError: The caller may not change rules, or not this part.
        UnprocessableError: There is no such department.
    """
    _require_own(caller, department)
    row = session.get(DepartmentRule, department)
    if row is None:
        KnownNames(session).check(departments=[department])
        row = DepartmentRule(department=department)
    if not caller.commands_alerts:
        if not caller.department:
            raise ForbiddenError("may_not_change_rules", role=Coded(ROLES, caller.role))
        if wanted.weekly_budget != row.weekly_budget:
            raise ForbiddenError("budget_is_the_supervisors")
    row.quiet_from, row.quiet_to, row.weekly_budget = wanted.quiet_from, wanted.quiet_to, wanted.weekly_budget
    row.minimum_level = wanted.minimum_level.value if wanted.minimum_level else ""
    row.author, row.updated_at = caller.name, now
    session.add(row)
    return _body(row)


def _body(row: DepartmentRule) -> DepartmentRuleBody:
    return DepartmentRuleBody.model_validate(
        {
            "quiet_from": row.quiet_from,
            "quiet_to": row.quiet_to,
            "minimum_level": row.minimum_level or None,
            "weekly_budget": row.weekly_budget,
        }
    )


def _require_own(caller: Caller, department: str) -> None:
    if not caller.sees_all_alerts and caller.department != department:
        raise NotFoundError("no_department", department=department)
