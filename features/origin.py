"""Whether what an installation holds is invented: told by the installation and its lake, whatever else can be read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import structlog

from features.lake.mark import MARK, mark_simulated
from features.reasons import Reason, ReasonCode, Reasons
from features.settings import Settings
from features.vocabulary import is_simulated

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Origin:
    """Where an installation's tickets come from.

    Attributes:
        simulated: Some of them are of the simulated city, so everything that is said carries the label.
        missing: Why that cannot be told, if it cannot.
    """

    simulated: bool
    missing: Reasons = ()


def origin_of(settings: Settings) -> Origin:
    """Return where the tickets of an installation come from: by its mark, else by the load log of its lake."""
    lake = Path(settings.lake_path)
    marked = [(folder / MARK).exists() for folder in (lake, settings.home)]
    if any(marked):
        if not all(marked):
            mark_simulated(lake, settings.home)
        return Origin(simulated=True)
    try:
        log = lake / "loads" / "_delta_log"
        found = log.is_dir() and _loads_are_simulated(settings.lake_path, settings.timezone, log.stat().st_mtime_ns)
    except Exception:  # noqa: BLE001 - whatever keeps the log from being read, the reader is told
        _log.exception("the load log cannot be read")
        return Origin(simulated=False, missing=(Reason(ReasonCode.ORIGIN_UNKNOWN),))
    if found:
        mark_simulated(lake, settings.home)
    return Origin(simulated=found)


@lru_cache(maxsize=8)
def _loads_are_simulated(path: str, timezone: str, changed: int) -> bool:
    """Return whether any load was of the simulated city; `changed` tells one state of the log from the next."""
    del changed
    from features.lake import Lake

    return any(is_simulated(state.source) for state in Lake.open(path, timezone=timezone).sources())
