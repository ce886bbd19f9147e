"""Coming in and going out: the login page, the exchange of a key for a session, signed links, the language."""

from __future__ import annotations

import hmac
import math
import secrets
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request, Response

from serve.access import authenticate
from serve.access.caller import SESSION_COOKIE
from serve.access.logins import LoginLimit
from serve.delivery.config import signer_of
from serve.errors import TooManyRequestsError, UnauthorizedError
from serve.pages.language import LANGUAGE_COOKIE
from serve.pages.render import PageRoute, own_path, page, redirect
from serve.pages.sessions import (
    LIFETIME,
    LOGIN_COOKIE,
    StaleFormError,
    VisitorDep,
    end_session,
    set_cookie,
    start_session,
)
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_LOGIN_FORM: Final = timedelta(hours=1)
_A_YEAR: Final = timedelta(days=365)
_LONGEST: Final = 2000

NextQuery = Annotated[str, Query(alias="next", max_length=_LONGEST)]


@router.get("/login")
def show_login(request: Request, settings: SettingsDep, target: NextQuery = "/", notice: str = "") -> Response:
    """Show the form that takes a key."""
    known = {"expired": "login.expired", "link": "login.next"}
    return _login_page(request, settings, target=target, notice=known.get(notice, ""))


@router.post("/login")
def log_in(
    *,
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    key: Annotated[str, Form(max_length=200)],
    csrf: Annotated[str, Form(max_length=100)] = "",
    target: Annotated[str, Form(alias="next", max_length=_LONGEST)] = "/",
) -> Response:
    """Exchange a key for a session cookie. The key itself is not kept by the browser and never in an address."""
    if not csrf or not hmac.compare_digest(csrf.encode(), request.cookies.get(LOGIN_COOKIE, "").encode()):
        raise StaleFormError("login_form_old")
    now, entered = clock.now(), key.strip()
    address = request.client.host if request.client else ""
    try:
        info = authenticate(store, entered, now=now)
    except UnauthorizedError:
        try:
            LoginLimit(store).note_failure(address=address, key=entered, now=now)
        except TooManyRequestsError as error:
            answer = _login_page(request, settings, target=target, wait_s=error.retry_after_s)
            answer.headers.update(error.headers)
            return answer
        return _login_page(request, settings, target=target, wrong=True)
    LoginLimit(store).forget_old(now)
    # A department comes for its alerts; everybody else for the forecast.
    answer = redirect("/alerts" if target == "/" and info.department else target)
    set_cookie(answer, request, SESSION_COOKIE, start_session(store, info, now=now), lifetime=LIFETIME)
    answer.delete_cookie(LOGIN_COOKIE, path="/")
    return answer


@router.post("/logout")
def log_out(
    request: Request, store: StoreDep, clock: ClockDep, visitor: VisitorDep, csrf: Annotated[str, Form()] = ""
) -> Response:
    """End the session."""
    visitor.check(csrf)
    end_session(store, request.cookies[SESSION_COOKIE], now=clock.now())
    answer = redirect("/login")
    answer.delete_cookie(SESSION_COOKIE, path="/")
    return answer


@router.post("/language")
def choose_language(
    request: Request,
    language: Annotated[str, Form(max_length=10)],
    back: Annotated[str, Form(max_length=_LONGEST)] = "/",
) -> Response:
    """Remember the reader's language in this browser; it concerns nobody else, so it takes no token."""
    answer = redirect(back)
    set_cookie(answer, request, LANGUAGE_COOKIE, "en" if language == "en" else "zh-CN", lifetime=_A_YEAR)
    return answer


@router.get("/go/{token}")
def open_link(request: Request, clock: ClockDep, settings: SettingsDep, token: str) -> Response:
    """Follow a signed link from a message: to its alert, over the login page where there is no session yet.

    Chat programs fetch links too: this changes nothing and tells nothing.
    """
    try:
        link = signer_of(settings).read(token, now=clock.now())
    except UnauthorizedError:
        return redirect("/login?next=/alerts&notice=expired")
    path = f"/alerts/{link.alert_id}"
    if SESSION_COOKIE in request.cookies:
        return redirect(path)
    return redirect(f"/login?next={path}&notice=link")


def _login_page(
    request: Request, settings: SettingsDep, *, target: str, notice: str = "", wrong: bool = False, wait_s: int = 0
) -> Response:
    token = secrets.token_urlsafe(24)
    answer = page(
        request,
        "login.html",
        settings=settings,
        status=429 if wait_s else 401 if wrong else 200,
        csrf=token,
        next=own_path(target),
        notice=notice,
        wrong=wrong,
        wait_minutes=math.ceil(wait_s / 60),
    )
    set_cookie(answer, request, LOGIN_COOKIE, token, lifetime=_LOGIN_FORM)
    return answer
