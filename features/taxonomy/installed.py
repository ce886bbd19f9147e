"""The crosswalk of an installation: `<home>/taxonomy/crosswalk.csv`, and every earlier one beside it by its version."""

from __future__ import annotations

import hashlib
from pathlib import Path

from features.settings import Settings
from features.taxonomy.crosswalk import Crosswalk, empty_crosswalk, read_crosswalk


def crosswalk_path(settings: Settings) -> Path:
    """Return where the crosswalk lies: `[taxonomy] crosswalk` of the configuration, or under `home`."""
    return settings.taxonomy.crosswalk or settings.home / "taxonomy" / "crosswalk.csv"


def crosswalk_for(settings: Settings) -> Crosswalk:
    """Return the installed crosswalk, an empty one when none is.

    Raises:
        CrosswalkError: The installed file is wrong.
    """
    path = crosswalk_path(settings)
    return read_crosswalk(path) if path.exists() else empty_crosswalk()


def taxonomy_version(settings: Settings) -> str:
    """Return the version that outputs carry: the hash of the installed crosswalk and of the precedence of sources.

    `none` without either; without a precedence, the hash of the crosswalk alone.
    """
    version = crosswalk_for(settings).version
    precedence = settings.taxonomy.precedence
    if not precedence:
        return version
    return hashlib.sha256(f"{version} {precedence}".encode()).hexdigest()[:12]


def install_crosswalk(crosswalk: Crosswalk, settings: Settings) -> Path:
    """Put a checked crosswalk in force and keep a copy under its version; return where it lies."""
    path = crosswalk_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = crosswalk.rows.to_csv(index=False, date_format="%Y-%m-%d")
    for target in (path.with_name(f"crosswalk-{crosswalk.version}.csv"), path):
        part = target.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.replace(target)
    return path
