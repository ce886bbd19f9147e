"""Find the rows in what a feed answers: a list, an object that holds one, a single request, or nothing."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

Row = dict[str, Any]

_HOLDERS: Final = ("service_requests", "requests", "service_request", "request", "results", "records", "data")
"""Names under which servers put the requests: those of GeoReport's XML first."""
_FAILURES: Final = ("error", "errors")
_DEEPEST: Final = 4
_TOKEN: Final = "token"  # noqa: S105 - the name of GeoReport's column


def rows_of(answer: Any, *, known: Collection[str]) -> list[Row] | None:
    """Return the rows of an answer, None if it is none.

    Args:
        answer: Decoded JSON.
        known: Columns that tell a request from an object that holds requests.

    >>> rows_of({"service_requests": [{"request": {"id": ["7"]}}]}, known=["id"])
    [{'id': '7'}]
    >>> rows_of({}, known=["id"])
    []
    >>> rows_of({"error": "no such city"}, known=["id"]) is None
    True
    """
    found = _found(answer, known, depth=0)
    return None if found is None else [_plain(row) for row in found]


def _found(answer: Any, known: Collection[str], *, depth: int) -> list[Row] | None:
    if answer is None or answer in ({}, []):
        return []
    if depth <= _DEEPEST and isinstance(answer, list):
        return _of_list(answer, known, depth=depth)
    if depth <= _DEEPEST and isinstance(answer, dict):
        return [answer] if any(name in answer for name in known) else _of_object(answer, known, depth=depth)
    return None


def _of_object(answer: dict[str, Any], known: Collection[str], *, depth: int) -> list[Row] | None:
    """Return the rows that an object holds; a server may tell the query as `request` beside what it found."""
    if any(answer.get(name) for name in _FAILURES):
        return None
    held = [_found(answer[name], known, depth=depth + 1) for name in _HOLDERS if name in answer]
    return next((rows for rows in held if rows), [] if [] in held else None)


def _of_list(answer: list[Any], known: Collection[str], *, depth: int) -> list[Row] | None:
    """Return the rows of a list: its objects, or what is in those that hold one thing only."""
    rows: list[Row] = []
    for item in answer:
        holds = isinstance(item, list) or (isinstance(item, dict) and len(item) == 1)
        inside = _found(item, known, depth=depth + 1) if holds else None
        if inside is None and not isinstance(item, dict):
            return None
        rows += [item] if inside is None else inside
    return rows


def _plain(row: Row) -> Row:
    """Return a row without the lists of one that some servers make of every value."""
    return {name: _single(value) for name, value in row.items()}


def _single(value: Any) -> Any:
    if isinstance(value, list) and not value:
        return None
    if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], dict | list):
        return value[0]
    return value


def identity(row: Row, ids: Collection[str]) -> str:
    """Return what tells a row from others: its id, else its token, else all of it."""
    for name in (*ids, _TOKEN):
        if not _blank(row.get(name)):
            return f"{name}={row[name]}"
    return repr(row)


def awaits_id(row: Row, ids: Collection[str]) -> bool:
    """Return whether a request has so far only the token under which it was handed in."""
    return not _blank(row.get(_TOKEN)) and all(_blank(row.get(name)) for name in ids)


def _blank(value: Any) -> bool:
    return value is None or not str(value).strip()
