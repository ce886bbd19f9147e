"""Single tickets as numbers: what, where, when, who; words come later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.simulator.catalogue import CityCatalogue
from features.simulator.plan import Chunk, Plan
from features.simulator.rates import draw_seconds

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NEVER: Final = np.iinfo(np.int64).max
"""A moment that does not come before the export."""

CONSULT: Final = 0
"""Index of 咨询, which is mostly answered on the spot."""

_COMPLAINT: Final = 2
_REPORT: Final = 3
_ANSWERED_AT_ONCE: Final = 0.7
_DAY: Final = 86_400
_MINUTE: Final = 60
_HOUR: Final = 3600
_CALLERS_PER_TICKET: Final = 0.55
_ANONYMOUS: Final = 0.02
_WRONG_LABEL: Final = 0.08
_NO_LABEL: Final = 0.005
_CORRECTED: Final = 0.6
_SAME_ITEM: Final = 0.7
_NO_DISTRICT: Final = 0.003
_NO_POINT: Final = 0.15


@dataclass(frozen=True)
class Draws:
    """The tickets of a chunk in order of opening; moments are seconds since the epoch in local civil time.

    Attributes:
        serial: Number within the day, from 1.
        leaf: The true matter; first_label: what the operator chose (-1 none); corrected_at: when it was put right.
        district, place: Where; located: with a point; district_known: with a district.
        opened, arrived, signed, closed: Its moments; `NEVER` where the export comes first.
        request_type, channel, caller (-1 anonymous), repeated, satisfaction (-1 none).
        incident: Index of the injected incident, -1 for an ordinary ticket.
        piece: Number of the piece of dirt that added it, -1 for a citizen's.
        point: Which default point it stands on, -1 for its own.
    """

    serial: Ints
    leaf: Ints
    first_label: Ints
    corrected_at: Ints
    district: Ints
    place: Ints
    located: Bools
    district_known: Bools
    opened: Ints
    arrived: Ints
    signed: Ints
    closed: Ints
    request_type: Ints
    channel: Ints
    caller: Ints
    repeated: Bools
    satisfaction: Ints
    incident: Ints
    piece: Ints
    point: Ints

    def __len__(self) -> int:
        return len(self.serial)

    def keep(self, chosen: Bools | Ints) -> Draws:
        """Return the chosen tickets: a mask, or positions."""
        return Draws(**{name: values[chosen] for name, values in vars(self).items()})


def draw_chunk(plan: Plan, chunk: Chunk, rng: np.random.Generator) -> Draws:
    """Draw the tickets of some days: ordinary ones by the plan's volume, and the injected ones of those days.

    All of them, as if the export never came: see `as_exported`.
    """
    day, leaf, district = _cells(plan, chunk, rng)
    opened = day * _DAY + draw_seconds(plan.city, leaf, rng)
    place = plan.places.draw(district, rng)
    incident = _incident_tickets(plan, chunk)
    extra, source = incident.index, plan.incidents
    opened = np.concatenate([opened, source.ticket_opened[incident.ticket]])
    leaf = np.concatenate([leaf, source.leaf[extra]])
    place = np.concatenate([place, source.place[extra]])
    injected = np.concatenate([np.full(len(day), -1), extra])
    order = np.argsort(opened, kind="stable")
    return details(plan, Core(opened[order], leaf[order], place[order], injected[order]), rng)


@dataclass(frozen=True)
class _Injected:
    ticket: Ints
    index: Ints


def _incident_tickets(plan: Plan, chunk: Chunk) -> _Injected:
    ticket = np.flatnonzero(in_chunk(plan, chunk, plan.incidents.ticket_opened))
    return _Injected(ticket, plan.incidents.ticket_incident[ticket])


def in_chunk(plan: Plan, chunk: Chunk, moments: Ints) -> Bools:
    """Return which moments fall into the days of a chunk."""
    begin, end = (plan.config.first_second + offset * _DAY for offset in (chunk.first, chunk.last))
    return (moments >= begin) & (moments < end)


def _cells(plan: Plan, chunk: Chunk, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Return day (since the epoch), leaf and district of each ordinary ticket."""
    volume = plan.volume[chunk.first : chunk.last]
    counts = rng.multinomial(chunk.tickets, volume.ravel() / volume.sum())
    cell = np.repeat(np.arange(len(counts)), counts)
    day, leaf, district = np.unravel_index(cell, volume.shape)
    first_day = np.datetime64(plan.config.start, "D").astype(int) + chunk.first
    return day + first_day, leaf, district


