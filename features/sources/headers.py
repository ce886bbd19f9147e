"""Find the header of a table as people make them: under title lines, over two rows, with columns of one name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

_LOOKED_AT: Final = 40
_DEEPEST: Final = 3
_INVISIBLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_WRAPPED: Final = re.compile(r'="(.*)"$', re.DOTALL)


@dataclass(frozen=True)
class Header:
    """Where a table begins.

    Attributes:
        names: One name for each column, distinct: of several columns of one name each has its number, `受理时间#2`.
        top: Row of the header, 0 being the first.
        body: The first row below it.
        doubled: Names that several columns have, with the places of these columns, 1 being the first.
    """

    names: tuple[str, ...]
    top: int
    body: int
    doubled: dict[str, tuple[int, ...]]


def clean_name(name: object) -> str:
    r"""Return the name of a column without what an export put around it.

    >>> clean_name('\ufeff="工单编号"'), clean_name("受理\n时间 ")
    ('工单编号', '受理时间')
    """
    text = _INVISIBLE.sub("", str(name)).strip()
    wrapped = _WRAPPED.match(text)
    return (wrapped[1] if wrapped else text).strip().removeprefix("'").removeprefix("`").strip()


def named(cells: Sequence[object]) -> tuple[tuple[str, ...], dict[str, tuple[int, ...]]]:
    """Return distinct names for columns, and which names several columns have."""
    names = [clean_name(cell) or f"column{place}" for place, cell in enumerate(cells, start=1)]
    counts = Counter(names)
    doubled = {
        name: tuple(place for place, one in enumerate(names, start=1) if one == name)
        for name, count in counts.items()
        if count > 1
    }
    seen: Counter[str] = Counter()
    distinct = []
    for name in names:
        seen[name] += 1
        distinct.append(f"{name}#{seen[name]}" if name in doubled else name)
    return tuple(distinct), doubled


def find_header(rows: Sequence[Sequence[object]], wanted: Collection[str] = (), *, width: int = 0) -> Header | None:
    """Return the header of a table, None where no row looks like one.

    The row, or the rows, that say most of the wanted names are the header. Where none says two of them it is the first
    row in which most cells are filled, with the row below if that holds the names under its groups.

    Args:
        rows: Cells; None and '' are blank.
        wanted: Names that a mapping looks for.
        width: Cells of a record, where that is known: the header of an export may have one more or one less.
    """
    looked_at = [[clean_name("" if cell is None else cell) for cell in row] for row in rows[:_LOOKED_AT]]
    wanted = {re.sub(r"#\d+$", "", clean_name(name)) for name in wanted}
    choices = [
        (said, -depth, -top)
        for top in range(len(looked_at))
        for depth in range(1, min(_DEEPEST, len(looked_at) - top) + 1)
        if (said := len(wanted.intersection(_combined(looked_at[top : top + depth])))) >= min(2, len(wanted) or 2)
    ]
    # Of several that say as much, the one with fewest rows: a title above a header names no group.
    _, depth, top = max(choices, default=(0, 0, 0))
    if not choices:
        filled = [len({cell for cell in row if cell}) for row in looked_at]
        most = max((sum(cell != "" for cell in row) for row in looked_at), default=0)
        tops = [i for i, count in enumerate(filled) if 2 * count > most or (most == count == 1)]
        if not tops:
            return None
        depth = 2 if len(looked_at) > tops[0] + 1 and _are_groups(*looked_at[tops[0] : tops[0] + 2]) else 1
        depth, top = -depth, -tops[0]
    top, depth = -top, -depth
    cells = _combined(looked_at[top : top + depth])
    cells += [""] * (width - len(cells))
    if width and not any(cells[width:]):
        cells = cells[:width]
    names, doubled = named(cells)
    return Header(names, top, top + depth, doubled)


def _are_groups(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """Return whether the second of two rows names the columns under the merged cells of the first."""
    width = max(len(upper), len(lower))
    above = [bool(cell) for cell in (*upper, *[""] * (width - len(upper)))]
    below = [bool(cell) for cell in (*lower, *[""] * (width - len(lower)))]
    starts = [above[i] and i + 1 < width and not above[i + 1] for i in range(width)]
    expected = [not above[i] or starts[i] for i in range(width)]
    return any(starts) and not all(expected) and below == expected


def _combined(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lowest name of every column; with its group where several groups have one of that name."""
    width = max((len(row) for row in rows), default=0)
    lowest: list[str] = []
    groups: list[str] = []
    group = ""
    for i in range(width):
        cells = [row[i] for row in rows if i < len(row) and row[i]]
        top = rows[0][i] if i < len(rows[0]) else ""
        group = top or group
        lowest.append(cells[-1] if cells else "")
        groups.append(group if cells and cells[-1] != top else "")
    several = {name for name, count in Counter(lowest).items() if count > 1 and name}
    return [
        f"{group}/{name}" if name in several and group and group != name else name
        for name, group in zip(lowest, groups, strict=True)
    ]
