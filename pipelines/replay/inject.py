"""Put bursts on top of a real past, for a replay to find: many callers, one matter, one place, known tickets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.branches import is_unclassified
from features.knowledge import Knowledge
from features.lake import Lake
from features.lake.duck import arrow, duck
from features.lake.keys import key_sql
from features.lake.overlay import overlaid
from features.lake.schema import TICKETS
from features.vocabulary import Kind
from pipelines.errors import PipelineError

_MODELLED_ON: Final = timedelta(days=28)
_CALLERS: Final = (5, 25)
_SPREAD_DAYS: Final = 1.0
_METRES: Final = 100.0
_METRES_PER_DEGREE: Final = 111_320.0
_PLACE: Final = [
    *("source", "category1", "category2", "category", "category_code"),
    *("district", "street", "address", "department", "lat", "lon"),
]
_WORDS: Final = ["title", "text"]


@dataclass(frozen=True)
class Injection:
    """What to put on top.

    Attributes:
        per_week: Bursts a week.
        seed: Seed of all that is drawn.
    """

    per_week: float
    seed: int = 0


def inject_bursts(before: Knowledge, injection: Injection, file: Path, *, end: datetime) -> tuple[Lake, pd.DataFrame]:
    """Return the lake with bursts on top, and the truth about them.

    Each burst has the matter, place and point (within about 100 m) of one ticket of the four weeks before the span, so
    that busy matters and places have more of them; 5 to 25 callers (small bursts as likely as large ones on the log
    scale), each with one ticket, most within two days of the first. Their titles and texts are those of other tickets
    of the same matter and district: text detection is not handed copies of one sentence.

    Args:
        before: What was known at the first moment of the span; the lake stays as it is.
        injection: How many, and the seed.
        file: Where to write the tickets.
        end: Aware; the last moment of the span. Bursts begin in the first four fifths of the span.

    Returns:
        The lake as readers are to see it; `incident, kind, category, district, ids`, as the simulator tells the truth.

    Raises:
        PipelineError: There is no ticket to model a burst on.
    """
    rng = np.random.default_rng(injection.seed)
    columns = [*_PLACE, *_WORDS]
    start, lake = before.as_of, before.lake
    known = before.tickets(since=start - _MODELLED_ON, until=start, columns=columns).to_pandas()
    models = known[_named(known["category"]) & _named(known["district"])].reset_index(drop=True)
    if models.empty:
        raise PipelineError(f"no ticket of the four weeks before {start:%Y-%m-%d} to model a burst on")
    count = max(round(injection.per_week * ((end - start) / timedelta(weeks=1))), 1)
    begins = [start + 0.8 * share * (end - start) for share in rng.random(count).tolist()]
    chosen = models.iloc[rng.integers(len(models), size=count)]
    bursts = [
        _burst(incident, model, begin, _said_elsewhere(models, model), rng)
        for incident, (model, begin) in enumerate(zip(chosen.to_dict("records"), begins, strict=True))
    ]
    tickets = pd.concat(bursts, ignore_index=True)
    _write(tickets, file, lake.timezone)
    ids = tickets.groupby("incident")["ticket_id"].agg(list)
    truth = chosen[["category", "district"]].reset_index(drop=True).assign(kind=Kind.SHARED, ids=ids)
    return overlaid(lake, file), truth.rename_axis("incident").reset_index()


def _named(values: pd.Series) -> pd.Series:
    said = values.fillna("").astype("str")
    return (said != "") & ~said.map(is_unclassified).astype(bool)


def _said_elsewhere(models: pd.DataFrame, model: dict[str, Any]) -> pd.DataFrame:
    """Return titles and texts of the same matter and district, the model's own where nobody else said anything."""
    alike = (models["category"] == model["category"]) & (models["district"] == model["district"])
    others = models[alike & (models["text"].fillna("") != (model["text"] or ""))]
    return (others if len(others) else models[alike])[_WORDS]


def _burst(
    incident: int, model: dict[str, Any], begin: datetime, words: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    low, high = np.log(_CALLERS[0]), np.log(_CALLERS[1] + 1)
    callers = int(np.exp(rng.uniform(low, high)))
    days = np.sort(rng.lognormal(0.0, 0.75, callers)) * _SPREAD_DAYS
    degrees = rng.normal(0, _METRES / _METRES_PER_DEGREE, (callers, 2))
    said = words.iloc[rng.integers(len(words), size=callers)].reset_index(drop=True)
    rows = pd.DataFrame([model] * callers).drop(columns=_WORDS).join(said)
    return rows.assign(
        incident=incident,
        ticket_id=[f"injected-{incident}-{n}" for n in range(callers)],
        caller=[f"injected-{incident}-{n}" for n in range(callers)],
        opened_at=pd.Timestamp(begin) + pd.to_timedelta(days - days[0], unit="D"),
        lat=rows["lat"].astype(float) + degrees[:, 0],
        lon=rows["lon"].astype(float) + degrees[:, 1],
    )


def _write(tickets: pd.DataFrame, file: Path, timezone: str) -> None:
    """Write the first and only version of each ticket, known when it is opened."""
    # Arrow reads naive moments as UTC where its schema says so.
    opened = tickets["opened_at"].dt.tz_convert("UTC").dt.tz_localize(None).dt.as_unit("us")
    rows = tickets.assign(
        opened_at=opened,
        known_at=opened,
        opened_local=tickets["opened_at"].dt.tz_convert(timezone).dt.tz_localize(None).dt.as_unit("us"),
        revision=1,
        deleted=False,
        content_hash=0,
        load_id="injected",
    )
    stated = pa.Table.from_pandas(rows, preserve_index=False)
    with duck(threads=1) as connection:
        connection.register("stated", stated)
        keyed = arrow(connection, f"SELECT *, {key_sql()} AS key FROM stated")
    missing = [name for name in TICKETS.names if name not in keyed.column_names]
    for name in missing:
        keyed = keyed.append_column(name, pa.nulls(len(keyed), TICKETS.field(name).type))
    pq.write_table(keyed.select(TICKETS.names).cast(TICKETS), file)