@dataclass(frozen=True)
class Core:
    """Tickets in order of opening, before the details: when, what, where, and by which incident (-1 none)."""

    opened: Ints
    leaf: Ints
    place: Ints
    incident: Ints


def details(plan: Plan, core: Core, rng: np.random.Generator) -> Draws:
    """Draw what else there is to say of each ticket, as if the export never came."""
    opened, leaf, place, incident = core.opened, core.leaf, core.place, core.incident
    count, city = len(opened), plan.city
    request_type = _pick(np.stack([city.mixes[item.mix] for item in city.leaves]), leaf, rng)
    request_type = np.where(
        (incident >= 0) & (request_type > _REPORT), _COMPLAINT, request_type
    )  # nobody praises a burst
    channel = _pick(np.array([city.channels["shares"]]), np.zeros(count, dtype=np.int64), rng)
    arrived = opened + _delay(np.array(city.channels["late"])[channel], rng)
    signed, closed = _handling(arrived, request_type, rng)
    first_label = _first_label(city, leaf, rng)
    corrected_at = arrived + (rng.lognormal(np.log(20 * _HOUR), 0.9, count)).astype(np.int64)
    mended = (first_label != leaf) & (rng.random(count) < _CORRECTED)
    return Draws(
        serial=serials(opened),
        leaf=leaf,
        first_label=first_label,
        corrected_at=np.where(mended, corrected_at, NEVER),
        district=plan.places.district[place],
        place=place,
        located=rng.random(count) >= _NO_POINT,
        district_known=rng.random(count) >= _NO_DISTRICT,
        opened=opened,
        arrived=arrived,
        signed=signed,
        closed=closed,
        request_type=request_type,
        channel=channel,
        caller=_callers(plan, incident, rng),
        repeated=_repeated(plan, incident, rng),
        satisfaction=_satisfaction(request_type, rng),
        incident=incident,
        piece=np.full(count, -1),
        point=np.full(count, -1),
    )


def as_exported(drawn: Draws, plan: Plan) -> Draws:
    """Drop what had not arrived at the export, and forget what had not happened."""
    export = int(np.datetime64(plan.config.export_time, "s").astype(np.int64))
    known = drawn.keep(drawn.arrived < export)
    later = {name: np.where(getattr(known, name) < export, getattr(known, name), NEVER) for name in _AFTERWARDS}
    return Draws(**{**vars(known), **later})


_AFTERWARDS: Final = ("signed", "closed", "corrected_at")


def _pick(shares: Floats, row: Ints, rng: np.random.Generator) -> Ints:
    """Draw a column for each entry of `row` from that row of `shares`."""
    cumulative = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)
    axis = (np.arange(len(shares))[:, None] + cumulative).ravel()
    at = np.searchsorted(axis, row + rng.random(len(row)), side="right") - row * shares.shape[1]
    picked: Ints = np.clip(at, 0, shares.shape[1] - 1)
    return picked


def serials(opened: Ints) -> Ints:
    """Number tickets within their day, in order of opening."""
    day = opened // _DAY
    starts = np.flatnonzero(np.diff(day, prepend=-1))
    serials: Ints = np.arange(len(day)) - np.repeat(starts, np.diff(np.append(starts, len(day)))) + 1
    return serials


def _delay(late_share: Floats, rng: np.random.Generator) -> Ints:
    """Return seconds until the platform has the ticket: moments, or for transferred ones hours to days."""
    count = len(late_share)
    late = rng.random(count) < late_share
    slow = rng.lognormal(np.log(6 * _HOUR), 1.1, count)
    return np.where(late, slow, rng.uniform(5, 3 * _MINUTE, count)).astype(np.int64)


