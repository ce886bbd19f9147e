"""The folders that a service works in, by what they were when it started: one that was moved away is missed at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from features.settings import Settings
from serve.errors import StoreError


@dataclass(frozen=True)
class Premises:
    """Home and lake as they were found.

    Attributes:
        found: By name, each folder that was there, and which one it was (device and inode).
    """

    found: dict[str, tuple[Path, tuple[int, int]]]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Look at the folders of an installation."""
        places = {"home": settings.home.resolve(), "lake": Path(settings.lake_path).resolve()}
        return cls({name: (place, known) for name, place in places.items() if (known := _identity(place)) is not None})

    def moved(self) -> list[str]:
        """Return the names of the folders that are not there any more, or are others."""
        return [name for name, (place, known) in self.found.items() if _identity(place) != known]

    def refuse_moved(self) -> None:
        """Refuse to take anything into a folder in which nobody would look for it.

        Raises:
            StoreError: A folder was moved away or replaced.
        """
        for name in self.moved():
            raise StoreError("home_moved", path=self.found[name][0])


def _identity(place: Path) -> tuple[int, int] | None:
    try:
        found = place.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
