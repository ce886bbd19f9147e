"""The `[rules]` section: what the recitable rules ask for, of all categories and of single ones."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import ValidationError, model_validator

from features.configuration.part import ConfigPart, key
from features.configuration.refusals import refusals

RuleName = Literal["frequent", "repeat", "sensitive"]

DEFAULT_WORDS: Final = ("聚集讨薪", "集体上访", "非法集资")
"""Words that an installation watches beside the table of dangers; its own list replaces them."""


class FrequentRule(ConfigPart):
    """高频: one matter in one place, again and again."""

    enabled: bool = True
    """Whether the rule is applied."""
    tickets: int = key(5, unit="tickets", ge=2)
    """Fire from this many tickets on; one caller counts at most `per_caller` of them."""
    days: int = key(7, unit="days", ge=1)
    """Length of the window that ends now."""
    place: Literal["district", "street", "address"] = "street"
    """Column that says where; a ticket without a street or an address is placed in its district, one without a district
    is left out."""
    per_caller: int = key(2, unit="tickets", ge=1)
    """Most tickets of one caller that count, so that one person cannot make a matter frequent."""
    usual_factor: float = key(1.5, ge=0)
    """Stay silent below this multiple of the place's usual count, the mean of the windows before; 0 turns every
    comparison with it off."""
    usual_chance: float = key(0.001, unit="probability", gt=0, le=1)
    """Where `tickets` is an everyday number, stay silent too unless chance brings so many in a smaller share of windows
    than this; 1 turns it off."""
    usual_windows: int = key(4, unit="windows", ge=1)
    """How many earlier windows say what is usual."""
    everyday: float = key(0.1, unit="probability", gt=0, le=1)
    """`tickets` is an everyday number where chance brings it in more windows than this share."""


class RepeatRule(ConfigPart):
    """一人多诉: one caller, the same matter, `times` tickets within `days`."""

    enabled: bool = True
    """Whether the rule is applied."""
    times: int = key(3, unit="tickets", ge=2)
    """Fire from this many tickets of one caller on."""
    days: int = key(30, unit="days", ge=1)
    """Length of the window that ends now."""


class SensitiveRule(ConfigPart):
    """敏感: danger by the table of words, or a watched category, in a ticket opened within `hours`."""

    enabled: bool = True
    """Whether the rule is applied."""
    table: str = key("", example="danger_words.csv")
    """Your own table of dangers (a CSV in the home) instead of the shipped one, which `weisu rules table` writes."""
    words: tuple[str, ...] = DEFAULT_WORDS
    """Words watched beside the table; a list here replaces the shipped one."""
    categories: tuple[str, ...] = ()
    """Categories of which every ticket is sensitive."""
    hours: int = key(24, unit="hours", ge=1)
    """Tickets opened longer ago are not looked at."""


class RuleConfig(ConfigPart):
    """The three recitable rules, and what single categories ask for instead."""

    frequent: FrequentRule = FrequentRule()
    """One matter in one place, again and again."""
    repeat: RepeatRule = RepeatRule()
    """One caller, the same matter."""
    sensitive: SensitiveRule = SensitiveRule()
    """Danger by the table of words, or a watched category."""
    category: dict[str, dict[RuleName, dict[str, Any]]] = key({}, example={"噪声": {"frequent": {"tickets": 10}}})
    """What differs for one category, as in [rules.category."噪声".frequent]; the finest name of a ticket wins."""

    @model_validator(mode="after")
    def _own_values(self) -> RuleConfig:
        for name, rules in self.category.items():
            for rule in rules:
                try:
                    self.rule_for(rule, name)
                except ValidationError as error:
                    table = f'rules.category."{name}".{rule}'
                    raise ValueError("; ".join(refusals(error, type(getattr(self, rule)), table=table))) from error
        return self

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
