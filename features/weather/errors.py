"""Errors of the weather drivers.

WeisuError
└── BadInputError
    └── WeatherError  a weather file or frame that cannot be used
"""

from __future__ import annotations

from features.errors import BadInputError


class WeatherError(BadInputError):
    """A weather file or frame cannot be used."""
