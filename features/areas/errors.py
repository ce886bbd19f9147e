"""Errors of the areas.

WeisuError
└── BadInputError
    └── AreaError  an area file that cannot be read, or whose areas contradict each other
"""

from __future__ import annotations

from features.errors import BadInputError


class AreaError(BadInputError):
    """An area file cannot be read, or its areas contradict each other."""
