"""The codes that every room shares: how often, what kind of hotspot and by which rule, how grave, whose tickets.

Each is typed here once. What is stored and sent is the code; the words for it are made where somebody reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final, Literal, get_args

SIMULATED: Final = "simulated"
"""The source of the simulated city's tickets."""


def is_simulated(name: str) -> bool:
    """Tell whether a source, or a ticket by its key `source/ticket_id`, belongs to the simulated city.

    >>> is_simulated("simulated"), is_simulated("simulated/1"), is_simulated("simulated2/1")
    (True, True, False)
    """
    return name.partition("/")[0] == SIMULATED


class SecondSign(StrEnum):
    """What says the same beside the words of a sensitive matter."""

    CALLERS = "callers"
    """A second caller."""
    PERSON = "person"
    """The text speaks of somebody who is there."""
    CATEGORY = "category"
    """The ticket is filed under a watched category."""


class Idle(StrEnum):
    """What the tickets lack, so that a detector never runs or sees less than it could."""

    NO_STREETS = "no_streets"
    """高频 looks at whole districts."""
    NO_POINTS = "no_points"
    """The scan in space and time has nothing to look at."""
    NO_TEXTS = "no_texts"
    """敏感 knows categories only, 多人同诉 and 首发 never come."""
    NO_CALLERS = "no_callers"
    """一人多诉 never comes, and levels count tickets."""


EVERYWHERE: Final = "全域"
"""The area of an alert that is about no district in particular: all of them together."""


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


class Missing(StrEnum):
    """What becomes of periods that a series has no row for."""

    ZERO = "zero"
    """Nothing happened: they count zero."""
    ERROR = "error"
    """The panel is refused."""
    DROP = "drop"
    """Series with such a period are left out."""


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


class RuleCode(StrEnum):
    """By which rule a detector speaks."""

    MANY_TICKETS = "many_tickets"
    ONE_CALLER = "one_caller"
    WATCHED = "watched"
    BEYOND_HISTORY = "beyond_history"
    CLUSTER = "cluster"
    SHARED_CAUSE = "shared_cause"
    NEW_TOPIC = "new_topic"
    SEASON = "season"


class _Strict:
    """A rule that is read with its own parameters only."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}


@dataclass(frozen=True, kw_only=True)
class ManyTickets(_Strict):
    """At least so many tickets about one matter in one place within so many days.

    Attributes:
        chance: Where a few tickets are nothing unusual, how rarely chance brings so many, as a share of windows of this
            length; None where the number alone decides.
    """

    code: Literal[RuleCode.MANY_TICKETS] = RuleCode.MANY_TICKETS
    tickets: int
    days: int
    chance: float | None = None


@dataclass(frozen=True, kw_only=True)
class OneCaller(_Strict):
    """At least so many tickets of one caller about the same matter within so many days."""

    code: Literal[RuleCode.ONE_CALLER] = RuleCode.ONE_CALLER
    times: int
    days: int


@dataclass(frozen=True, kw_only=True)
class Watched(_Strict):
    """One ticket with these watched words, or in this watched category, is enough."""

    code: Literal[RuleCode.WATCHED] = RuleCode.WATCHED
    words: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class BeyondHistory(_Strict):
    """More within so many periods than the series' own history explains."""

    code: Literal[RuleCode.BEYOND_HISTORY] = RuleCode.BEYOND_HISTORY
    freq: Frequency
    periods: int


@dataclass(frozen=True, kw_only=True)
class Cluster(_Strict):
    """More within a circle than chance explains; the radius is in kilometres."""

    code: Literal[RuleCode.CLUSTER] = RuleCode.CLUSTER
    radius_km: float


@dataclass(frozen=True, kw_only=True)
class SharedCause(_Strict):
    """Many callers with one cause, which its most telling words name."""

    code: Literal[RuleCode.SHARED_CAUSE] = RuleCode.SHARED_CAUSE
    topic: str


@dataclass(frozen=True, kw_only=True)
class NewTopic(_Strict):
    """A topic that history does not know, which its most telling words name."""

    code: Literal[RuleCode.NEW_TOPIC] = RuleCode.NEW_TOPIC
    topic: str


@dataclass(frozen=True, kw_only=True)
class Season(_Strict):
    """A problem that came back at this time of the year in so many of so many years."""

    code: Literal[RuleCode.SEASON] = RuleCode.SEASON
    years_seen: int
    years: int


Rule = ManyTickets | OneCaller | Watched | BeyondHistory | Cluster | SharedCause | NewTopic | Season
"""The rule behind a hotspot: its code and its parameters, never a sentence."""

_RULES: Final[dict[RuleCode, type[Rule]]] = {rule.code: rule for rule in get_args(Rule)}


def rule_document(rule: Rule) -> dict[str, Any]:
    """Return a rule as it is stored and sent.

    >>> rule_document(Season(years_seen=2, years=3))
    {'code': 'season', 'years_seen': 2, 'years': 3}
    """
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(rule).items()}
    return {name: value.value if isinstance(value, StrEnum) else value for name, value in values.items()}


def read_rule(document: Mapping[str, Any]) -> Rule:
    """Return the rule that `rule_document` wrote.

    Raises:
        ValueError: The code is unknown, or the parameters are not those of the code.

    >>> read_rule({"code": "beyond_history", "freq": "W", "periods": 3}).freq.noun
    'week'
    """
    values = dict(document)
    of = _RULES[RuleCode(values.pop("code", ""))]
    if "freq" in values:
        values["freq"] = Frequency(values["freq"])
    if "words" in values:
        values["words"] = tuple(values["words"])
    try:
        return of(**values)
    except TypeError as error:
        raise ValueError(f"no rule is {dict(document)}: {error}") from error