def _handling(arrived: Ints, request_type: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return when a ticket was signed for and closed; most questions are answered within minutes."""
    count = len(arrived)
    at_once = (request_type == CONSULT) & (rng.random(count) < _ANSWERED_AT_ONCE)
    signing = np.where(at_once, 2 * _MINUTE, rng.lognormal(np.log(1.5 * _HOUR), 0.9, count))
    work = np.where(at_once, rng.uniform(_MINUTE, 10 * _MINUTE, count), rng.lognormal(np.log(3 * _DAY), 0.8, count))
    signed = arrived + signing.astype(np.int64)
    return signed, signed + work.astype(np.int64)


def _first_label(city: CityCatalogue, leaf: Ints, rng: np.random.Generator) -> Ints:
    """Return what the operator chose: sometimes a neighbour in the same item or class, sometimes nothing."""
    item = np.array([item.item_code for item in city.leaves])
    top = np.array([item.class_code for item in city.leaves])
    neighbour = np.where(rng.random(len(leaf)) < _SAME_ITEM, _another(item, leaf, rng), _another(top, leaf, rng))
    label = np.where(rng.random(len(leaf)) < _WRONG_LABEL, neighbour, leaf)
    return np.where(rng.random(len(leaf)) < _NO_LABEL, -1, label)


def label_shares(city: CityCatalogue) -> Floats:
    """Return how often a matter (row) is first filed under each label (column); rows sum to just below 1."""
    shares = np.eye(len(city.leaves)) * (1 - _WRONG_LABEL)
    for codes, share in (("item_code", _SAME_ITEM), ("class_code", 1 - _SAME_ITEM)):
        of = np.array([getattr(leaf, codes) for leaf in city.leaves])
        alike = (of[:, None] == of).astype(float)
        shares += _WRONG_LABEL * share * alike / alike.sum(axis=1, keepdims=True)
    filed: Floats = shares * (1 - _NO_LABEL)
    return filed


def _another(group: NDArray[np.str_], leaf: Ints, rng: np.random.Generator) -> Ints:
    """Draw a leaf of the same group; groups are consecutive in the catalogue."""
    _, first, size = np.unique(group, return_index=True, return_counts=True)
    of = np.searchsorted(first, leaf, side="right") - 1
    return first[of] + (rng.random(len(leaf)) * size[of]).astype(np.int64)


def _callers(plan: Plan, incident: Ints, rng: np.random.Generator) -> Ints:
    """Return caller numbers: chance repeats among ordinary callers, one number for each persistent one."""
    pool = citizens(plan)
    caller = rng.integers(0, pool, len(incident))
    caller = np.where(rng.random(len(incident)) < _ANONYMOUS, -1, caller)
    return np.where(_persistent(plan, incident), pool + incident, caller)


def citizens(plan: Plan) -> int:
    """Return how many ordinary callers there are; the persistent ones are numbered after them."""
    return max(int(plan.config.tickets * _CALLERS_PER_TICKET), 1)


def _repeated(plan: Plan, incident: Ints, rng: np.random.Generator) -> Bools:
    chance = np.where(incident >= 0, 0.06, 0.03)
    return (rng.random(len(incident)) < chance) | _persistent(plan, incident)


def _persistent(plan: Plan, incident: Ints) -> Bools:
    if not len(plan.incidents.repeat):
        return np.zeros(len(incident), dtype=bool)
    return (incident >= 0) & plan.incidents.repeat[incident]


def _satisfaction(request_type: Ints, rng: np.random.Generator) -> Ints:
    """Return 0 满意, 1 基本满意, 2 不满意, -1 where nobody answered the follow-up call."""
    shares = np.array([[0.5, 0.40, 0.07, 0.03], [0.5, 0.30, 0.10, 0.10], [0.5, 0.24, 0.12, 0.14]])
    return _pick(shares, np.minimum(request_type, _COMPLAINT), rng) - 1
