"""Values that nobody should send, and that no field may stumble over."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from typing import Any, Final

_WHOLE: Final = "WEISU_SOAK" in os.environ


def share(values: Sequence[Any], number: int) -> list[Any]:
    """Return a third of a table for one field, another for the next, and all of it in `make soak`; the worst always."""
    return list(values) if _WHOLE else [*values[number % 3 :: 3], *WORST]


WORST: Final = ("\0", "\ud800", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00")

TEXTS: Final = (
    "",
    "   ",
    "\u200b",
    "\0",
    "水务\0局",
    "\ud800",
    "a\udfffb",
    "\u202e局务水",
    "\x01\x1b[31m",
    "a\r\nSet-Cookie: x=1",
    "'; DROP TABLE alerts; --",
    "<img src=x onerror=alert(1)>",
    "{{7*7}}${7*7}%s%n",
    "../../etc/passwd",
    "=HYPERLINK(1)",
    "𠮷" * 60,
    "é" * 3_000,
    "x" * 20_000,
    "NaN",
    "-0",
    "1e999",
)
"""Texts: empty in several ways, halves of characters, controls, what breaks other languages, very long ones."""

MOMENTS: Final = (
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59",
    "9999-12-31",
    "0001-01-01",
    "1969-12-31T23:59:59Z",
    "2026-02-30T00:00:00Z",
    "2026-11-23T24:00:00Z",
    "2026-11-23T23:59:60Z",
    "2026-11-23T08:00:00+99:99",
    "2026-11-23T08:00:00.123456789123Z",
    "0.5",
    "0",
    "-62135596800",
    "253402300800",
    "1e20",
    "２０２６-11-23T08:00:00Z",
    "now",
)
"""Moments at the edges of what calendars and databases know, and numbers that some take for moments."""

NUMBERS: Final = (-1, 0, 2**31, 2**63, -(2**63) - 1, 10**400, 1e308, -1e308, 0.1, float("nan"), float("inf"))
"""Numbers at the edges of what columns hold; NaN and infinity as Python's JSON writes them."""

OTHERS: Final[tuple[Any, ...]] = (None, True, [], {}, [[]], {"a": {"b": []}}, ["x"] * 2_000, [None], {"\ud800": 1})
"""Things of another kind than was asked for."""


def _token(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")


CURSORS: Final = (
    _token("[" * 1_490),
    _token('{"a":' * 290),
    _token('["2026-01-01T00:00:00+00:00","\\ud800"]'),
    _token('["2026-01-01T00:00:00+00:00","\\u0000"]'),
    _token('["0001-01-01T00:00:00+14:00","x"]'),
    _token('["9999-12-31T23:59:59-14:00","x"]'),
    _token('["0001-01-01T00:00:00+14:00","x",1]'),
    _token('["2026-01-01T00:00:00","x",1]'),
    _token("[99999999999999999999999]"),
    _token("[1e400]"),
    _token("[-1]"),
    _token("[0, 0]"),
    _token('["x", 1]'),
    _token("[true, false]"),
    _token("null"),
    "=",
    "%%%",
    "A",
)
"""Cursors that this service never made."""
