"""The weeks that were: counts from the ticket lake as known at a moment, read once per hour and lake version."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import pandas as pd
import structlog

from features.reasons import Reason, ReasonCode, Reasons
from features.settings import Settings
from features.vocabulary import Frequency

if TYPE_CHECKING:
    from features.knowledge import Knowledge

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, eq=False)
class WeeklyHistory:
    """Weekly counts of complete weeks; one object per hour and lake version, the key of what is derived from it.

    Attributes:
        counts: unique_id, ds (Monday, naive local), y.
        static: unique_id, level and its dimensions.
        data_through: End of the last complete week (exclusive), naive local.
        known_at: The moment at which this was known, naive local; the end of the last week when None.
    """

    counts: pd.DataFrame
    static: pd.DataFrame
    data_through: pd.Timestamp
    known_at: pd.Timestamp | None = None

    @property
    def last_week(self) -> pd.Timestamp:
        """Monday of the last complete week."""
        return self.data_through - pd.Timedelta(days=7)

    @property
    def first_to_come(self) -> pd.Timestamp:
        """Monday of the first week that is not over, also where counts are late."""
        from features.knowledge import first_to_come

        return first_to_come(self.data_through, self.known_at or self.data_through, Frequency.WEEKLY)

    def level(self, name: str) -> pd.DataFrame:
        """Return the counts of one level."""
        wanted = self.static.loc[self.static["level"] == name, "unique_id"]
        return self.counts[self.counts["unique_id"].isin(wanted)]

    def series(self, unique_id: str) -> pd.Series:
        """Return one series' counts by week; empty when it has none."""
        return self.counts[self.counts["unique_id"] == unique_id].set_index("ds")["y"]


@dataclass(frozen=True)
class Past:
    """The weeks that were, or why they are not there.

    Attributes:
        weeks: The history; None where there is none to show.
        missing: Why there is none, for the reader.
    """

    weeks: WeeklyHistory | None
    missing: Reasons = ()


def weekly_history(settings: Settings, *, as_of: datetime) -> Past:
    """Return the history as known at `as_of`, or why there is none."""
    from features.knowledge import Knowledge, KnowledgeError

    try:
        hour = as_of.replace(minute=0, second=0, microsecond=0)
        return Past(_read(_Asked(Knowledge.at(settings, hour))))
    except KnowledgeError as error:
        _log.info("no weekly history", reason=str(error))
        return Past(None, (Reason(ReasonCode.NO_WEEKS),))
    except Exception:  # noqa: BLE001 - whatever keeps the lake from being read: a forecast without its past is one, and says so
        _log.exception("the lake cannot be read")
        return Past(None, (Reason(ReasonCode.HISTORY_UNREADABLE),))


@dataclass(frozen=True)
class _Asked:
    """What was asked for; equal where the same counts would be read again."""

    knowledge: Knowledge = field(compare=False)
    key: tuple[Hashable, ...] = ()

    def __post_init__(self) -> None:
        """Name the lake, its version, the labels and the moment."""
        of = self.knowledge
        key = (str(of.lake.path), of.settings.timezone, of.lake.precedence, of.snapshot, of.labels.key, of.as_of)
        object.__setattr__(self, "key", key)


@lru_cache(maxsize=4)
def _read(asked: _Asked) -> WeeklyHistory:
    knowledge = asked.knowledge
    panel = knowledge.panel(Frequency.WEEKLY, threads=2).panel
    return WeeklyHistory(
        counts=panel.y[["unique_id", "ds", "y"]],
        static=panel.static,
        data_through=panel.data_through,
        known_at=pd.Timestamp(knowledge.as_of.astimezone(knowledge.settings.zone).replace(tzinfo=None)),
    )
