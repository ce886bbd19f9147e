"""Recitable rules: 高频 frequent, 一人多诉 repeat, 敏感 sensitive: each is one sentence, checked by hand."""

from __future__ import annotations

from models.hotspots.rules.recitable import HIT_COLUMNS, apply_rules

__all__ = [
    "HIT_COLUMNS",
    "apply_rules",
]
