"""What a text says of danger to people, by a table that officials edit."""

from __future__ import annotations

from features.danger.danger_table import Danger, DangerTable, Found, Sign, shipped_text

__all__ = ["Danger", "DangerTable", "Found", "Sign", "shipped_text"]
