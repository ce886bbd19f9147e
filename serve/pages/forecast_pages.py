"""The planner's pages: the next four weeks, the reports, the seasonal calendar as ICS; and the static files."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from features.series import LEVELS, TOTAL, SeriesLevel
from serve.errors import NotFoundError
from serve.pages.language import Words
from serve.pages.render import HEADERS, PageRoute, asset, page
from serve.pages.sessions import VisitorDep
from serve.pages.views.overview import Wanted, overview
from serve.values import Name, Series
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_ASSETS = {"weisu.css": "text/css; charset=utf-8", "weisu.js": "text/javascript; charset=utf-8"}


@router.get("/")
def show_overview(
    *,
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    level: SeriesLevel = "category1",
    category: Name = "",
    district: Name = "",
    series: Series = TOTAL,
    rows: Annotated[int, Query(ge=1, le=10_000)] = 1,
    seasons: Literal["", "all"] = "",
) -> Response:
    """Show the next four weeks."""
    words = Words.of_reader(request, settings)
    wanted = Wanted(level, category, district, series, page=rows, all_seasons=seasons == "all")
    with store.reading() as session:
        view = overview(session, settings, words, wanted, now=clock.now())
    return page(
        request,
        "overview.html",
        settings=settings,
        visitor=visitor,
        provenance=view.provenance if view else None,
        view=view,
        wanted=wanted,
        levels=tuple(LEVELS),
    )


@router.get("/assets/{name}")
def static_file(name: str, v: str = "") -> Response:
    """Return a static file; its address carries its hash (`v`), so browsers may keep it."""
    del v
    if name not in _ASSETS:
        raise NotFoundError("no_file", file=name)
    headers = {"X-Content-Type-Options": HEADERS["X-Content-Type-Options"], "Cache-Control": "public, max-age=31536000"}
    return Response(asset(name), media_type=_ASSETS[name], headers=headers)
