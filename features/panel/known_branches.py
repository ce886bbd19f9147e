"""The paths of categories that a lake knows at a moment, and what they are called."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

import pandas as pd

from features.branches import OTHER_LABELS, PATH, Branches, name_branches
from features.lake import Lake
from features.lake.duck import duck, instant

_NAMES: Final = ", ".join(PATH)
_SPANS: Final = """min(epoch_us(known_at)) AS known, min(opened_local) AS first, max(opened_local) AS last,
    max(epoch_us(known_at)) AS newest"""
_FILED: Final = "category IS NOT NULL AND opened_local IS NOT NULL"

_FileKey = tuple[str, int]
_PATHS_OF_FILES: Final[dict[_FileKey, pd.DataFrame]] = {}
"""Files of a lake never change: a load adds one, and only that one is read."""
_MOST_FILES: Final = 20_000


def branches_of(lake: Lake, as_of: datetime, *, snapshot: int, others: Sequence[str] = OTHER_LABELS) -> Branches:
    """Return what the paths are called that are known at a moment; a path that comes later changes none of them.

    Args:
        lake: The ticket lake.
        as_of: Aware moment.
        snapshot: Version of the lake.
        others: Labels that mean "other".
    """
    asked = _Asked(lake, snapshot)
    newest = _newest(asked)
    # Whoever asks after the last thing became known is answered alike, whenever that is.
    early = newest is not None and as_of.timestamp() * 1e6 < newest
    return _named(asked, as_of if early else None, tuple(others))


class _Asked:
    """A version of a lake, equal to another object for the same version of the same lake."""

    def __init__(self, lake: Lake, snapshot: int) -> None:
        self.lake, self.snapshot = lake, snapshot
        self.files = [(file, Path(file).stat().st_mtime_ns) for file in lake.store.files(snapshot)]
        self._key = tuple(self.files)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self._key == other._key


@lru_cache(maxsize=16)
def _newest(asked: _Asked) -> int | None:
    """Return when the last thing became known, microseconds since 1970; None of an empty lake."""
    paths = _all_paths(asked)
    return None if paths.empty else int(paths["newest"].max())


@lru_cache(maxsize=64)
def _named(asked: _Asked, as_of: datetime | None, others: tuple[str, ...]) -> Branches:
    return name_branches(_all_paths(asked) if as_of is None else _paths_by(asked, as_of), others)


def _paths_by(asked: _Asked, as_of: datetime) -> pd.DataFrame:
    scan = asked.lake.store.scan(asked.snapshot)
    known = f"known_at <= {instant(as_of)} AND {_FILED}"
    with duck() as connection:
        found: pd.DataFrame = connection.execute(
            f"SELECT {_NAMES}, {_SPANS} FROM {scan} WHERE {known} GROUP BY {_NAMES} ORDER BY {_NAMES}"
        ).df()
    return found


def _all_paths(asked: _Asked) -> pd.DataFrame:
    """Return every path of a version of a lake, from those of its files."""
    new = [file for file in asked.files if file not in _PATHS_OF_FILES]
    if len(_PATHS_OF_FILES) + len(new) > _MOST_FILES:
        _PATHS_OF_FILES.clear()
        new = asked.files
    found = _paths_in(asked, new)
    paths = pd.concat([found.get(file, _PATHS_OF_FILES.get(file)) for file in asked.files] or [_paths_in_none()])
    _PATHS_OF_FILES.update(found)
    spans = {"known": "min", "first": "min", "last": "max", "newest": "max"}
    return paths.groupby(list(PATH), as_index=False, sort=True, dropna=False).agg(spans)


def _paths_in(asked: _Asked, files: Sequence[_FileKey]) -> dict[_FileKey, pd.DataFrame]:
    if not files:
        return {}
    scan = asked.lake.store.scan_files([file for file, _ in files])
    with duck() as connection:
        query = f"SELECT filename, {_NAMES}, {_SPANS} FROM {scan} WHERE {_FILED} GROUP BY filename, {_NAMES}"
        found = connection.execute(query).df()
    by_file = {str(name): rows.drop(columns="filename") for name, rows in found.groupby("filename")}
    return {(file, changed): by_file.get(file, _paths_in_none()) for file, changed in files}


def _paths_in_none() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype="str") for name in PATH}).assign(
        **{name: pd.Series(dtype="int64") for name in ("known", "newest")},
        **{name: pd.Series(dtype="datetime64[us]") for name in ("first", "last")},
    )
