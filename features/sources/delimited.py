"""Read CSV as people have it: title lines above, mixed line ends, stray quotes.

DuckDB reads a sound file by itself. One that it stumbles over is written anew, record by record: broken records become
rows that say so, and no sound record is lost with them.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from features.sources.encoding import LOST, MARK_LOST, opened
from features.sources.headers import Header, find_header

_SAMPLE: Final = 1 << 18
_RECORDS: Final = 200
_DELIMITERS: Final = (",", ";", "\t", "|", "\x01")
_LONGEST: Final = 200
"""A record with line breaks inside goes over no more lines."""
TELLING: Final = 4
"""A line of so many cells inside quotes is a record that was swallowed; one of fewer may be a sentence."""
_NEWLINE: Final = re.compile(r"\r\n|\n|\r")
_CHUNK: Final = 1 << 20


@dataclass(frozen=True)
class Dialect:
    """How a CSV is written.

    Attributes:
        delimiter: Between cells.
        escape: Before a quote inside quotes: a second quote, or a backslash.
        header: Its header.
        skipped: Lines before the first record, the header's own with them.
        skip: The same as DuckDB counts: a line break inside quotes ends no line.
        sound: No quote above the first record is broken.
    """

    delimiter: str
    escape: str
    header: Header
    skipped: int
    skip: int
    sound: bool


def find_dialect(path: Path, *, wanted: Collection[str], tabs: bool) -> Dialect | None:
    """Return how a CSV in UTF-8 is written, None if no line of it looks like a header.

    Args:
        path: The file.
        wanted: Names that a mapping looks for.
        tabs: Its name says that tabs divide it.
    """
    with opened(path) as file:
        sample = file.read(_SAMPLE)
    text = sample.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = _NEWLINE.split(text)
    if len(sample) == _SAMPLE and len(lines) > 1:
        # The sample may end in the middle of a line.
        del lines[-1]
    backslashes = '\\"' in text and '""' not in re.sub(r'(^|[,;\t|\n\r])""(?=[,;\t|\n\r]|$)', r"\1", text)
    choices = []
    for delimiter in ("\t",) if tabs else _DELIMITERS:
        escape = '"'
        records = list(_records(iter(lines[:_RECORDS]), delimiter, escape))
        if backslashes and any(problem for _, _, problem in records):
            # A cell may end in a backslash; only where that leaves broken records does it stand for a quote.
            escape = "\\"
            records = list(_records(iter(lines[:_RECORDS]), delimiter, escape))
        widths = Counter(len(cells) for cells, _, _ in records if cells and len(cells) > 1)
        width, count = widths.most_common(1)[0] if widths else (1, 0)
        rows = [cells or [] for cells, _, _ in records]
        header = find_header(rows, wanted, width=width if 2 * count > len(records) else 0)
        if header is None:
            continue
        said = len(set(wanted) & set(header.names))
        skipped = records[header.body][1] if header.body < len(records) else len(lines)
        above = records[: header.body]
        inside = sum(cell.count("\n") for cells, _, _ in above for cell in cells or ())
        sound = not any(problem for _, _, problem in above)
        dialect = Dialect(delimiter, escape, header, skipped, skipped - inside, sound)
        choices.append((said, count * (width > 1), width, dialect))
    return max(choices, key=lambda choice: choice[:3])[3] if choices else None


def mend(path: Path, dialect: Dialect, target: Path) -> None:
    """Write a CSV anew as one that DuckDB reads without fail, with a last column that says why a record is broken.

    Args:
        path: The file, in UTF-8.
        dialect: How it is written.
        target: The copy: commas, line feeds, no header.
    """
    width = len(dialect.header.names)
    with (
        io.TextIOWrapper(opened(path), "utf-8", MARK_LOST, newline="") as file,
        target.open("w", encoding="utf-8", newline="") as sink,
    ):
        writer = csv.writer(sink, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for cells, line, broken in _records(_lines(file), dialect.delimiter, dialect.escape, width):
            if line < dialect.skipped:
                continue
            problem = broken or _problem(cells or [], width)
            writer.writerow([*([""] * width), problem] if problem else [*(cells or [])[:width], ""])


def _problem(cells: list[str], width: int) -> str:
    if any(LOST in cell for cell in cells):
        return "bytes that are no text"
    if len(cells) < width:
        return "missing columns"
    return "too many columns" if any(cells[width:]) else ""


def _lines(file: io.TextIOBase) -> Iterator[str]:
    """Yield lines without their ends, whatever these are."""
    rest = ""
    while chunk := file.read(_CHUNK):
        text = rest + chunk
        if text.endswith("\r"):
            # The second half of this line end may be in the next chunk.
            more = file.read(1)
            text += more
        *whole, rest = _NEWLINE.split(text)
        yield from whole
    if rest:
        yield rest


def _records(
    lines: Iterator[str], delimiter: str, escape: str, width: int = 0
) -> Iterator[tuple[list[str] | None, int, str]]:
    """Yield the cells of each record, the line it begins in from 0, and why it is broken; blank lines are none.

    A quote that is never closed breaks its own line and no other.
    """
    waiting: list[str] = []
    number = -1

    def following() -> str | None:
        nonlocal number
        line = waiting.pop(0) if waiting else next(lines, None)
        number += line is not None
        return line

    while (line := following()) is not None:
        if not line.strip("\x00 \t"):
            continue
        first = number
        cells, state = _split(line, delimiter, escape)
        if state == "unterminated quote":
            more: list[str] = []
            swallowed = False
            while state == "unterminated quote" and len(more) < _LONGEST and (then := following()) is not None:
                more.append(then)
                if swallowed := width >= TELLING and _is_record(then, delimiter, escape, width):
                    break
                cells, state = _split("\n".join([line, *more]), delimiter, escape)
            if state or swallowed or (width and len(cells) != width):
                waiting[:0] = more
                number = first
                state = state or "unterminated quote"
        yield (None, first, state) if state else (cells, first, "")


def _is_record(line: str, delimiter: str, escape: str, width: int) -> bool:
    """Return whether a line that stands inside quotes is a record by itself.

    The line in which a cell ends has quotes between its other cells; the last of swallowed records has one at its end.
    """
    cells, problem = _split(line, delimiter, escape)
    if problem or len(cells) != width:
        return False
    # What a reader of sound CSV makes of it, and what is left when no quote means anything.
    plain = line.split(delimiter)
    loose = any('"' in cell and not cell.startswith('"') for cell in plain)
    return not loose or (line.count('"') == 1 and line.endswith('"'))


def _split(record: str, delimiter: str, escape: str) -> tuple[list[str], str]:
    """Return the cells of a record, and what is wrong with it, '' if nothing is."""
    if '"' not in record:
        return record.split(delimiter), ""
    cells: list[str] = []
    place, end = 0, len(record)
    while True:
        if record.startswith('"', place):
            value, place, problem = _quoted(record, place + 1, delimiter, escape)
            if problem:
                return cells, problem
            cells.append(value)
        else:
            stop = record.find(delimiter, place)
            stop = end if stop < 0 else stop
            # A quote inside a cell that begins with none is an inch or a nickname.
            cells.append(record[place:stop])
            place = stop
        if place >= end:
            return cells, ""
        place += 1


def _quoted(record: str, place: int, delimiter: str, escape: str) -> tuple[str, int, str]:
    parts: list[str] = []
    while True:
        stop = record.find('"', place)
        if stop < 0:
            return "", place, "unterminated quote"
        if escape == "\\" and stop > place and record[stop - 1] == "\\":
            parts.append(record[place : stop - 1] + '"')
            place = stop + 1
        elif escape == '"' and record.startswith('""', stop):
            parts.append(record[place : stop + 1])
            place = stop + 2
        else:
            after = stop + 1
            while after < len(record) and record[after] == " " != delimiter:
                after += 1
            if after < len(record) and record[after] != delimiter:
                return "", place, "stray quote"
            return "".join([*parts, record[place:stop]]), after, ""
