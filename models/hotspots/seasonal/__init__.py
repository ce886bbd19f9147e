"""预告: which problem returns when, as history has shown it, and the week to act."""

from __future__ import annotations

from models.hotspots.seasonal.due import DUE_COLUMNS, due_forecasts
from models.hotspots.seasonal.table import CALENDAR_COLUMNS, SeasonConfig, seasonal_calendar

__all__ = ["CALENDAR_COLUMNS", "DUE_COLUMNS", "SeasonConfig", "due_forecasts", "seasonal_calendar"]
