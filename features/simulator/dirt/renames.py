"""A label that goes on under another name: one falls to nothing, one comes out of nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.simulator.catalogue import CityCatalogue
from features.simulator.dirt.offices import spread_out
from features.simulator.dirt.pieces import DirtKind, Pieces
from features.simulator.incidents import choose
from features.simulator.simulator_config import SimulatorConfig

Ints = NDArray[np.int64]

_NEW: Final = "（新）"


def renames(config: SimulatorConfig, city: CityCatalogue, rng: np.random.Generator, *, a_year: float) -> Pieces:
    """Return the labels that are renamed, each once, and when.

    Args:
        config: The city's span.
        city: Its labels; busy ones are drawn more often.
        rng: The stream of this kind.
        a_year: How many a year.
    """
    start = spread_out(config, a_year, rng)
    weight = np.array([leaf.weight * (leaf.born == 0) for leaf in city.leaves])
    leaf = np.array(list(dict.fromkeys(choose(weight, 10 * len(weight), rng).tolist())), dtype=np.int64)[: len(start)]
    start = start[: len(leaf)]
    return Pieces(
        kind=[DirtKind.RENAME] * len(leaf),
        leaf=leaf,
        district=np.full(len(leaf), -1),
        start=start,
        end=np.full(len(leaf), config.last_second),
        detail=[city.leaves[n].name + _NEW for n in leaf],
    )


def with_new_labels(city: CityCatalogue, pieces: Pieces, own_channels: tuple[str, ...]) -> CityCatalogue:
    """Return the city as it is shown: the new labels after all others, the own channels after the citizens'."""
    leaves = [
        replace(city.leaves[pieces.leaf[n]], name=pieces.detail[n], code=f"{city.leaves[pieces.leaf[n]].code}N")
        for n in pieces.of(DirtKind.RENAME)
    ]
    channels = {**city.channels, "names": [*city.channels["names"], *own_channels]}
    return replace(city, leaves=(*city.leaves, *leaves), channels=channels)


def shown_label(city: CityCatalogue, pieces: Pieces, label: Ints, at: Ints) -> Ints:
    """Return the labels as they are called at the moments; -1 stays.

    Args:
        city: The clean city, whose labels come first.
        pieces: All dirt of the city.
        label: Positions among the clean city's labels.
        at: Seconds since the epoch in local civil time.
    """
    shown = label.copy()
    for new, n in enumerate(pieces.of(DirtKind.RENAME)):
        shown[(label == pieces.leaf[n]) & (at >= pieces.start[n])] = len(city.leaves) + new
    return shown
