"""Dirt laid over the tickets of a chunk: tickets are added, left out, put on other points, shown under other labels."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.simulator.dirt.default_points import put_on_points
from features.simulator.dirt.offices import in_use
from features.simulator.dirt.pieces import ANYBODY, NONE, Added, DirtKind
from features.simulator.dirt.renames import shown_label
from features.simulator.dirt_config import Dirt
from features.simulator.draws import NEVER, Core, Draws, citizens, details, in_chunk, serials
from features.simulator.plan import Chunk, Plan

Ints = NDArray[np.int64]

_KEYED_SECONDS: Final = 20
_ADDED, _LEFT_OUT, _PUT = 120, 121, 122
"""Random streams of a chunk."""


def soil(plan: Plan, dirt: Dirt, chunk: Chunk, drawn: Draws) -> Draws:
    """Return the tickets of a chunk as a dirty city shows them, in order of opening and numbered anew."""
    rng = [plan.config.rng(stream, chunk.index) for stream in (_ADDED, _LEFT_OUT, _PUT)]
    drawn = _without_idle_offices(plan, drawn, rng[1])
    drawn = _merged([drawn, _added(plan, chunk, rng[0])])
    put = put_on_points(drawn.district, dirt.default_points, rng[2])
    label = shown_label(plan.city, plan.dirt, drawn.first_label, drawn.opened)
    leaf = shown_label(plan.city, plan.dirt, drawn.leaf, drawn.opened)
    return replace(drawn, point=put, first_label=label, leaf=leaf, serial=serials(drawn.opened))


def _without_idle_offices(plan: Plan, drawn: Draws, rng: np.random.Generator) -> Draws:
    share = in_use(plan.dirt, plan.city, drawn.leaf, drawn.district, drawn.opened)
    return drawn.keep((rng.random(len(drawn)) < share) | (drawn.incident >= 0))


def _added(plan: Plan, chunk: Chunk, rng: np.random.Generator) -> Draws:
    """Return the chunk's share of the tickets that dirt adds."""
    every = plan.dirt.added
    added = Added(**{name: values[in_chunk(plan, chunk, every.opened)] for name, values in vars(every).items()})
    none = np.full(len(added), -1)
    drawn = details(plan, Core(added.opened, added.leaf, added.place, none), rng)
    keyed = added.channel != NONE
    arrived = np.where(keyed, added.opened + rng.integers(1, _KEYED_SECONDS, len(added)), drawn.arrived)
    shift = arrived - drawn.arrived
    corrected = np.where(drawn.corrected_at == NEVER, NEVER, drawn.corrected_at + np.where(keyed, shift, 0))
    hand = np.where(added.caller >= 0, citizens(plan) + len(plan.incidents.leaf) + added.caller, added.caller)
    return replace(
        drawn,
        arrived=arrived,
        signed=drawn.signed + shift,
        closed=drawn.closed + shift,
        corrected_at=corrected,
        channel=np.where(keyed, added.channel, drawn.channel),
        caller=np.where(added.caller == ANYBODY, drawn.caller, hand),
        piece=added.piece,
    )


def _merged(parts: list[Draws]) -> Draws:
    whole = Draws(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})
    return whole.keep(np.argsort(whole.opened, kind="stable"))


def marks(plan: Plan, drawn: Draws) -> tuple[Ints, Ints]:
    """Return pairs of a piece of dirt and the position of a ticket that carries it.

    A ticket can carry several: a list's entry under a new label on a default point.
    """
    pieces, found = plan.dirt, []
    found.append((drawn.piece[drawn.piece >= 0], np.flatnonzero(drawn.piece >= 0)))
    points = pieces.of(DirtKind.DEFAULT_POINT)
    if points:
        put = np.flatnonzero(drawn.point >= 0)
        found.append((drawn.point[put] + points[0], put))
    for new, n in enumerate(pieces.of(DirtKind.RENAME)):
        found.append(_all(n, np.flatnonzero(drawn.first_label == len(plan.city.leaves) + new)))
    department = np.array([leaf.department for leaf in plan.shown.leaves])
    for n in pieces.of(DirtKind.OFFICE_STARTS):
        own = (department[drawn.leaf] == pieces.detail[n]) & (drawn.district == pieces.district[n])
        found.append(_all(n, np.flatnonzero(own & (drawn.opened >= pieces.start[n]))))
    return np.concatenate([piece for piece, _ in found]), np.concatenate([at for _, at in found])


def _all(piece: int, at: Ints) -> tuple[Ints, Ints]:
    return np.full(len(at), piece), at
