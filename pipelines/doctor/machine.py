"""Whether this machine and this environment can run weisu at all."""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from features.clock import Clock
from features.foreign_paths import sqlite_file
from features.settings import Settings
from pipelines.doctor.findings import Found, Status

DISTRIBUTION: Final = "weisu"
PACKAGES: Final = ("features", "models", "pipelines", "serve")
_OLDEST_PYTHON: Final = (3, 11)
_LITTLE_SPACE: Final = 2 * 1024**3
_NO_SPACE: Final = 64 * 1024**2
_CJK_FONT: Final = re.compile(
    r"cjk|notosans(sc|hans)|source ?han|wqy|wenquanyi|simhei|simsun|simkai|msyh|pingfang|droidsansfallback|uming|ukai",
    re.IGNORECASE,
)


def foreign_owners(owners: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return which of our top-level packages other distributions claim as well.

    Args:
        owners: Top-level name -> distributions, as `importlib.metadata.packages_distributions()` gives it.
    """
    found = {name: sorted({dist for dist in owners.get(name, ()) if dist.lower() != DISTRIBUTION}) for name in PACKAGES}
    return {name: others for name, others in found.items() if others}


def _names(_settings: Settings, _clock: Clock) -> Found:
    foreign = foreign_owners(importlib.metadata.packages_distributions())
    if foreign:
        claims = "; ".join(f"{name}: {', '.join(others)}" for name, others in foreign.items())
        return (
            Status.FAIL,
            f"another distribution owns a package of ours ({claims})",
            "uninstall it from this environment",
        )
    homes = {name: _home_of(name) for name in PACKAGES}
    if len(set(homes.values())) > 1:
        places = "; ".join(f"{name} from {place}" for name, place in homes.items())
        return (
            Status.FAIL,
            f"our packages come from different folders ({places})",
            "set PYTHONSAFEPATH=1, clear PYTHONPATH",
        )
    return Status.OK, f"{', '.join(PACKAGES)} are ours", ""


def _home_of(package: str) -> str:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return "nowhere"
    return str(Path(spec.origin).parent.parent)


def _python(_settings: Settings, _clock: Clock) -> Found:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _OLDEST_PYTHON:
        return Status.FAIL, f"Python {version}", "use Python 3.11 or newer"
    return Status.OK, f"Python {version}", ""


def _openmp(_settings: Settings, _clock: Clock) -> Found:
    if sys.platform.startswith("linux"):
        try:
            ctypes.CDLL("libgomp.so.1")
        except OSError:
            return (
                Status.FAIL,
                "LightGBM needs libgomp.so.1, which is not here",
                "install libgomp1 (Debian) or libgomp (RHEL)",
            )
    import lightgbm

    return Status.OK, f"LightGBM {lightgbm.__version__} loads", ""


def _home(settings: Settings, _clock: Clock) -> Found:
    places = [settings.home, Path(settings.lake_path), settings.mlruns]
    store = sqlite_file(settings.store_url)
    places += [store.parent] if store is not None else []
    free = {}
    for place in dict.fromkeys(_nearest(place) for place in places):
        try:
            with tempfile.NamedTemporaryFile(dir=place) as file:
                file.write(b"weisu")
                file.flush()
        except OSError as error:
            return (
                Status.FAIL,
                f"cannot write to {place}: {error.strerror}",
                "mend its permissions or make room (`weisu lake vacuum`), or choose another --home",
            )
        free[place] = shutil.disk_usage(place).free
    place, least = min(free.items(), key=lambda item: item[1])
    if least < _NO_SPACE:
        return Status.FAIL, f"only {least / 1024**2:.0f} MiB are free under {place}", "make room: `weisu lake vacuum`"
    if least < _LITTLE_SPACE:
        return Status.WARN, f"only {least / 1024**3:.1f} GiB are free under {place}", "make room: `weisu lake vacuum`"
    return Status.OK, f"{settings.home.resolve()} is writable, {least / 1024**3:.0f} GiB free", ""


def _nearest(place: Path) -> Path:
    """Return a folder, or the nearest one above it that is there."""
    whole = place.resolve()
    return next(folder for folder in (whole, *whole.parents) if folder.exists())


def _fonts(_settings: Settings, _clock: Clock) -> Found:
    from matplotlib import font_manager

    found = sorted(Path(path).name for path in font_manager.findSystemFonts() if _CJK_FONT.search(Path(path).name))
    if not found:
        return Status.WARN, "no font with Chinese characters: PDF and images show boxes", "install fonts-noto-cjk"
    return Status.OK, found[0], ""


CHECKS: Final = {"package names": _names, "python": _python, "openmp": _openmp, "home": _home, "fonts": _fonts}
"""The checks of the machine, by name."""
