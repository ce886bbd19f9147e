"""Counts per period and series, from the lake as it was known at a moment."""

from features.errors import PanelError
from features.panel.build import Panel, build_panel, build_panels

__all__ = ["Panel", "PanelError", "build_panel", "build_panels"]
