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


def version_of(crosswalk: Crosswalk, settings: Settings) -> str:
    """Return the version of a crosswalk together with the installation's precedence of sources.

    `none` without either; without a precedence, the hash of the crosswalk alone.
    """
    precedence = settings.taxonomy.precedence
    if not precedence:
        return crosswalk.version
    return hashlib.sha256(f"{crosswalk.version} {precedence}".encode()).hexdigest()[:12]


def taxonomy_version(settings: Settings) -> str:
    """Return the version that outputs carry; its crosswalk is kept, so that the output can be read in later labels."""
    crosswalk = crosswalk_for(settings)
    if len(crosswalk) and not _copy_of(crosswalk, settings).exists():
        _write(crosswalk, _copy_of(crosswalk, settings))
    return version_of(crosswalk, settings)


def install_crosswalk(crosswalk: Crosswalk, settings: Settings) -> Path:
    """Put a checked crosswalk in force and keep a copy under its version; return where it lies."""
    path = crosswalk_path(settings)
    for target in (_copy_of(crosswalk, settings), path):
        _write(crosswalk, target)
    return path


def _copy_of(crosswalk: Crosswalk, settings: Settings) -> Path:
    return crosswalk_path(settings).with_name(f"crosswalk-{crosswalk.version}.csv")


def _write(crosswalk: Crosswalk, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.write_text(crosswalk.rows.to_csv(index=False, date_format="%Y-%m-%d"), encoding="utf-8")
    part.replace(target)
