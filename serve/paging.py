"""Cursor paging: an opaque token that says where the next page starts, stable while rows are added."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import Query

from serve.errors import UnprocessableError
from serve.values import FIRST_YEAR, LAST_YEAR

Cursor = list[int | str]

MAX_LIMIT: Final = 1000
_LARGEST: Final = 2**62
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")

LimitQuery = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows per page")]
CursorQuery = Annotated[
    str | None,
    Query(max_length=2000, pattern=r"^[A-Za-z0-9_-]*$", description="`next_cursor` of the page before"),
]


@dataclass(frozen=True)
class Cut:
    """Which rows of a list are shown, so that the page can say `first to last of total` and where the rest is."""

    first: int
    last: int
    total: int
    page: int
    pages: int

    @classmethod
    def of(cls, total: int, *, page: int, size: int) -> Cut:
        """Return the rows of a page, the last page where there are fewer.

        >>> Cut.of(95, page=3, size=40)
        Cut(first=81, last=95, total=95, page=3, pages=3)
        """
        pages = max(-(-total // size), 1)
        page = min(max(page, 1), pages)
        first = (page - 1) * size
        return cls(min(first + 1, total), min(first + size, total), total, page, pages)

    @property
    def rows(self) -> slice:
        """The rows shown."""
        return slice(max(self.first - 1, 0), self.last)


def encode(cursor: Cursor) -> str:
    """Return the token of a position."""
    return base64.urlsafe_b64encode(json.dumps(cursor, ensure_ascii=False).encode()).decode().rstrip("=")


def moment(part: int | str) -> datetime:
    """Return the time in a part of a cursor.

    Raises:
        UnprocessableError: The part is not a time.
    """
    try:
        found = datetime.fromisoformat(str(part))
    except ValueError as error:
        raise UnprocessableError("cursor_invalid") from error
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise UnprocessableError("cursor_invalid")
    return found


def decode(token: str | None, kinds: tuple[type, ...]) -> Cursor | None:
    """Return the position in a token, None for none.

    Args:
        token: What the caller handed back.
        kinds: The types of the position's parts.

    Raises:
        UnprocessableError: The token was not made by `encode` for this list.
    """
    if token is None:
        return None
    try:
        cursor = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        cursor = None
    fits = isinstance(cursor, list) and len(cursor) == len(kinds)
    if not fits or not all(_is(part, kind) for part, kind in zip(cursor, kinds, strict=True)):
        raise UnprocessableError("cursor_invalid")
    return list(cursor)


def _is(part: object, kind: type) -> bool:
    if type(part) is not kind:
        return False
    # A database integer has 64 bits, a database text no NUL and no half of a character.
    return abs(part) < _LARGEST if isinstance(part, int) else _UNSTORABLE.search(str(part)) is None
