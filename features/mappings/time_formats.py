"""Name the formats in which a column writes its times; which of two readings is right is proved, not guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import product
from typing import Final

NAMED_FORMATS: Final = {
    "epoch": "seconds since 1970",
    "epoch_ms": "milliseconds since 1970",
    "excel": "days since 1900, as a spreadsheet counts them",
}
"""Formats that have no strptime pattern; the first two are instants, the last is wall-clock time."""

ZONE_MINUTES: Final = {
    "Z": 0, "z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 60, "CET": 60, "CEST": 120, "EET": 120, "EEST": 180,
    "MSK": 180, "SGT": 480, "HKT": 480, "AWST": 480, "JST": 540, "KST": 540, "ACST": 570, "AEST": 600, "AEDT": 660,
    "NZST": 720, "NZDT": 780, "HST": -600, "AKST": -540, "AKDT": -480, "PST": -480, "PDT": -420, "MST": -420,
    "MDT": -360, "CDT": -300, "EST": -300, "EDT": -240,
}  # fmt: skip
"""Names of zones that mean one offset, in minutes east. CST, IST, BST, AST mean several and are not here."""

_READ: Final = 2000
_TRIED: Final = 40
_DAYS: Final = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%Y年%m月%d日",
    "%Y.%m.%d",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d.%m.%y",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %b %Y",
    "%b %d, %Y",
    "%b %d %Y",
    "%d %B %Y",
    "%B %d, %Y",
)
_CLOCKS: Final = (
    "%H:%M:%S",
    "%H:%M",
    "%H:%M:%S.%f",
    "%I:%M:%S %p",
    "%I:%M %p",
    "%I:%M:%S%p",
    "%I:%M%p",
    "%p%I:%M:%S",
    "%p%I:%M",
    "%p %I:%M:%S",
    "%p %I:%M",
    "%H时%M分%S秒",
    "%H时%M分",
    "%p%I时%M分%S秒",
    "%p%I时%M分",
)
_FORMATS: Final = (
    *(f"{day} {clock}" for day, clock in product(_DAYS, _CLOCKS)),
    *(f"{day}{clock}" for day, clock in product(("%Y年%m月%d日",), _CLOCKS)),
    *(f"%Y-%m-%dT{clock}" for clock in _CLOCKS[:3]),
    *_DAYS,
    "%Y%m%d %H%M%S",
)
_RUNS: Final = ("%Y%m%d", "%Y%m%d%H%M", "%Y%m%d%H%M%S")
"""The shortest first: Python reads a day of one digit too."""
_OFFSET: Final = re.compile(
    r"(?:(?<=\d)|(?<=[AaPp][Mm]))\s*(Z|[+-]\d\d:?\d\d|(?:UTC|GMT)(?:[+-]\d{1,2}(?::?\d\d)?)?|[A-Za-z_]+/[A-Za-z_/+-]+|"
    + "|".join(name for name in ZONE_MINUTES if len(name) > 1)
    + r")$"
)
_HALF_WIDTH: Final = str.maketrans("０１２３４５６７８９－：／．，　", "0123456789-:/., ")
_HALVES: Final = ((re.compile("上午|凌晨|早上"), "AM"), (re.compile("下午"), "PM"))
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?$")
_SPANS: Final = {
    "epoch": (631_152_000, 2_082_758_400),
    "epoch_ms": (631_152_000_000, 2_082_758_400_000),
    "excel": (32_874, 55_153),
}
"""1990 to 2035, and to 2050 for a spreadsheet's days."""
_OF_DAY: Final = re.compile(
    r"(?:[AP]M\s*)?\d{1,2}\s*[:时]\s*\d{1,2}(?:\s*[:分]\s*(?:\d{1,2}(?:\.\d+)?秒?)?)?\s*(?:[AP]M)?$", re.IGNORECASE
)


def plain_format(form: str) -> str:
    """Return a format without the zone at its end, which is read apart from it.

    >>> plain_format("%Y-%m-%d %H:%M:%S %Z")
    '%Y-%m-%d %H:%M:%S'
    """
    return re.sub(r"\s*%[zZ]$", "", form)


