"""预告: which of the seasons of `features.seasons` ask for action now."""

from __future__ import annotations

from models.hotspots.seasonal.due import DUE_COLUMNS, due_forecasts

__all__ = ["DUE_COLUMNS", "due_forecasts"]
