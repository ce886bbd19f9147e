"""Name the formats in which a column writes its times; which of two readings is right is proved, not guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

_READ: Final = 2000
_FORMATS: Final = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日",
)
_OFFSET: Final = re.compile(r"(Z|[+-]\d\d:?\d\d)$")


def carries_offset(text: str) -> bool:
    """Return whether a time written as text says its offset from UTC."""
    return len(text) > 10 and bool(_OFFSET.search(text))  # noqa: PLR2004 - longer than a date


def time_formats(values: Sequence[str]) -> dict[str, float]:
    """Return the fewest formats that read the times of a column, each with the share of values it adds.

    The format that reads most values comes first, and takes them all: a column that says 28/02 anywhere is one of days
    before months throughout. The shares add up to the share of values that are times.
    """
    left = [_OFFSET.sub("", value) if carries_offset(value) else value for value in values[:_READ]]
    total, found = len(left), {}
    while left:
        reads = {form: [value for value in left if _reads(form, value)] for form in _FORMATS}
        best = max(reads, key=lambda form: len(reads[form]))
        if not reads[best]:
            break
        found[best] = len(reads[best]) / total
        taken = set(reads[best])
        left = [value for value in left if value not in taken]
    return found


def _reads(form: str, value: str) -> bool:
    try:
        datetime.strptime(value, form)  # noqa: DTZ007 - only whether it parses
    except ValueError:
        return False
    return True


def months_first_is_assumed(formats: Sequence[str]) -> bool:
    """Return whether a month is read before its day although nothing in the column proves it."""
    return any(form.startswith("%m/%d") for form in formats)
