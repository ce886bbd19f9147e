"""Turning a template into a page: one environment, one frame, headers that keep pages to themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import quote

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from sqlalchemy.exc import DataError, OperationalError, SQLAlchemyError

from features.errors import WeisuError
from features.origin import origin_of
from features.reasons import Reasons
from features.settings import Settings
from features.vocabulary import AlertLevel
from serve.access import Caller
from serve.alerts.policy import on_duty
from serve.errors import ServeError, SpokenError, StoreError, UnauthorizedError, UnprocessableError, for_anybody
from serve.pages.language import Words, language_of
from serve.pages.sessions import Visitor, current_visitor
from serve.problems import of_invalid_request

_log = structlog.get_logger(__name__)

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}
"""Pages load nothing from elsewhere, are framed by nobody and leave nothing in caches or referrers."""

SEE_OTHER: Final = 303

Link = tuple[str, str]
"""Address of a page, and the key of its name."""


@dataclass(frozen=True)
class Provenance:
    """Where the numbers of a page come from."""

    data_through: str = ""
    generated_at: str = ""
    model_version: str = ""
    degraded: Reasons = ()
    unjudged: tuple[str, ...] = ()
    simulated: bool = False


def page(
    request: Request,
    template: str,
    *,
    settings: Settings,
    visitor: Visitor | None = None,
    provenance: Provenance | None = None,
    status: int = 200,
    **values: Any,
) -> HTMLResponse:
    """Return a rendered page."""
    words = Words.of_reader(request, settings)
    html = (
        environment()
        .get_template(template)
        .render(
            t=words,
            visitor=visitor,
            nav=navigation(visitor.caller, settings) if visitor else [],
            provenance=_labelled(provenance or Provenance(), settings),
            path=request.url.path,
            here=_here(request),
            style_version=asset_version("weisu.css"),
            script_version=asset_version("weisu.js"),
            **values,
        )
    )
    return HTMLResponse(html, status_code=status, headers=HEADERS)


def _labelled(provenance: Provenance, settings: Settings) -> Provenance:
    """Say on every page whether the installation is a simulated one: no page can leave it out."""
    origin = origin_of(settings)
    degraded = (*provenance.degraded, *(reason for reason in origin.missing if reason not in provenance.degraded))
    return replace(provenance, simulated=origin.simulated, degraded=degraded)


def navigation(caller: Caller, settings: Settings) -> list[Link]:
    """Return the pages that somebody may open, what they come for first."""
    mine, forecast = ("/alerts", "nav.mine"), ("/", "nav.forecast")
    links = (
        [mine, ("/board", "nav.board"), forecast] if caller.department else [forecast, mine, ("/board", "nav.board")]
    )
    if caller.commands_alerts:
        links += [("/supervision", "nav.supervision"), ("/rules", "nav.rules")]
    if on_duty(settings.alerts, caller):
        links.append(("/deliveries", "nav.deliveries"))
    if caller.sees_all_alerts:
        links.append(("/reports", "nav.reports"))
    return links


def redirect(path: str) -> RedirectResponse:
    """Send the browser to one of our own pages."""
    return RedirectResponse(own_path(path), status_code=SEE_OTHER, headers=HEADERS)


def own_path(path: str) -> str:
    """Return `path` if it is one of this site's, else the first page: a form must not send people elsewhere."""
    own = path.startswith("/") and not path.startswith(("//", "/\\")) and "\n" not in path and "\r" not in path
    return path if own else "/"


class PageRoute(APIRoute):
    """A route that answers errors as a person reads them: the login page, or a page that says what happened."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """Return the handler that catches our own errors."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            """Return the route's answer, or the page that says why there is none."""
            try:
                return await handle(request)
            except UnauthorizedError:
                return redirect(f"/login?next={quote(_here(request))}")
            except SpokenError as error:
                return error_page(request, _said(request, error))
            except RequestValidationError as error:
                form = request.method != "GET"
                return error_page(request, UnprocessableError("form_incomplete") if form else of_invalid_request(error))
            except (WeisuError, DataError, OperationalError) as error:
                return error_page(request, _in_our_words(request, error))

        return answer


def _in_our_words(request: Request, error: Exception) -> SpokenError:
    """Return what a reader may know of an error of the store or of another room; the log has the rest."""
    if isinstance(error, DataError):
        return UnprocessableError("unstorable")
    _log.error("a page failed", path=request.url.path, exc_info=error)
    return StoreError("store_away") if isinstance(error, OperationalError) else ServeError("bug")


def _said(request: Request, error: SpokenError) -> SpokenError:
    """Return what a reader may know of an error, and log what he may not."""
    said = for_anybody(error)
    if said is not error:
        _log.error("a page failed", path=request.url.path, code=error.code, error=str(error))
    return said


def error_page(request: Request, error: SpokenError) -> HTMLResponse:
    """Return an error as a page: what kind it is, what went wrong, and the way out."""
    settings: Settings = request.app.state.settings
    language = language_of(request, settings)
    return page(
        request,
        "error.html",
        settings=settings,
        visitor=_visitor_of(request),
        status=error.status,
        heading=_HEADINGS.get(error.title, "error.other"),
        detail=error.said(language),
        way_out=error.way_out(language),
    )


_HEADINGS: Final = {
    "stale_form": "error.csrf",
    "forbidden": "error.403",
    "not_found": "error.404",
    "conflict": "error.409",
    "no_page": "error.page",
}
"""What an error is called on a page, where its visitor can say more than a program's."""


def _visitor_of(request: Request) -> Visitor | None:
    """Return who is looking at an error, if it can be told: they keep their navigation."""
    state = request.app.state
    try:
        return current_visitor(request, state.store, state.clock)
    except (UnauthorizedError, StoreError, SQLAlchemyError):
        return None


def _here(request: Request) -> str:
    if request.method != "GET":
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


@cache
def environment() -> Environment:
    """Return the templates: escaped always, and an unknown name is an error."""
    made = Environment(
        loader=PackageLoader("serve.pages"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["level_order"] = tuple(sorted(AlertLevel, reverse=True))
    return made


@cache
def asset(name: str) -> bytes:
    """Return a static file of this package."""
    return (files("serve.pages") / "static" / name).read_bytes()


@cache
def asset_version(name: str) -> str:
    """Return a short hash of a static file, for its address: browsers keep it until it changes."""
    return hashlib.sha256(asset(name)).hexdigest()[:12]
