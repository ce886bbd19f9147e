"""Which version of a rule holds for which ticket: categories may have their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.branches import PATH, chain_of
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
    """Return whose version of a rule holds for each ticket: the finest of its category's names that is in `named`."""
    number = {name: n for n, name in enumerate(named)}
    codes, paths = category_paths(tickets)
    own = [next((number[name] for name in chain_of(*path) if name in number), 0) for path in paths]
    return np.array(own, dtype=np.intp)[codes]


def category_paths(tickets: pd.DataFrame) -> tuple[NDArray[np.intp], list[tuple[str, str, str]]]:
    """Return the paths of categories that occur, and which of them each ticket has."""
    codes, paths = pd.MultiIndex.from_frame(tickets[list(PATH)]).factorize()
    return np.asarray(codes, dtype=np.intp), [(str(one), str(two), str(leaf)) for one, two, leaf in paths]
