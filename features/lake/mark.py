"""The mark of an installation that holds tickets of the simulated city; it outlives everything that could be read."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from features.durable import write_whole

MARK: Final = "SIMULATED"
_LOG: Final = logging.getLogger(__name__)
_SAID: Final = "This installation holds tickets of the simulated city. Everything that it says carries the label.\n"


def mark_simulated(*folders: Path) -> None:
    """Leave the mark in folders that are there, for the day on which nothing else can be read."""
    for folder in folders:
        if folder.is_dir() and not (folder / MARK).exists():
            try:
                write_whole(folder / MARK, _SAID.encode())
            except OSError as error:
                _LOG.warning("no mark of simulated tickets in %s: %s", folder, error)
