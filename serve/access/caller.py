"""The caller of a request: from an API key, or for reading from a browser session's cookie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import select

from features.words import Coded
from serve.access.keys import KeyInfo, authenticate, hash_key, is_valid
from serve.access.roles import COMMANDS_ALERTS, READS_TICKETS, ROLES, SEES_ALL_ALERTS, Role
from serve.errors import ForbiddenError, UnauthorizedError
from serve.store import Store
from serve.store.tables import ApiKey, BrowserSession
from serve.wiring import ClockDep, StoreDep

SESSION_COOKIE: Final = "weisu_session"
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
"""What a session's cookie is enough for in the API."""

_NOTED: Final = "caller"

_bearer = HTTPBearer(auto_error=False, description="`Authorization: Bearer weisu_...`")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="The same key in a header of its own")


@dataclass(frozen=True)
class Caller:
    """Who is asking. `department` is '' unless the key is bound to one."""

    key_id: str
    name: str
    role: Role
    department: str = ""

    @classmethod
    def from_key(cls, key: KeyInfo) -> Caller:
        """Return the caller that a key stands for."""
        return cls(key_id=key.id, name=key.name, role=key.role, department=key.department)

    @property
    def sees_all_alerts(self) -> bool:
        """Whether alerts of every department are visible."""
        return self.role in SEES_ALL_ALERTS

    @property
    def commands_alerts(self) -> bool:
        """Whether any alert may be acted upon."""
        return self.role in COMMANDS_ALERTS

    @property
    def reads_tickets(self) -> bool:
        """Whether the masked tickets behind a visible alert may be opened."""
        return self.role in READS_TICKETS


def current_caller(
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    header: Annotated[str | None, Depends(_header)],
) -> Caller:
    """Return who is asking.

    A session cookie counts for reading only: a form of another site could send it along with a write, so pages that
    write check their CSRF token themselves.

    Raises:
        UnauthorizedError: No key, or one that is not valid.
    """
    noted: Caller | None = getattr(request.state, _NOTED, None)
    if noted is not None:
        return noted
    secret = bearer.credentials if bearer else header
    cookie = request.cookies.get(SESSION_COOKIE) if request.method in SAFE_METHODS else None
    return caller_of(store, secret, cookie, clock.now())


def caller_of(store: Store, secret: str | None, cookie: str | None, now: datetime) -> Caller:
    """Return who a key stands for, or where there is none a browser session's cookie.

    Raises:
        UnauthorizedError: Neither, or one that is not valid.
    """
    if secret:
        return Caller.from_key(authenticate(store, secret, now=now))
    if cookie:
        return session_caller(store, cookie, now=now)
    raise UnauthorizedError("needs_key")


def secret_of(request: Request) -> str | None:
    """Return the key that a request carries, as `current_caller` reads it."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secret.strip():
        return secret.strip()
    return request.headers.get("x-api-key")


def note_caller(request: Request, caller: Caller) -> None:
    """Keep who is asking for as long as the request lasts: whoever let it in has looked the key up."""
    setattr(request.state, _NOTED, caller)


def session_caller(store: Store, cookie: str, *, now: datetime) -> Caller:
    """Return the caller that a browser session's cookie stands for.

    Raises:
        UnauthorizedError: The session is unknown, over, or its key was revoked.
    """
    query = (
        select(ApiKey)
        .join(BrowserSession, BrowserSession.api_key_id == ApiKey.id)
        .where(BrowserSession.token_hash == hash_key(cookie))
        .where(BrowserSession.ended_at.is_(None), BrowserSession.expires_at > now)
    )
    with store.reading() as session:
        row = session.scalar(query)
    if row is None or not is_valid(row, now):
        raise UnauthorizedError("session_over")
    return Caller(key_id=row.id, name=row.name, role=Role(row.role), department=row.department)


CallerDep = Annotated[Caller, Depends(current_caller)]


def allow(*roles: Role) -> Callable[[Caller], Caller]:
    """Return a dependency that lets only these roles (and the administrator) through."""

    def check(caller: CallerDep) -> Caller:
        if caller.role not in roles and caller.role is not Role.ADMIN:
            raise ForbiddenError(
                "may_not", role=Coded(ROLES, caller.role), roles=[Coded(ROLES, role) for role in (*roles, Role.ADMIN)]
            )
        return caller

    return check
