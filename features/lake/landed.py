"""Batches that were handed in through the API and wait for the recitable rules: keys only, no personal data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from features.settings import Settings


def landed_folder(settings: Settings) -> Path:
    """Return the folder that holds one JSON list of ticket keys ("source/ticket_id") per batch."""
    return settings.home / "landed"


def landed_batches(settings: Settings) -> Iterator[tuple[Path, list[str]]]:
    """Yield the waiting batches, oldest name first; the caller removes the file when it is done with it."""
    for path in sorted(landed_folder(settings).glob("*.json")):
        yield path, list(json.loads(path.read_text(encoding="utf-8")))
