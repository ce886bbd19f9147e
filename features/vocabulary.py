"""The codes that every room shares: how often, what kind of hotspot, how grave, and whose tickets are simulated.

Each is typed here once. What is stored and sent is the code; the words for it are made where somebody reads them.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final, Literal

SIMULATED: Final = "simulated"
"""The source of the simulated city's tickets."""

SIMULATED_KEYS: Final = (f"{SIMULATED}/", f"{SIMULATED}{chr(ord('/') + 1)}")
"""The half-open range of its ticket keys `source/ticket_id`, for queries that an index answers."""


def is_simulated(name: str) -> bool:
    """Tell whether a source, or a ticket by its key `source/ticket_id`, belongs to the simulated city.

    >>> is_simulated("simulated"), is_simulated("simulated/1"), is_simulated("simulated2/1")
    (True, True, False)
    """
    return name.partition("/")[0] == SIMULATED


class Frequency(StrEnum):
    """How long the periods of a series are; the codes are those of pandas."""

    WEEKLY = "W"
    DAILY = "D"
    HOURLY = "h"

    @property
    def length(self) -> timedelta:
        """The length of one period.

        >>> Frequency.WEEKLY.length
        datetime.timedelta(days=7)
        """
        return _LENGTH[self]

    @property
    def noun(self) -> str:
        """One period in English, for logs and errors.

        >>> Frequency("h").noun
        'hour'
        """
        return _NOUN[self]

    @property
    def adverb(self) -> str:
        """The frequency in English, as files and folders are named.

        >>> Frequency("W").adverb
        'weekly'
        """
        return self.name.lower()


ForecastFrequency = Literal[Frequency.WEEKLY, Frequency.DAILY]
"""Forecasts are made by the week and by the day."""

_LENGTH: Final = {
    Frequency.WEEKLY: timedelta(weeks=1),
    Frequency.DAILY: timedelta(days=1),
    Frequency.HOURLY: timedelta(hours=1),
}
_NOUN: Final = {Frequency.WEEKLY: "week", Frequency.DAILY: "day", Frequency.HOURLY: "hour"}


class Kind(StrEnum):
    """The seven kinds of a hotspot, from hotline practice.

    The codes are the hotline's own words: they are what the API promises, and the same in every language.
    """

    FREQUENT = "高频"
    SURGE = "异动"
    REPEAT = "一人多诉"
    SHARED = "多人同诉"
    SENSITIVE = "敏感"
    FIRST_SEEN = "首发"
    FORECAST = "预告"


class AlertLevel(StrEnum):
    """The four levels of emergency management, lowest first; they compare by how grave they are.

    >>> max(AlertLevel.ORANGE, AlertLevel.YELLOW), sorted(AlertLevel)[-1]
    (<AlertLevel.ORANGE: 'orange'>, <AlertLevel.RED: 'red'>)
    """

    BLUE = "blue"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"

    @property
    def rank(self) -> int:
        """0 for blue to 3 for red."""
        return _RANK[self]

    # As texts they would compare by the alphabet, so that orange were below red and blue below orange.
    def __lt__(self, other: str) -> bool:
        return self.rank < AlertLevel(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= AlertLevel(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > AlertLevel(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= AlertLevel(other).rank


_RANK: Final = {level: rank for rank, level in enumerate(AlertLevel)}
