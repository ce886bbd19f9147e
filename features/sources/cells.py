"""SQL for what a cell says: without the guards that exports put before it, invisible characters and words for nothing.

Hardly any row of a file needs it, so one pattern over all cells of a row tells first whether this one does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final

from features.lake.duck import literal

INVISIBLE: Final = (
    r"\x00-\x1f\x7f-\x{9f}"  # controls, NUL, tab, line breaks
    r"\x{ad}\x{34f}\x{180e}\x{200b}-\x{200d}\x{2060}-\x{2064}\x{feff}\x{fff9}-\x{fffb}"  # zero width, byte-order mark
    r"\x{61c}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2066}-\x{206f}"  # bidirectional marks
    r"\x{2028}\x{2029}\x{e0000}-\x{e007f}"  # separators of lines and paragraphs, tags
)
"""A character class: what nobody sees, and nobody means as part of an id or a label."""

_BREAKS: Final = r"\t\n\x{b}\f\r\x{85}\x{2028}\x{2029}"
_HAN: Final = r"[\p{Han}\x{3000}-\x{303f}\x{ff00}-\x{ffef}]"
_CUT: Final = r"[+-]?(?:\d+(?:[.,]\d+)?[eE]\+\d+|\d+[.,]\d+[eE]\d+)"
_EXACT: Final = {"DOUBLE": 2**53, "FLOAT": 2**24}
"""From here on a floating-point number no longer tells two whole numbers apart."""
_EDGE: Final = "|"
_GUARD, _GUARDED = "^'(.*)'$|^`(.*)`$|^['`]", r"\1\2"
_WRAPPED, _INSIDE = r'^="((?s:.*))"$', r"\1"


class Cell(Enum):
    """What a column holds, which decides what may be taken off its cells."""

    ID = "id"
    """Ids, codes, callers: a leading apostrophe or backtick is a guard."""
    TIME = "time"
    """Times: the same, but a line break stands for a blank."""
    LABEL = "label"
    """Labels: an apostrophe may belong to the name, unless every filled cell has one."""
    TEXT = "text"
    """Free text: only what stands around it comes off."""


def stated(column: str, kind: str) -> str:
    """Return a column as the text that a person would read: whole numbers without `.0`.

    A number with more digits than its type can hold has lost some: it is written in scientific notation, and refused.

    Args:
        column: The column, as SQL.
        kind: Its DuckDB type.
    """
    exact = _EXACT.get(kind)
    if exact is None:
        return column if kind == "VARCHAR" else f"{column}::VARCHAR"
    return (
        f"CASE WHEN isnan({column}) THEN NULL WHEN abs({column}) >= {exact} THEN printf('%.16e', {column}::DOUBLE) "
        f"WHEN {column} = trunc({column}) THEN {column}::BIGINT::VARCHAR ELSE {column}::VARCHAR END"
    )


def needs_care(cells: Iterable[str], blanks: Iterable[str]) -> str:
    """Return the SQL of: any of these cells of a row, given as SQL, says more or other than its value."""
    edge = re.escape(_EDGE)
    words = "|".join(re.escape(word.strip()) for word in blanks)
    parts = [
        f"[{INVISIBLE}]",
        rf"{edge}[\pZ'`]",
        rf"\pZ{edge}",
        f'{edge}="',
        rf"{edge}[+-]?\d+\.0+{edge}",
        rf"{edge}[+-]?\d+(?:[.,]\d+)?[eE][+\d]",
    ]
    if words:
        parts.append(f"{edge}(?i:{words}){edge}")
    between = f", '{_EDGE}', "
    return f"regexp_matches(concat('{_EDGE}', {between.join(cells)}, '{_EDGE}'), {literal('|'.join(parts))})"


def cleaned(
    text: str, cell: Cell, *, care: str, blanks: Iterable[str], guarded: bool = False, whole: bool = False
) -> str:
    """Return the SQL of a cell's value, NULL where it is blank.

    Args:
        text: The cell as text, as SQL.
        cell: What its column holds.
        care: SQL that is true where `needs_care` is.
        blanks: Words that stand for nothing, in any case.
        guarded: Every filled cell of the column has an apostrophe or a backtick in front.
        whole: A number that lost digits is blank.
    """
    words = tuple(blanks)
    if cell is Cell.TEXT:
        care, value = _text_needs_care(text, words), _text(text, words)
    else:
        value = _label(text, cell, words, guarded=guarded, whole=whole)
    return f"CASE WHEN {care} THEN {value} ELSE nullif({text}, '') END"


def lost_digits(value: str) -> str:
    """Return the SQL of: this value is a number of which a spreadsheet kept only the first digits."""
    return f"regexp_full_match({value}, {literal(_CUT)})"


def any_lost_digits(texts: Iterable[str]) -> str:
    """Return the SQL of: one of these cells, as they stand in the source, is such a number."""
    pattern = rf"\x1f[^\w+\x1f-]*{_CUT}[^\w\x1f]*\x1f"
    return f"regexp_matches(concat(chr(31), {', chr(31), '.join(texts)}, chr(31)), {literal(pattern)})"


def is_guarded(values: Iterable[str | None]) -> bool:
    """Return whether every filled cell has an apostrophe or a backtick in front, and not one label alone says so.

    >>> is_guarded(["'美兰区", None, "'龙华区"]), is_guarded(["'s-Hertogenbosch", "'s-Hertogenbosch"])
    (True, False)
    """
    filled = {text for value in values if value and (text := value.strip())}
    return len(filled) > 1 and all(text[0] in "'`" for text in filled)


def _text_needs_care(text: str, blanks: tuple[str, ...]) -> str:
    # Only the two ends of a text are looked at, and by comparisons: a first letter is told without reading the rest.
    longest = max((len(word.encode()) for word in blanks), default=0) + 1
    firsts = ((0, 33), (127, 174), (0x200B, 0x2070), (0x3000, 0x3001), (0xFEFF, 0xFF00))
    starts = " OR ".join(f"{text} BETWEEN chr({first}) AND chr({last})" for first, last in firsts)
    ends = f"regexp_matches({text}, {literal(rf'[{INVISIBLE}{chr(92)}pZ]$')})"
    return f"{starts} OR {text} BETWEEN '=\"' AND '=#' OR {ends} OR strlen({text}) <= {longest}"


def _text(text: str, blanks: tuple[str, ...]) -> str:
    around = rf"^[{INVISIBLE}\pZ]+|[{INVISIBLE}\pZ]+$"
    return _unless_blank(_unwrapped(_replaced(text, around, "", every=True)), blanks)


def _label(text: str, cell: Cell, blanks: tuple[str, ...], *, guarded: bool, whole: bool) -> str:
    value = text
    if cell is Cell.TIME:
        value = _replaced(value, f"[{_BREAKS}]+", " ", every=True)
    if cell is Cell.LABEL:
        # Between Chinese characters a line break is no word boundary.
        value = _replaced(value, f"({_HAN}) *[{_BREAKS}]+ *", r"\1", every=True)
        value = _replaced(value, f" *[{_BREAKS}]+ *({_HAN})", r"\1", every=True)
        value = _replaced(value, f"(\\S) *[{_BREAKS}]+ *(\\S)", r"\1 \2", every=True)
    value = _unwrapped(f"trim({_replaced(value, f'[{INVISIBLE}]+', '', every=True)})")
    if cell is not Cell.LABEL or guarded:
        value = f"trim({_replaced(value, _GUARD, _GUARDED)})"
    if cell is not Cell.TIME:
        value = _replaced(value, r"^([+-]?\d+)\.0+$", r"\1")
    return _unless_blank(_replaced(value, f"^{_CUT}$", "") if whole else value, blanks)


def _unwrapped(value: str) -> str:
    """Return a value without the `="..."` that keeps a spreadsheet from reading a number."""
    return f"trim({_replaced(value, _WRAPPED, _INSIDE)})"


def _unless_blank(value: str, blanks: tuple[str, ...]) -> str:
    words = "|".join(re.escape(word.strip()) for word in blanks)
    return f"nullif({_replaced(value, f'^(?i:{words})$', '') if words else value}, '')"


def _replaced(value: str, pattern: str, by: str, *, every: bool = False) -> str:
    options = ", 'g'" if every else ""
    return f"regexp_replace({value}, {literal(pattern)}, {literal(by)}{options})"
