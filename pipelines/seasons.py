"""预告: the problems of the season whose week to act has come, with the forecast issued by then and who has to act."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from typing import Final

import pandas as pd

from features.panel import Panel
from features.seasons import category_seasons
from features.series import UNCLASSIFIED
from features.settings import Settings
from features.vocabulary import Frequency
from models.hotspots.seasonal import due_forecasts

_YEAR: Final = 52
"""Weeks over which it counts who handled a matter most."""


def due_seasons(settings: Settings, weekly: Panel, as_of: datetime) -> pd.DataFrame:
    """Return the seasonal problems of categories whose week to act has come.

    Args:
        settings: The installation: its time zone, and the store of issued forecasts.
        weekly: The weekly panel as of the same moment, with the levels cell and category.
        as_of: Aware moment; a forecast published later is not seen.
    """
    local = pd.Timestamp(as_of.astimezone(settings.zone).replace(tzinfo=None))
    static = weekly.static.assign(department=weekly.static["category"].map(main_departments(weekly)).fillna(""))
    country = settings.country
    calendar = category_seasons(weekly.y, static, local, known_at=local, country=country, config=settings.seasons)
    return due_forecasts(calendar, local, forecast=_issued(settings, as_of))


def main_departments(panel: Panel) -> pd.Series:
    """Return, by category, the department that handled most of its tickets in the panel's last year."""
    named = panel.static["level"].eq("cell") & ~panel.static["department"].isin(["", UNCLASSIFIED])
    cells = panel.static.loc[named, ["unique_id", "category", "department"]]
    lately = panel.y[panel.y["ds"] > panel.y["ds"].max() - pd.Timedelta(weeks=_YEAR)]
    counts = lately.merge(cells, on="unique_id").groupby(["category", "department"])["y"].sum()
    return counts[counts > 0].sort_values(ascending=False).reset_index().groupby("category")["department"].first()


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
