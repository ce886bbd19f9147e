"""What the recitable rules ask for, for all categories and for single ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from features.errors import BadInputError

DEFAULT_WORDS: Final = (
    "自杀",
    "轻生",
    "跳楼",
    "爆炸",
    "燃气泄漏",
    "煤气泄漏",
    "中毒",
    "坍塌",
    "垮塌",
    "溺水",
    "起火",
    "着火",
    "持刀",
    "性侵",
    "家暴",
    "虐待",
    "群体性",
    "聚集讨薪",
    "罢工",
    "集体上访",
    "非法集资",
    "gas leak",
    "explosion",
    "suicide",
    "collapsed",
    "carbon monoxide",
    "sexual assault",
)
"""Watched words an installation starts with; its own list replaces them."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FrequentRule(_Part):
    """高频: one matter in one place, again and again.

    Attributes:
        tickets: Fire from this many tickets on; one caller counts at most `per_caller` of them.
        days: Length of the window that ends now.
        place: Column that says where; a ticket without a street or an address is placed in its district, and one
            without a district is left out.
        per_caller: Most tickets of one caller that count, so that one person cannot make a matter frequent.
        usual_factor: Stay silent below this multiple of the place's usual count, the mean of the
            `usual_windows` windows before; 0 turns all comparison with it off. Busy cells would otherwise fire every
            week.
        usual_chance: Where a few tickets a week are nothing (in a whole district, or where the usual count makes
            `tickets` an everyday number), stay silent too unless chance brings so many in fewer windows than this share
            of them; 1 turns it off.
        usual_windows: How many earlier windows say what is usual.
    """

    enabled: bool = True
    tickets: int = Field(default=5, ge=2)
    days: int = Field(default=7, ge=1)
    place: Literal["district", "street", "address"] = "street"
    per_caller: int = Field(default=2, ge=1)
    usual_factor: float = Field(default=1.5, ge=0)
    usual_chance: float = Field(default=0.001, gt=0, le=1)
    usual_windows: int = Field(default=4, ge=1)


class RepeatRule(_Part):
    """一人多诉: one caller, the same matter, `times` tickets within `days`."""

    enabled: bool = True
    times: int = Field(default=3, ge=2)
    days: int = Field(default=30, ge=1)


class SensitiveRule(_Part):
    """敏感: a watched word (not negated) or a watched category, in a ticket opened within `hours`."""

    enabled: bool = True
    words: tuple[str, ...] = DEFAULT_WORDS
    categories: tuple[str, ...] = ()
    hours: int = Field(default=24, ge=1)


class RuleConfig(_Part):
    """The three rules, and what single categories ask for instead.

    Attributes:
        category: Category name (leaf, item or class; the finest name wins) -> rule name -> the values that differ,
            for instance `{"噪声": {"frequent": {"tickets": 10}}}`.
    """

    frequent: FrequentRule = FrequentRule()
    repeat: RepeatRule = RepeatRule()
    sensitive: SensitiveRule = SensitiveRule()
    category: dict[str, dict[Literal["frequent", "repeat", "sensitive"], dict[str, Any]]] = {}

    @classmethod
    def from_mapping(cls, section: Mapping[str, Any]) -> RuleConfig:
        """Read the table `[rules]` of the configuration file.

        Raises:
            BadInputError: A key is unknown or a value is out of range, in a rule or in a category's own values.
        """
        try:
            config = cls.model_validate(dict(section))
            for name, rules in config.category.items():
                for rule in rules:
                    config.rule_for(rule, name)
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise BadInputError(f"[rules]: {problems}", hint="docs/candidates.md lists every key") from error
        return config

    @property
    def lookback_days(self) -> int:
        """Days of tickets that the rules read, counted back from now."""
        days = 1
        for name in ("", *self.category):
            frequent = self.rule_for("frequent", name)
            repeat = self.rule_for("repeat", name)
            sensitive = self.rule_for("sensitive", name)
            windows = 1 + (frequent.usual_windows if frequent.usual_factor else 0)
            days = max(days, frequent.days * windows, repeat.days, -(-sensitive.hours // 24))
        return days

    @property
    def said_days(self) -> int:
        """Days of tickets whose words the rules read, counted back from now."""
        return -(-max(int(self.rule_for("sensitive", name).hours) for name in ("", *self.category)) // 24)

    def reads(self, column: str) -> bool:
        """Tell whether a rule looks for places in this column."""
        return any(self.rule_for("frequent", name).place == column for name in ("", *self.category))

    def rule_for(self, rule: str, category: str) -> Any:
        """Return the rule as it holds for a category name that may have its own values."""
        general = getattr(self, rule)
        own = self.category.get(category, {}).get(rule)  # type: ignore[call-overload]
        return type(general).model_validate({**general.model_dump(), **own}) if own else general

    def parts(self, rule: str, tickets: pd.DataFrame) -> Iterator[tuple[Any, pd.DataFrame]]:
        """Yield each version of a rule with the tickets it holds for; disabled ones are left out."""
        named = ["", *(name for name, rules in self.category.items() if rule in rules)]
        owner = _owner(tickets, named) if len(named) > 1 else None
        for number, name in enumerate(named):
            version = self.rule_for(rule, name)
            if version.enabled:
                yield version, tickets if owner is None else tickets[owner == number]


def _owner(tickets: pd.DataFrame, named: Sequence[str]) -> NDArray[np.intp]:
    """Return whose version of a rule holds for each ticket: the last of its category's names that is in `named`."""
    number = {name: n for n, name in enumerate(named)}
    owner = np.zeros(len(tickets), dtype=np.intp)
    for level in ("category1", "category2", "category"):
        codes, names = pd.factorize(tickets[level])
        own = np.array([number.get(name, 0) for name in names], dtype=np.intp)[codes]
        owner = np.where(own > 0, own, owner)
    return owner
