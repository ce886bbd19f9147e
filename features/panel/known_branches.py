"""The paths of categories that a lake knows at a moment, and what they are called."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from features.branches import OTHER_LABELS, PATH, Branches, name_branches
from features.lake import Lake
from features.lake.duck import duck, instant


def branches_of(lake: Lake, as_of: datetime, *, snapshot: int, others: Sequence[str] = OTHER_LABELS) -> Branches:
    """Return what the paths are called that are known at a moment; a path that comes later changes none of them.

    Args:
        lake: The ticket lake.
        as_of: Aware moment.
        snapshot: Version of the lake.
        others: Labels that mean "other".
    """
    return _named(_Asked(lake, snapshot), as_of, tuple(others))


class _Asked:
    """A version of a lake, equal to another object for the same version of the same lake."""

    def __init__(self, lake: Lake, snapshot: int) -> None:
        self.lake, self.snapshot = lake, snapshot
        self._key = (str(lake.path.resolve()), *lake.store.files(snapshot))

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self._key == other._key


@lru_cache(maxsize=64)
def _named(asked: _Asked, as_of: datetime, others: tuple[str, ...]) -> Branches:
    names = ", ".join(PATH)
    with duck() as connection:
        paths = connection.execute(f"""SELECT {names}, min(epoch_us(known_at)) AS known, min(opened_local) AS first,
            max(opened_local) AS last FROM {asked.lake.store.scan(asked.snapshot)}
            WHERE known_at <= {instant(as_of)} AND category IS NOT NULL AND opened_local IS NOT NULL
            GROUP BY {names} ORDER BY {names}""").df()
    return name_branches(paths, others)
