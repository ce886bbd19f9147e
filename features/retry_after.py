"""How long the other side of an HTTP call asked to be left alone."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_S: Final = 86_400.0
"""A receiver that asks for more than a day is asked again after one: it may have meant anything."""


def parse_retry_after(value: str | None, *, now: datetime) -> float | None:
    """Return the seconds of a Retry-After header (RFC 9110, 10.2.3); None when absent or unreadable.

    Args:
        value: A number of seconds, or an HTTP date; a date without a zone is UTC.
        now: The present, aware.

    >>> parse_retry_after("120", now=datetime(2026, 11, 30, tzinfo=UTC))
    120.0
    >>> parse_retry_after("Mon, 30 Nov 2026 00:01:00 GMT", now=datetime(2026, 11, 30, tzinfo=UTC))
    60.0
    """
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        pass
    else:
        return min(max(seconds, 0.0), LONGEST_S) if math.isfinite(seconds) else None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((aware - now).total_seconds(), 0.0), LONGEST_S)
