"""The simulated city of the show: months of history in the lake, two days before the show, and the show's own feed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import select

from features.clock import FixedClock
from features.settings import Settings
from features.simulator import SimulatorConfig, simulate
from features.vocabulary import SIMULATED
from pipelines.detect import detect_everything
from pipelines.ingest import ingest
from pipelines.train import train
from serve.access import Caller, Role
from serve.alerts.actions import handle
from serve.alerts.lifecycle import OPEN
from serve.alerts.service import perform
from serve.delivery import run_once
from serve.store import Store
from serve.store.tables import Alert
from serve.supervision import tick

DAY = date(2026, 6, 17)
"""A Wednesday in the rainy season: no weekly training and no weekly forecast fall into it."""

_KNOWN = "更新时间"
_TICKET = "工单编号"
_WARM_UP_DAYS = 2
_WATCH = tuple(timedelta(hours=hours) for hours in (6, 12, 18, 24))
_DUTY = Caller(key_id="show", name="督办员", role=Role.SUPERVISOR)


@dataclass(frozen=True)
class City:
    """All versions of all tickets, in the order in which they became known."""

    rows: pa.Table

    @classmethod
    def simulated(cls, tickets: int, days: int, seed: int) -> City:
        """Invent the city: `days` of history, then the day of the show."""
        end = DAY + timedelta(days=1)
        config = SimulatorConfig(
            tickets=tickets, start=end - timedelta(days=days), end=end, changes="all", bursts=4 * days, seed=seed
        )
        return cls(pa.Table.from_batches(list(simulate(config))).sort_by(_KNOWN))

    def between(self, start: datetime, end: datetime) -> pa.Table:
        """Return what became known from `start` on and before `end` (naive, local)."""
        known = self.rows[_KNOWN]
        return self.rows.filter(pc.and_(pc.greater_equal(known, start), pc.less(known, end)))

    def before(self, moment: datetime) -> pa.Table:
        """Return the newest version known before a moment of each ticket: history needs no more."""
        known = self.between(datetime.min, moment)  # noqa: DTZ901 - naive local civil time
        numbered = known.append_column("row", pa.array(range(known.num_rows)))
        newest = numbered.group_by(_TICKET).aggregate([("row", "max")])["row_max"]
        return known.take(newest.sort())

    def feed(self, start: datetime, end: datetime, step: timedelta) -> Iterator[tuple[datetime, list[dict[str, Any]]]]:
        """Yield batches as a 12345 platform would push them: the moment a batch is complete, and its rows."""
        moment = start
        while moment < end:
            rows = self.between(moment, moment + step).to_pylist()
            moment += step
            yield moment, [{name: _text(value) for name, value in row.items() if value is not None} for row in rows]


def prepare(settings: Settings, city: City, start: datetime) -> None:
    """Bring the installation to the eve of the show: history, models, and two watched and answered days."""
    eve = start - timedelta(days=_WARM_UP_DAYS)
    _take_in(settings, city.before(eve), _clock(settings, eve))
    train(settings, _clock(settings, eve), n_jobs=1)
    for day in range(_WARM_UP_DAYS):
        for since, until in zip((timedelta(), *_WATCH), _WATCH, strict=False):
            at = eve + timedelta(days=day)
            clock = _clock(settings, at + until)
            _take_in(settings, city.between(at + since, at + until), clock)
            detect_everything(settings, clock)
            _answer(settings, clock)


def _take_in(settings: Settings, rows: pa.Table, clock: FixedClock) -> None:
    path = settings.home / "history.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path)
    ingest([Path(path)], SIMULATED, settings, clock)


def _answer(settings: Settings, clock: FixedClock) -> None:
    """Deliver what there is, and handle every open alert a few minutes later."""
    store = Store.open(settings.store_url)
    while run_once(store, settings, clock).calls:
        clock.advance(timedelta(minutes=1))
    with store.reading() as session:
        waiting = session.scalars(select(Alert.id).where(Alert.state.in_([state.value for state in OPEN]))).all()
    for alert_id in waiting:
        perform(
            store, clock=clock, settings=settings, caller=_DUTY, alert_id=alert_id, name="handle", action=handle,
        )  # fmt: skip
    tick(store, clock, settings)
    store.close()


def _clock(settings: Settings, local: datetime) -> FixedClock:
    return FixedClock(local.replace(tzinfo=settings.zone))


def _text(value: Any) -> Any:
    return value.isoformat(sep=" ") if isinstance(value, datetime) else value
