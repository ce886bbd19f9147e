"""Keep the memory of what the hotline has heard: learnt day by day from the lake, kept under home between runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

import pandas as pd

from features.configuration import TextConfig
from features.configuration.detection import MemoryConfig
from features.durable import write_whole
from features.knowledge import Knowledge
from features.series import UNCLASSIFIED
from models.hotspots.textgroups import TopicMemory, word_texts

_KEPT: Final = 3
_READ_DAYS: Final = 14
_FOLDER: Final = "topics"
_DAY: Final = "[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9].npz"
_LOG: Final = logging.getLogger(__name__)
_COLUMNS: Final = ["source", "ticket_id", "known_at", "opened_local", "title", "text", "district"]


def load_or_learn(knowledge: Knowledge, config: TextConfig, *, days: int) -> TopicMemory:
    """Return the memory of the days before the judged window, learning those that are new.

    Args:
        knowledge: The installation, under whose home the memory is kept, at the moment of the run: a day is learnt from
            what was known of it by then, and the memory ends before the window that is judged then.
        config: Gives the length of the window.
        days: How far back an empty memory starts.
    """
    last, folder = _last_day(knowledge, config), _folder(knowledge)
    memory = _newest(folder, last, config.memory)
    first = last - pd.Timedelta(days=days - 1) if memory.through is None else memory.through + pd.Timedelta(days=1)
    if first > last:
        return memory
    for day, rows in _days(knowledge, first, last):
        memory.learn(word_texts(rows["title"].tolist(), rows["text"].tolist()), day, rows["district"].tolist())
    _keep(folder, memory)
    return memory


def load_topic_memory(knowledge: Knowledge, config: TextConfig) -> TopicMemory:
    """Return what `load_or_learn` kept last, as far as it may be known at a moment, without learning."""
    kept = _kept(_folder(knowledge), _last_day(knowledge, config))
    return _read(kept, kept.stat().st_mtime_ns, config.memory) if kept else TopicMemory(config.memory)


# Batches come every minute, and the memory changes once a day.
@lru_cache(maxsize=1)
def _read(path: Path, changed: int, config: MemoryConfig) -> TopicMemory:
    del changed
    return _unpacked(path, config)


def _folder(knowledge: Knowledge) -> Path:
    """Return where the memory is kept: it knows districts by name, so that other names need another memory."""
    folder = knowledge.settings.home / _FOLDER
    return folder if knowledge.labels.as_filed else folder / knowledge.labels.key


def _last_day(knowledge: Knowledge, config: TextConfig) -> pd.Timestamp:
    """Return the last day before the window that is judged."""
    local = pd.Timestamp(knowledge.as_of.astimezone(knowledge.settings.zone).replace(tzinfo=None)).normalize()
    return local - pd.Timedelta(days=config.days + 1)


def _days(knowledge: Knowledge, first: pd.Timestamp, last: pd.Timestamp) -> Iterator[tuple[pd.Timestamp, pd.DataFrame]]:
    # A year of a city's texts does not fit into memory at once.
    for start in pd.date_range(first, last, freq=pd.Timedelta(days=_READ_DAYS)):
        days = pd.date_range(start, min(start + pd.Timedelta(days=_READ_DAYS - 1), last))
        since = start.tz_localize(knowledge.settings.zone, ambiguous=True, nonexistent="shift_forward").to_pydatetime()
        until = since + timedelta(days=len(days) + 1)
        frame = knowledge.tickets(since=since, until=until, columns=_COLUMNS).to_pandas()
        frame = frame.fillna({"title": "", "text": "", "district": UNCLASSIFIED})
        by_day = dict(tuple(frame.groupby(frame["opened_local"].dt.normalize())))
        for day in days:
            yield day, by_day.get(day, frame.head(0))


def _newest(folder: Path, last: pd.Timestamp, config: MemoryConfig) -> TopicMemory:
    """Return the newest kept memory that does not reach past `last`, an empty one when there is none."""
    kept = _kept(folder, last)
    return _unpacked(kept, config) if kept else TopicMemory(config)


def _unpacked(path: Path, config: MemoryConfig) -> TopicMemory:
    """Return a kept memory; one of an earlier schema, or a damaged one, is as good as none and is learnt anew."""
    try:
        return TopicMemory.from_bytes(path.read_bytes(), config)
    except Exception as error:  # noqa: BLE001 - zip, zlib, numpy and JSON fail each in its way, and all of it is derived
        _LOG.warning("the memory of topics is learnt anew: %s: %s %s", path, type(error).__name__, error)
        return TopicMemory(config)


def _kept(folder: Path, last: pd.Timestamp) -> Path | None:
    return next((path for path in sorted(folder.glob(_DAY), reverse=True) if pd.Timestamp(path.stem) <= last), None)


def _keep(folder: Path, memory: TopicMemory) -> None:
    if memory.through is None:
        return
    path = folder / f"{memory.through:%Y-%m-%d}.npz"
    write_whole(path, memory.to_bytes())
    kept = sorted(folder.glob(_DAY))
    upto = [file for file in kept if file.name <= path.name]
    # Days beyond this one are of a clock that was wrong, or this run looks back: neither pushes the other out.
    for old in (*upto[:-_KEPT], *kept[len(upto) :][:-_KEPT]):
        old.unlink(missing_ok=True)
