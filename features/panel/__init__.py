"""Counts per period and series, from the lake as it was known at a moment."""

from features.panel.build import Panel, build_panel, build_panels
from features.panel.errors import PanelError

__all__ = ["Panel", "PanelError", "build_panel", "build_panels"]
