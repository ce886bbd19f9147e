"""Land a batch: one JSON-lines file in `incoming/MAPPING/`, complete or not there at all.

Raw rows hold personal data until ingestion masks them, so the file is readable by its owner only and leaves the folder
as soon as it has been taken.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from features.mappings import mapping_names
from features.settings import Settings
from serve.errors import UnprocessableError


def land(settings: Settings, mapping: str, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write a batch where ingestion will find it, and return the file.

    The name comes from the content: the same batch landed twice before it is taken is one file.

    Raises:
        UnprocessableError: There is no such mapping.
    """
    folder = incoming_folder(settings) / mapping
    if mapping not in mapping_names() and not (folder / "mapping.toml").is_file():
        raise UnprocessableError(f"no mapping {mapping!r}", hint=f"use one of {', '.join(sorted(mapping_names()))}")
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"api-{hashlib.sha256(content).hexdigest()[:16]}.jsonl"
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(target)
    return target


def incoming_folder(settings: Settings) -> Path:
    """Return the folder that the schedule watches."""
    named = str(settings.section("schedule").get("incoming", "incoming"))
    return settings.home / named
