"""The crosswalk of an installation: `<home>/taxonomy/crosswalk.csv`, and every earlier one beside it by its version."""

from __future__ import annotations

import hashlib
from pathlib import Path

from features.durable import write_whole
from features.settings import Settings
from features.taxonomy.crosswalk import NO_CROSSWALK, Crosswalk, empty_crosswalk, read_crosswalk


def crosswalk_path(settings: Settings) -> Path:
    """Return where the crosswalk lies: `[taxonomy] crosswalk` of the configuration, or under `home`."""
    return settings.taxonomy.crosswalk or settings.home / "taxonomy" / "crosswalk.csv"


def crosswalk_for(settings: Settings) -> Crosswalk:
    """Return the installed crosswalk, an empty one when none is.

    Raises:
        CrosswalkError: The installed file is wrong.
    """
    path = crosswalk_path(settings)
    return read_crosswalk(path, bounds=settings.bounds) if path.exists() else empty_crosswalk()


def version_of(crosswalk: Crosswalk, settings: Settings) -> str:
    """Return the version of a crosswalk together with the installation's precedence of sources.

    The hash of the crosswalk (`none` without one); where sources are ranked, `+` and the hash of the ranking.
    """
    precedence = settings.taxonomy.precedence
    if not precedence:
        return crosswalk.version
    return f"{crosswalk.version}+{hashlib.sha256(str(precedence).encode()).hexdigest()[:8]}"


def labels_part(version: str) -> str:
    """Return the part of a version that names the crosswalk: which source counts changes no label.

    >>> labels_part("f4cb54608719+1c0ffee0")
    'f4cb54608719'
    """
    return version.partition("+")[0]


def kept_crosswalk(settings: Settings, version: str) -> Crosswalk | None:
    """Return the crosswalk that was in force under a version; None where it is not kept.

    Raises:
        CrosswalkError: The installed crosswalk, or the copy that was kept, is wrong.
    """
    wanted = labels_part(version)
    if wanted in {NO_CROSSWALK, ""}:
        return empty_crosswalk()
    current = crosswalk_for(settings)
    if current.version == wanted:
        return current
    copy = _copy_of(wanted, settings)
    return read_crosswalk(copy, bounds=settings.bounds) if copy.exists() else None


def taxonomy_version(settings: Settings, crosswalk: Crosswalk | None = None) -> str:
    """Return the version that an output carries; its crosswalk is kept, so that the output can be read in later labels.

    Args:
        settings: The installation.
        crosswalk: What the output was made with; the installed one when None.
    """
    crosswalk = crosswalk_for(settings) if crosswalk is None else crosswalk
    copy = _copy_of(crosswalk.version, settings)
    if len(crosswalk) and not copy.exists():
        _write(crosswalk, copy)
    return version_of(crosswalk, settings)


def install_crosswalk(crosswalk: Crosswalk, settings: Settings) -> Path:
    """Put a checked crosswalk in force and keep a copy under its version; return where it lies."""
    path = crosswalk_path(settings)
    for target in (_copy_of(crosswalk.version, settings), path):
        _write(crosswalk, target)
    return path


def _copy_of(version: str, settings: Settings) -> Path:
    return settings.home / "taxonomy" / f"crosswalk-{version}.csv"


def _write(crosswalk: Crosswalk, target: Path) -> None:
    write_whole(target, crosswalk.rows.to_csv(index=False, date_format="%Y-%m-%d").encode())
