"""预告: the problems of the season whose week to act has come, with the forecast issued by then and who has to act."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pandas as pd

from features.panel import Panel
from features.seasons import category_seasons
from features.series import UNCLASSIFIED
from features.settings import Settings
from features.taxonomy import labels_in_force
from features.vocabulary import Frequency
from models.hotspots.seasonal import due_forecasts

_YEAR: Final = 52
"""Weeks over which it counts who handled a matter, and where."""
_PATH: Final = ["category1", "category2", "category"]

Responsible = Callable[[dict[str, Any]], str]
"""Path of a category, its `district` and the `department` that handled most of it to who has to act there."""


def due_seasons(settings: Settings, weekly: Panel, as_of: datetime) -> pd.DataFrame:
    """Return the seasonal problems of categories whose week to act has come, for each department that has to act.

    Args:
        settings: The installation: its time zone, its routes, and the store of issued forecasts.
        weekly: The weekly panel as of the same moment, with the levels cell and category.
        as_of: Aware moment; a forecast published later is not seen.
    """
    local = pd.Timestamp(as_of.astimezone(settings.zone).replace(tzinfo=None))
    calendar = category_seasons(
        weekly.y,
        weekly.static.assign(department=""),
        local,
        known_at=local,
        country=settings.country,
        config=settings.seasons,
        others=settings.taxonomy.other_labels,
    )
    due = due_forecasts(calendar, local, forecast=_issued(settings, as_of) if len(calendar) else None)
    if due.empty:
        return due
    return by_department(due, weekly, _routed(settings, as_of), least=settings.seasons.min_weekly)


def by_department(due: pd.DataFrame, weekly: Panel, responsible: Responsible, *, least: float) -> pd.DataFrame:
    """Tell each season to the departments that are responsible for it in their districts, each with its part.

    One that is responsible everywhere is told once, for the whole area. Several are told each for their districts, the
    one with most first; `area` is the district with most.

    Args:
        due: Of `models.hotspots.seasonal.due_forecasts`.
        weekly: The weekly panel with the cells.
        responsible: Who has to act in a district.
        least: A department that expects fewer tickets a week has nothing to prepare.
    """
    places = _places(weekly)
    rows = [row for season in due.to_dict("records") for row in _told(season, places, responsible, least)]
    return pd.DataFrame(rows, columns=due.columns)


@dataclass
class _Part:
    """What one department has of a season: its districts and their cells, the one with most first, and its share."""

    areas: list[str]
    cells: list[str]
    share: float


def _told(
    season: dict[str, Any], places: pd.DataFrame, responsible: Responsible, least: float
) -> Iterator[dict[str, Any]]:
    parts: dict[str, _Part] = {}
    here = places[places["category"] == season["category"]]
    for place in here.to_dict("records"):
        part = parts.setdefault(responsible(place), _Part([], [], 0.0))
        part.areas.append(place["district"])
        part.cells.append(place["unique_id"])
        part.share += place["y"] / here["y"].sum()
    if len(parts) < 2:  # noqa: PLR2004 - one department for all of it
        yield {**season, "department": next(iter(parts), "")}
        return
    for department, part in sorted(parts.items(), key=lambda pair: -pair[1].share):
        if season["expected"] * part.share >= least:
            numbers = {name: season[name] * part.share for name in ("expected", "usual")}
            named = {"area": part.areas[0], "areas": tuple(part.areas), "cells": tuple(part.cells)}
            yield {**season, **numbers, **named, "department": department}


def _places(weekly: Panel) -> pd.DataFrame:
    """Return the cells with tickets in the panel's last year, those with most first: path, district, department, y."""
    cells = weekly.static[weekly.static["level"] == "cell"]
    lately = weekly.y[weekly.y["ds"] > weekly.y["ds"].max() - pd.Timedelta(weeks=_YEAR)]
    counted = cells.merge(lately.groupby("unique_id", as_index=False)["y"].sum(), on="unique_id")
    named = counted["department"].mask(counted["department"] == UNCLASSIFIED, "")
    ordered = counted.assign(department=named).sort_values("y", ascending=False, kind="stable")
    return ordered.loc[ordered["y"] > 0, ["unique_id", *_PATH, "district", "department", "y"]]


def _routed(settings: Settings, as_of: datetime) -> Responsible:
    """Return the routing table as a question: who has to act on a category in a district; '' where nobody is known."""
    from serve.alerts.candidates import Sibling
    from serve.alerts.route_lines import routes_by_category
    from serve.alerts.routing.table import BY_DUTY_DESK, find_route
    from serve.store import Store

    labels = labels_in_force(settings, as_of)
    with closing(Store.open(settings.store_url)) as store, store.reading() as session:
        table = routes_by_category(session, labels)

    def responsible(place: dict[str, Any]) -> str:
        path = {name: place[name] for name in _PATH}
        matter = Sibling(**path, area=place["district"], department=place["department"], observed=0)
        found = find_route(table, matter, duty_desk="", area_name=lambda area: labels.name(area, "district"))
        return "" if found.source == BY_DUTY_DESK else found.department

    return responsible


def _issued(settings: Settings, as_of: datetime) -> pd.DataFrame | None:
    # Processes that search beside the others ask no store: they need not load what speaks with it.
    from serve.forecasts.issues import issue_frame
    from serve.forecasts.repository import issue_published_by
    from serve.store import Store

    with closing(Store.open(settings.store_url)) as store, store.reading() as session:
        issue = issue_published_by(session, Frequency.WEEKLY, as_of)
        if issue is None:
            return None
        rows = issue_frame(session, issue, settings, now=as_of)
    means = rows.loc[rows["level"] == "category", ["unique_id", "ds", "mean"]].reset_index(drop=True)
    return means if len(means) else None
