"""Which taxonomy an output rests on."""

from __future__ import annotations

import hashlib
from pathlib import Path

from features.settings import Settings


def taxonomy_version(settings: Settings) -> str:
    """Return the version of the configured crosswalk, by content; `source` when categories are the source's own."""
    path = settings.section("taxonomy").get("crosswalk")
    if not path:
        return "source"
    return f"sha256:{hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]}"
