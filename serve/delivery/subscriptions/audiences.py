"""Who can be told at all: names that somebody has. A name that nobody has would be heard by nobody."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from sqlalchemy import select
from sqlalchemy.orm import Session

from features.configuration import AlertPolicy
from serve.access import Caller, Role
from serve.delivery.outbox import DUTY_DESK, EVERYBODY
from serve.errors import ForbiddenError, UnprocessableError
from serve.store.tables import AlertParty, ApiKey, Route

_PLACEHOLDER = "{department}"


def audiences(session: Session, policy: AlertPolicy) -> list[str]:
    """Return every audience: the duty desk, the roles, departments of routes, alerts and keys, names of the ladder."""
    columns = (Route.department, AlertParty.department, ApiKey.department)
    departments = {name for column in columns for name in session.scalars(select(column).distinct()) if name}
    departments.add(policy.duty_desk)
    fixed = {DUTY_DESK, EVERYBODY, *(f"role:{role}" for role in Role)}
    return sorted(fixed | departments | _of_the_ladder(policy, departments))


def require_audience(session: Session, caller: Caller, audience: str, policy: AlertPolicy) -> None:
    """Refuse an audience that is not the caller's to subscribe, or that is nobody.

    Raises:
        ForbiddenError: It is not the caller's.
        UnprocessableError: Nobody is called so.
    """
    require_own(caller, audience)
    if caller.commands_alerts:
        known = audiences(session, policy)
    else:
        known = sorted({caller.department} | _of_the_ladder(policy, [caller.department]))
    if audience not in known:
        near = get_close_matches(audience, known, n=5, cutoff=0.4)
        raise UnprocessableError("no_audience", audience=audience, known=near or known[:5])


def require_own(caller: Caller, audience: str) -> None:
    """Refuse an audience that is not the caller's: a department manages what goes to itself.

    Raises:
        ForbiddenError: So it is.
    """
    own = caller.role is Role.DEPARTMENT and bool(caller.department) and belongs_to(audience, caller.department)
    if not (own or caller.commands_alerts):
        raise ForbiddenError("audience_not_yours", audience=audience)


def belongs_to(audience: str, department: str) -> bool:
    """Tell whether an audience is a department or a part of it."""
    return audience == department or audience.startswith(f"{department}/")


def _of_the_ladder(policy: AlertPolicy, departments: Iterable[str]) -> set[str]:
    return {step.to.replace(_PLACEHOLDER, name) for step in policy.ladder for name in departments}
