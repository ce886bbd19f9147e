"""What one can ask the simulated city: its work orders, what was injected into them, and what is dirt in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from features.simulator.dirt.offices import in_use
from features.simulator.dirt.renames import shown_label
from features.simulator.draws import Draws, as_exported, draw_chunk
from features.simulator.orders import all_versions, corrected_versions, ticket_ids, work_orders
from features.simulator.plan import Chunk, Plan, make_plan
from features.simulator.rates import expected_between
from features.simulator.simulator_config import SimulatorConfig
from features.simulator.soil import marks, soil
from features.simulator.wording import make_phrasebook, write_words
from features.vocabulary import Kind

_TICKETS, _WORDS, _POINTS = 100, 101, 102
"""Random streams of a chunk."""


def simulate(config: SimulatorConfig) -> Iterator[pa.RecordBatch]:
    """Yield the city's work orders, some consecutive days per batch, with the columns of `orders.SCHEMA`.

    Tickets come in order of 受理时间, corrections at the end of their batch; with `changes="all"` the rows of a batch
    come in order of 更新时间. The same configuration gives the same batches in any process.
    """
    for index in range(chunk_count(config)):
        yield simulate_chunk(config, index)


def chunk_count(config: SimulatorConfig) -> int:
    """Return how many batches `simulate` yields."""
    return len(make_plan(config).chunks)


def simulate_chunk(config: SimulatorConfig, index: int) -> pa.RecordBatch:
    """Return one batch of `simulate`, independently of all others."""
    plan = make_plan(config)
    drawn = _draw(plan, plan.chunks[index])
    words = write_words(plan, make_phrasebook(config), drawn, config.rng(_WORDS, index))
    versions = (all_versions if config.changes == "all" else corrected_versions)(drawn)
    return work_orders(plan, drawn, words, versions, config.rng(_POINTS, index))


def truth(config: SimulatorConfig) -> Any:
    """Return what was injected, one row per incident.

    Returns:
        DataFrame: incident (int), kind (多人同诉 or 一人多诉), category1, category2, category, category_code, district,
        street, place, lat, lon, start and end (naive local; `end` is when the last ticket could come), tickets
        (exported ones), callers (distinct known ones), ids (list of 工单编号). Category is the true one: some of the
        tickets were first filed under another. A dirty city's truth has two columns more: background (what the cell
        expects in the window anyway) and times (tickets / background).
    """
    import pandas as pd

    plan = make_plan(config)
    parts = [_injected(_draw(plan, chunk)) for chunk in plan.chunks]
    tickets = pd.concat(parts, ignore_index=True)
    by_incident = tickets.groupby("incident").agg(
        tickets=("id", "size"), callers=("caller", lambda caller: caller[caller >= 0].nunique()), ids=("id", list)
    )
    whole = _incident_frame(plan).join(by_incident, on="incident", how="inner").reset_index(drop=True)
    if config.dirt is None:
        return whole
    background = _background(plan)[whole["incident"]]
    return whole.assign(background=background, times=whole["tickets"] / background)


def dirt_truth(config: SimulatorConfig) -> Any:
    """Return every piece of dirt of a city, one row each.

    Returns:
        DataFrame: piece (int), kind (see `DirtKind`), category, district ('' for several), detail (an office's
        department, the new label, the weather and its strength, the point's coordinates), start and end (naive local),
        tickets (those that carry it) and ids (list of 工单编号). A ticket may carry several pieces.
    """
    import pandas as pd

    plan = make_plan(config)
    pieces, parts = plan.dirt, []
    for chunk in plan.chunks:
        drawn = _draw(plan, chunk)
        piece, at = marks(plan, drawn)
        found = drawn.keep(at)
        parts.append(pd.DataFrame({"piece": piece, "id": ticket_ids(found.opened, found.serial).to_pylist()}))
    ids = pd.concat(parts, ignore_index=True).groupby("piece")["id"].agg(list)
    frame = pd.DataFrame(
        {
            "piece": np.arange(len(pieces)),
            "kind": [str(kind) for kind in pieces.kind],
            "category": ["" if leaf < 0 else plan.city.leaves[leaf].name for leaf in pieces.leaf],
            "district": ["" if district < 0 else plan.city.districts[district].name for district in pieces.district],
            "detail": pieces.detail,
            "start": pieces.start.astype("datetime64[s]"),
            "end": pieces.end.astype("datetime64[s]"),
        }
    )
    named = [ids.get(piece, []) for piece in frame["piece"]]
    return frame.assign(tickets=[len(of) for of in named], ids=named)


def _background(plan: Plan) -> Any:
    """Return how many ordinary tickets the cell of each incident expects in its window."""
    incidents = plan.incidents
    district = plan.places.district[incidents.place]
    expected = expected_between(
        plan.expected,
        plan.city,
        plan.config.first_second,
        leaf=incidents.leaf,
        district=district,
        start=incidents.start,
        end=incidents.end,
    )
    return expected * in_use(plan.dirt, plan.city, incidents.leaf, district, incidents.start)


def _draw(plan: Plan, chunk: Chunk) -> Draws:
    drawn = draw_chunk(plan, chunk, plan.config.rng(_TICKETS, chunk.index))
    dirt = plan.config.dirt
    return as_exported(drawn if dirt is None else soil(plan, dirt, chunk, drawn), plan)


def _injected(drawn: Draws) -> Any:
    import pandas as pd

    found = drawn.keep(drawn.incident >= 0)
    ids = ticket_ids(found.opened, found.serial).to_pylist()
    return pd.DataFrame({"incident": found.incident, "id": ids, "caller": found.caller})


def _incident_frame(plan: Plan) -> Any:
    import pandas as pd

    city, places, incidents = plan.city, plan.places, plan.incidents
    label = shown_label(city, plan.dirt, incidents.leaf, incidents.start)
    leaves = [plan.shown.leaves[leaf] for leaf in label]
    place = incidents.place
    return pd.DataFrame(
        {
            "incident": np.arange(len(incidents.leaf)),
            "kind": np.where(incidents.repeat, Kind.REPEAT, Kind.SHARED),
            "category1": [leaf.class_name for leaf in leaves],
            "category2": [leaf.item_name for leaf in leaves],
            "category": [leaf.name for leaf in leaves],
            "category_code": [leaf.code for leaf in leaves],
            "district": [city.districts[d].name for d in places.district[place]],
            "street": [places.street_names[s] for s in places.street[place]],
            "place": [places.name[p] for p in place],
            "lat": np.round(places.lat[place], 6),
            "lon": np.round(places.lon[place], 6),
            "start": incidents.start.astype("datetime64[s]"),
            "end": incidents.end.astype("datetime64[s]"),
        }
    )
