"""Browser sessions: a key entered once becomes a cookie, of which a hash is stored; every form carries a token."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import Depends, Request, Response
from sqlalchemy import select

from serve.access import Caller, KeyInfo
from serve.access.caller import SESSION_COOKIE, session_caller
from serve.access.keys import hash_key
from serve.errors import ForbiddenError, UnauthorizedError
from serve.store import Store
from serve.store.columns import new_id
from serve.store.tables import BrowserSession
from serve.wiring import ClockDep, StoreDep

LIFETIME: Final = timedelta(days=30)
LOGIN_COOKIE: Final = "weisu_login"


class StaleFormError(ForbiddenError):
    """The form's token is not the session's: an old page, or another site's form."""

    title = "stale_form"


@dataclass(frozen=True)
class Visitor:
    """Somebody with a browser session.

    Attributes:
        caller: Who it is and what they may see.
        csrf: What every form of theirs must carry.
    """

    caller: Caller
    csrf: str

    def check(self, token: str) -> None:
        """Refuse a form that does not carry this session's token.

        Raises:
            StaleFormError: It does not.
        """
        if not hmac.compare_digest(token.encode(), self.csrf.encode()):
            raise StaleFormError("form_of_another_session")


def start_session(store: Store, key: KeyInfo, *, now: datetime) -> str:
    """Begin a session for a key and return the cookie's value."""
    cookie = secrets.token_urlsafe(32)
    row = BrowserSession(
        id=new_id("bs"),
        token_hash=hash_key(cookie),
        csrf_token=secrets.token_urlsafe(24),
        api_key_id=key.id,
        created_at=now,
        last_seen_at=now,
        expires_at=min(now + LIFETIME, key.expires_at or now + LIFETIME),
    )
    with store.session() as session:
        session.add(row)
    return cookie


def end_session(store: Store, cookie: str, *, now: datetime) -> None:
    """End a session; ending it twice changes nothing."""
    with store.session() as session:
        row = session.scalar(select(BrowserSession).where(BrowserSession.token_hash == hash_key(cookie)))
        if row is not None and row.ended_at is None:
            row.ended_at = now


def current_visitor(request: Request, store: StoreDep, clock: ClockDep) -> Visitor:
    """Return whose browser this is.

    Raises:
        UnauthorizedError: No session, or one that is over.
    """
    cookie = request.cookies.get(SESSION_COOKIE)
    if not cookie:
        raise UnauthorizedError("not_logged_in")
    caller = session_caller(store, cookie, now=clock.now())
    with store.reading() as session:
        csrf = session.scalar(select(BrowserSession.csrf_token).where(BrowserSession.token_hash == hash_key(cookie)))
    return Visitor(caller, csrf or "")


VisitorDep = Annotated[Visitor, Depends(current_visitor)]


def set_cookie(response: Response, request: Request, name: str, value: str, *, lifetime: timedelta) -> None:
    """Set a cookie that scripts cannot read and other sites' forms do not send."""
    response.set_cookie(
        name,
        value,
        max_age=int(lifetime.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
