"""民情月历: which problem returns when, as its history shows, and the week to act: one for pages, reports and 预告."""

from __future__ import annotations

from features.seasons.installed import SEASON_WEEKS, category_seasons
from features.seasons.table import CALENDAR_COLUMNS, seasonal_calendar

__all__ = ["CALENDAR_COLUMNS", "SEASON_WEEKS", "category_seasons", "seasonal_calendar"]