def tells_zone(form: str) -> bool:
    """Return whether a format has a zone elsewhere than at its end."""
    return "%z" in plain_format(form)


def format_problem(form: str, *, clock: str) -> str:  # noqa: PLR0911 - one line for each way to be misread
    """Return why times of this format would be misread under a clock, '' if they would not."""
    if form in NAMED_FORMATS:
        return f"{form} has no offset" if form == "excel" and clock == "offset" else ""
    if "%" not in form:
        return f"{form!r} is no format; there are strptime's and {', '.join(NAMED_FORMATS)}"
    if "%Z" in plain_format(form):
        return f"{form!r} has a zone by name before its end, which cannot be read"
    if ("%z" in form or "%Z" in form) and clock != "offset":
        return f'{form!r} reads a zone, which needs clock = "offset"'
    if clock == "local" and re.search(r"%[SMfp]\s*\(?(Z|UTC|GMT)\)?$", form):
        return f'{form!r} says UTC, so clock = "utc"'
    if "%I" in form and "%p" not in form.replace("上午", "%p").replace("下午", "%p"):
        return f"{form!r} reads an hour of twelve without the half of the day: add %p, or read %H"
    if "%p" in form and "%I" not in form:
        return f"{form!r} reads the half of a day without an hour of twelve: read %I with %p"
    return ""


def carries_offset(text: str) -> bool:
    """Return whether a time written as text says its offset from UTC, in figures or by the name of a zone."""
    return len(text) > 10 and bool(_OFFSET.search(text))  # noqa: PLR2004 - longer than a date


def is_time_of_day(text: str) -> bool:
    """Return whether a text is a time of day without its date."""
    return bool(_OF_DAY.match(_in_figures(text)))


def time_formats(values: Sequence[str], *, numbers: bool = True) -> dict[str, float]:
    """Return the fewest formats that read the times of a column, each with the share of values it adds.

    The format that reads most values comes first, and takes them all: a column that says 28/02 anywhere is one of days
    before months throughout. The shares add up to the share of values that are times.

    Args:
        values: What the column holds.
        numbers: A number may be a count of seconds or days; any column of ids looks so.
    """
    left = [_in_figures(_OFFSET.sub("", value) if carries_offset(value) else value) for value in values[:_READ]]
    total, found = len(left), {}
    if numbers and left and (named := _counted(left)):
        return named
    while left:
        # Most formats read nothing of a column: a few values tell which those are.
        tried = left[:: max(len(left) // _TRIED, 1)]
        possible = [
            form for form in (*_FORMATS, *(_RUNS if numbers else ())) if any(_reads(form, value) for value in tried)
        ]
        reads = {form: [value for value in left if _reads(form, value)] for form in possible}
        best = max(reads, key=lambda form: len(reads[form]), default="")
        if not best or not reads[best]:
            break
        found[best] = len(reads[best]) / total
        taken = set(reads[best])
        left = [value for value in left if value not in taken]
    return found


def _counted(values: list[str]) -> dict[str, float]:
    """Return the named format of a column of numbers, if they all lie in the years that tickets come from."""
    stated = [float(value) for value in values if _NUMBER.match(value)]
    for name, (first, last) in _SPANS.items():
        share = sum(first <= number <= last for number in stated) / len(values)
        if share > 0.95:  # noqa: PLR2004 - a mistyped one in twenty
            return {name: share}
    return {}


def _in_figures(value: str) -> str:
    value = value.translate(_HALF_WIDTH)
    for words, half in _HALVES:
        value = words.sub(half, value)
    return value


def _reads(form: str, value: str) -> bool:
    try:
        datetime.strptime(value, form)  # noqa: DTZ007 - only whether it parses
    except ValueError:
        return False
    return True


def months_first_is_assumed(formats: Sequence[str]) -> bool:
    """Return whether a month is read before its day although nothing in the column proves it."""
    return any(form.startswith(("%m/%d", "%m-%d")) for form in formats)
