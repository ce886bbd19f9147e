"""Which version of a rule holds for which ticket: categories may have their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.configuration import RuleConfig


def versions(config: RuleConfig, rule: str, tickets: pd.DataFrame) -> Iterator[tuple[Any, pd.DataFrame]]:
    """Yield each version of a rule with the tickets it holds for; disabled ones are left out."""
    named = ["", *(name for name, rules in config.category.items() if rule in rules)]
    owner = _owner(tickets, named) if len(named) > 1 else None
    for number, name in enumerate(named):
        version = config.rule_for(rule, name)
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
