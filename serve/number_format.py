"""Numbers as people read them, on pages and in reports; what is unknown is a dash."""

from __future__ import annotations

from typing import Final

import pandas as pd

_UNKNOWN: Final = "–"


def number(value: float | None, digits: int = 0) -> str:
    """Return a number with thousands separators."""
    return _UNKNOWN if value is None or pd.isna(value) else f"{value:,.{digits}f}"


_WHOLE_FROM: Final = 10


def expected(value: float | None) -> str:
    """Return how many are expected: a mean, whole from ten up, with a digit below, so that sums can be checked.

    >>> expected(1234.5), expected(0.44)
    ('1,234', '0.4')
    """
    return number(value, 0 if value is not None and value >= _WHOLE_FROM else 1)


FEWEST_FOR_PERCENT: Final = 5
"""From fewer tickets than this a change is not told in per cent: from one to three is no headline of +200 %."""


def relative_change(now: float, before: float | None) -> float | None:
    """Return the relative change; None when so few came before that a percentage would only shout.

    >>> relative_change(12, 10), relative_change(12, 4), relative_change(12, None)
    (0.19999999999999996, None, None)
    """
    if before is None or pd.isna(before) or before < FEWEST_FOR_PERCENT:
        return None
    return float(now / before - 1)


def change(value: float | None) -> str:
    """Return a relative change as signed whole percent.

    >>> change(0.123), change(-0.004)
    ('+12%', '0%')
    """
    if value is None or pd.isna(value):
        return _UNKNOWN
    percent = round(value * 100)
    return f"{percent:+d}%" if percent else "0%"


def share(value: float | None) -> str:
    """Return a share as percent with one digit."""
    return _UNKNOWN if value is None or pd.isna(value) else f"{value * 100:.1f}%"
