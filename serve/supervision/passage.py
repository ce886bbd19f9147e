"""How time has passed since the last round: as it should, by a jump of the clock, or while nobody was there.

A round believes the wall clock only as far as the steady clock agrees, and the stored moment of an earlier process only
where it is not later than now. After a pause departments are reminded before anybody above them is told, and while the
clock is elsewhere than the steady one says, no alert ends: a person looks, and starts the scheduler again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from features.clock import SKEW, Clock, is_ahead
from features.durable import write_whole
from features.settings import Settings

_log = structlog.get_logger(__name__)

_FILE: Final = "last-round.json"
_JUMP: Final = timedelta(minutes=5)
"""Steps of a clock below this are its ordinary setting."""
_WRITTEN_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Passage:
    """What is known of the time since the last round.

    Attributes:
        idle: Nobody made rounds for so long before this process did, or the clock has just jumped: remind first.
        jumped: So far is the clock from where the steady clock, or the last round, says that it should be.
    """

    idle: timedelta = timedelta(0)
    jumped: timedelta = timedelta(0)

    @property
    def may_end(self) -> bool:
        """Whether alerts may end in this round."""
        return not self.idle and not self.jumped

    @property
    def may_climb(self) -> bool:
        """Whether anybody above the department may be told in this round."""
        return not self.idle


@dataclass(frozen=True)
class _Look:
    wall: datetime
    steady: float
    jumped: timedelta
    written: datetime | None


_looks: dict[tuple[Path, type], _Look] = {}


def look(settings: Settings, clock: Clock, *, newest: Callable[[], datetime | None] = lambda: None) -> Passage:
    """Return how time has passed since the last round of this installation, and remember this one.

    Args:
        settings: The installation.
        clock: The present.
        newest: Tells the newest moment at which anything happened to an alert, where no round was written down.
    """
    path, now, steady = settings.home.resolve() / _FILE, clock.now(), clock.steady()
    before = _looks.get((path, type(clock)))
    passage = _at_start(last_round(settings), now, newest) if before is None else _since(before, now, steady)
    # What a process finds as it starts is told once; what it sees itself lasts until the clock is back.
    jumped = timedelta(0) if before is None else passage.jumped
    written = before.written if before is not None else None
    if passage.jumped and (before is None or not before.jumped):
        _log.error(
            "the clock has jumped: no alert ends until it is back, or the scheduler starts again", by=str(jumped)
        )
    if written is None or abs(now - written) >= _WRITTEN_EVERY or bool(jumped) != bool(before and before.jumped):
        _write(path, now, jumped)
        written = now
    _looks[path, type(clock)] = _Look(now, steady, jumped, written)
    return passage


def last_round(settings: Settings) -> tuple[datetime, timedelta] | None:
    """Return when the last round was, and how far the clock had jumped then; None when there was none."""
    try:
        kept = json.loads((settings.home / _FILE).read_text(encoding="utf-8"))
        return datetime.fromisoformat(kept["at"]), timedelta(seconds=float(kept["jumped_s"]))
    except (OSError, ValueError, TypeError, KeyError):
        # What is lost or damaged is as good as none: the next round writes it anew.
        return None


def _at_start(kept: tuple[datetime, timedelta] | None, now: datetime, newest: Callable[[], datetime | None]) -> Passage:
    """Judge by what an earlier process stored."""
    last = kept[0] if kept is not None else newest()
    if last is None:
        return Passage()
    if is_ahead(last, now):
        return Passage(idle=last - now, jumped=now - last)
    return Passage(idle=now - last) if now - last > SKEW else Passage()


def _since(before: _Look, now: datetime, steady: float) -> Passage:
    """Judge by the steady clock of this process."""
    step = (now - before.wall) - timedelta(seconds=steady - before.steady)
    jumped = before.jumped + step if abs(step) > _JUMP else before.jumped
    if abs(jumped) <= _JUMP:
        return Passage()
    fresh = abs(step) > _JUMP
    return Passage(idle=abs(step) if fresh else timedelta(0), jumped=jumped)


def _write(path: Path, now: datetime, jumped: timedelta) -> None:
    try:
        write_whole(path, json.dumps({"at": now.isoformat(), "jumped_s": jumped.total_seconds()}).encode())
    except OSError as error:
        _log.warning("the last round cannot be written down", path=str(path), error=str(error))
