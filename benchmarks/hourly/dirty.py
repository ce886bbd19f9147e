"""The dirty city, detected as live: what was found of bursts of every size, and what the other alerts were about.

The lake holds the city; every morning at 07:00 all detectors run on it (`find_everything`), and in between the rules
and the texts of each batch run on the reports in memory, by the same functions as live: the lake is not read anew for
every batch. Candidates become alerts by the code that makes them live.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa

from features.clock import FixedClock
from features.configuration import SurgeConfig
from features.knowledge import Knowledge, open_lake
from features.mappings import load_mapping
from features.reporters import reports
from features.settings import Settings
from features.simulator import SimulatorConfig, dirt_truth, simulate, truth, write_city
from features.vocabulary import SIMULATED, Kind
from models.hotspots.candidates import Thresholds
from models.hotspots.rules import apply_rules
from models.hotspots.textgroups import TopicMemory, find_groups
from models.hotspots.ticketframe import clean_tickets, with_streets
from pipelines.ingest import ingest
from pipelines.replay.episodes import Policy, fold_alerts
from pipelines.replay.power import burst_power
from pipelines.run_detectors import Findings, configured_thresholds, find_everything
from pipelines.topic_memory import load_topic_memory

ZONE: Final = ZoneInfo("Asia/Shanghai")
SIZES: Final = (0, 2, 3, 5, 10, 20, np.inf)
STRONG: Final = 20
NOT_ABOUT_BURSTS: Final = (Kind.REPEAT, Kind.SENSITIVE, Kind.FORECAST)
"""One caller, one danger, a season: right or wrong, they do not say that something bursts."""
TAIL_DAYS: Final = 6
"""Days simulated after the judged ones: a burst lies whole within its city, so that the last days would have fewer."""
_MORNING: Final = 7
_FEW: Final = 3
_COLUMNS: Final = {
    "工单编号": "ticket_id", "受理时间": "opened_local", "更新时间": "known_local", "来源渠道": "channel",
    "一级事项": "category1", "二级事项": "category2", "三级事项": "category", "区县": "district", "街道": "street",
    "承办单位": "department", "来电人": "caller", "诉求标题": "title", "诉求内容": "text", "诉求地址": "address",
    "纬度": "lat", "经度": "lon",
}  # fmt: skip
_FOREVER: Final = pd.Timestamp("2262-01-01", tz="UTC")


@dataclass(frozen=True)
class Told:
    """One city, watched.

    Attributes:
        alerts: Those told, with `about`: what they are about, see `ascribed`.
        bursts: One row per burst whose fifth caller came within the span, with `times` and `delay_hours`.
        feed: Every version of every report, with the moments from when and until when it was the known one.
        arrivals: Tickets by arrival.
        start, end: The span, naive local.
        seconds: CPU seconds of detection.
    """

    alerts: pd.DataFrame
    bursts: pd.DataFrame
    feed: pd.DataFrame
    arrivals: pd.DataFrame
    start: pd.Timestamp
    end: pd.Timestamp
    seconds: float


def watch(config: SimulatorConfig, scratch: Path, *, days: int, minutes: int) -> Told:
    """Detect in the last days of a dirty city, and say what was told."""
    rows = _rows(config)
    feed, arrivals = _feed(rows), _arrivals(rows)
    end = config.export_time.replace(tzinfo=ZONE) - timedelta(days=TAIL_DAYS)
    start = end - timedelta(days=days)
    settings = _installation(config, scratch)
    started = time.process_time()
    candidates, runs = _detected(settings, feed, start, end, timedelta(minutes=minutes))
    seconds = time.process_time() - started
    first, last = _local(start), _local(end)
    alerts, held = fold_alerts(candidates, Policy.of(settings.alerts), settings=settings, runs=runs, start=first)
    return Told(
        alerts=ascribed(alerts[alerts["told_at"] >= first], held, config, arrivals),
        bursts=sized(config, arrivals, held, first, last),
        feed=feed,
        arrivals=arrivals,
        start=first,
        end=last,
        seconds=seconds,
    )


def _installation(config: SimulatorConfig, scratch: Path) -> Settings:
    export = write_city(config, scratch / "city")
    settings = Settings(home=scratch / "home", timezone=ZONE.key)
    ingest([export.tickets_path], SIMULATED, settings, FixedClock(config.export_time.replace(tzinfo=ZONE)))
    return settings


def _rows(config: SimulatorConfig) -> pd.DataFrame:
    """Return every version of every ticket, in order of arrival."""
    rows = pa.Table.from_batches(list(simulate(config))).select(list(_COLUMNS)).rename_columns(list(_COLUMNS.values()))
    frame = rows.to_pandas(strings_to_categorical=False)
    for name in ("channel", "category1", "category2", "category", "district", "street", "department"):
        frame[name] = frame[name].astype(object)
    known = pd.to_datetime(frame["known_local"]).dt.tz_localize(ZONE).dt.tz_convert(UTC)
    return frame.assign(source=SIMULATED, known_at=known).sort_values("known_at", kind="stable", ignore_index=True)


def _feed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the versions of reports: own entries left out; `listed` is the caller once the day is over."""
    first = rows.drop_duplicates("ticket_id")
    counted = reports(pa.Table.from_pandas(first, preserve_index=False), _own_channels()).select(
        ["ticket_id", "caller"]
    )
    callers = counted.to_pandas().set_index("ticket_id")["caller"]
    kept = rows[rows["ticket_id"].isin(callers.index)]
    kept = kept.assign(listed=kept["ticket_id"].map(callers), said_by=kept["caller"])
    feed = with_streets(clean_tickets(kept))
    feed = feed.assign(listed=feed["listed"].fillna(feed["key"]))
    feed = feed.sort_values(["opened_local", "key", "known_at"], kind="stable", ignore_index=True)
    until = feed.groupby("key", sort=False)["known_at"].shift(-1).fillna(_FOREVER)
    return feed.assign(until=until, first=~feed["key"].duplicated())


def _own_channels() -> dict[str, tuple[str, ...]]:
    return {SIMULATED: tuple(load_mapping(SIMULATED).own_channels)}


def _arrivals(rows: pd.DataFrame) -> pd.DataFrame:
    """Return each ticket with its key and the moment it arrived."""
    first = rows.drop_duplicates("ticket_id")
    ticket = SIMULATED + "/" + first["ticket_id"]
    arrived = first["known_at"].dt.tz_convert(ZONE).dt.tz_localize(None)
    return first[["ticket_id", "opened_local", "category", "district", "department"]].assign(
        ticket=ticket, arrived=arrived, caller=first["caller"].fillna(ticket)
    )


def _detected(
    settings: Settings, feed: pd.DataFrame, start: datetime, end: datetime, step: timedelta
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the candidates of every run, and the runs."""
    lake, thresholds = open_lake(settings), configured_thresholds(settings)
    batches, found, runs = _Batches(settings, feed, thresholds), [], []
    for moment in _moments(start, end, step):
        complete = moment.hour == _MORNING and moment.minute == 0
        if complete:
            findings = find_everything(settings, moment, lake=lake, surge=SurgeConfig(), thresholds=thresholds)
            rows = findings.candidates(thresholds)
            batches.learn(Knowledge.at(settings, moment, lake=lake))
        else:
            rows = batches.judge(moment, step)
        found.append(rows.assign(moment=_local(moment)))
        runs.append((_local(moment), complete))
    return pd.concat(found, ignore_index=True), pd.DataFrame(runs, columns=["moment", "complete"])


def _moments(start: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    """Yield the runs from the morning before the span on, which tell what is open already, to its end."""
    moment = start - timedelta(hours=24 - _MORNING)
    while moment <= end:
        yield moment
        moment += step


class _Batches:
    """The rules and texts of a batch, as `find_batch` judges them, on reports in memory."""

    def __init__(self, settings: Settings, feed: pd.DataFrame, thresholds: Thresholds) -> None:
        self._settings, self._feed, self._thresholds = settings, feed, thresholds
        self._memory = TopicMemory()
        self._text = settings.text.model_copy(update={"min_recurrence_days": thresholds.group_days})

    def learn(self, knowledge: Knowledge) -> None:
        """Take over the memory of topics that a morning's run has left, as a live batch does."""
        self._memory = load_topic_memory(knowledge, self._settings.text)

    def judge(self, moment: datetime, step: timedelta) -> pd.DataFrame:
        """Return the candidates of what came since the last batch."""
        local, settings = _local(moment), self._settings
        days = max(settings.rules.lookback_days, settings.text.days) + 1
        rows = self._known(moment, local - pd.Timedelta(days=days))
        keys = set(rows.loc[rows["known_at"] > pd.Timestamp(moment - step), "key"])
        hits = apply_rules(rows, settings.rules, as_of=moment, timezone=settings.timezone, only=keys)
        window = rows[rows["opened_local"] >= local - pd.Timedelta(days=settings.text.days)]
        groups = find_groups(
            window, as_of=moment, timezone=settings.timezone, memory=self._memory, config=self._text, only=keys
        )
        nothing = pd.DataFrame(columns=["unique_id", "level"])
        found = Findings(moment, rows, nothing, hits, {}, None, groups, None, ranking=settings.candidates)
        return found.candidates(self._thresholds)

    def _known(self, moment: datetime, since: pd.Timestamp) -> pd.DataFrame:
        rows = self._feed.iloc[self._feed["opened_local"].searchsorted(since) :]
        now = pd.Timestamp(moment)
        rows = rows[(rows["known_at"] <= now) & (rows["until"] > now)].reset_index(drop=True)
        return rows.assign(caller=_hands(rows, _local(moment).normalize() - pd.Timedelta(days=1)))


def _hands(rows: pd.DataFrame, today: pd.Timestamp) -> pd.Series:
    """Return who speaks through each report as it looks at the moment: a list is none before its sixth entry."""
    recent = rows[rows["opened_local"] >= today]
    asked = recent[["source", "channel", "category", "opened_local"]].assign(caller=recent["said_by"].astype(object))
    asked = asked.astype({"channel": "object", "category": "object"})
    now = reports(pa.Table.from_pandas(asked, preserve_index=False), {})["caller"].to_pandas()
    callers = rows["listed"].copy()
    callers.loc[recent.index] = now.set_axis(recent.index).fillna(recent["key"])
    return callers


def sized(
    config: SimulatorConfig, arrivals: pd.DataFrame, held: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp
) -> pd.DataFrame:
    """Return the bursts of the span with their size in multiples of their background."""
    known = truth(config)
    bursts = burst_power(known, arrivals, held, start=start, end=end)
    return bursts.merge(known[["incident", "times", "background"]], on="incident")


def ascribed(alerts: pd.DataFrame, held: pd.DataFrame, config: SimulatorConfig, arrivals: pd.DataFrame) -> pd.DataFrame:
    """Return the alerts with `about`: what most of their tickets carry.

    In this order: a `burst` where three tickets are of one; `weather` where it brought a third of them; the kind of
    dirt that half of the tickets carry (the foremost one); an
    `other kind` that says nothing of bursts; `nothing`.
    """
    carried = _carried(config)
    owner = dict(zip(arrivals["ticket"], arrivals["ticket_id"], strict=True))
    told = held.assign(ticket_id=held["ticket"].map(owner)).groupby("alert")["ticket_id"].agg(list)
    about = [
        _about(kind, carried[carried["id"].isin(told.get(alert, []))], len(told.get(alert, [])))
        for alert, kind in zip(alerts["alert"], alerts["kind"], strict=True)
    ]
    return alerts.assign(about=about)


def _carried(config: SimulatorConfig) -> pd.DataFrame:
    """Return `id, what, which`: of every ticket what it carries."""
    injected = truth(config)
    what = np.where(injected["kind"] == Kind.SHARED, "burst", "repeat caller")
    bursts = injected.assign(what=what, which=injected["incident"])[["what", "which", "ids"]]
    dirt = dirt_truth(config).rename(columns={"kind": "what", "piece": "which"})[["what", "which", "ids"]]
    return pd.concat([bursts, dirt]).explode("ids").rename(columns={"ids": "id"}).dropna()


_DIRT_ORDER: Final = ("list", "import", "rename", "office_starts", "own_entries", "repeat caller", "default_point")


def _about(kind: str, carried: pd.DataFrame, tickets: int) -> str:
    most = carried[carried["what"] == "burst"].groupby("which").size()
    if len(most) and most.max() >= _FEW:
        return "burst"
    count = carried.groupby("what").size()
    half = max(tickets / 2, 1)
    if count.get("weather", 0) >= max(tickets / 3, 1):
        return "weather"
    if kind in NOT_ABOUT_BURSTS:
        return "other kind"
    return next((what for what in _DIRT_ORDER if count.get(what, 0) >= half), "nothing")


def false_alerts(alerts: pd.DataFrame) -> pd.DataFrame:
    """Return the alerts that say something bursts where nothing does."""
    return alerts[~alerts["about"].isin(["burst", "weather", "other kind"])]


def curve(bursts: pd.DataFrame) -> list[dict[str, Any]]:
    """Return what was found of the bursts of each size, within the hour and within a day of the fifth caller."""
    rows = []
    for low, high in pairwise(SIZES):
        part = bursts[(bursts["times"] >= low) & (bursts["times"] < high)]
        rows.append({"times": f"{low} to {high}" if high < np.inf else f"{low} or more", **_found(part)})
    return [*rows, {"times": "all", **_found(bursts)}]


def _found(part: pd.DataFrame) -> dict[str, Any]:
    hour, day = ((part["delay_hours"] <= hours) for hours in (1, 24))
    share = float(hour.mean()) if len(part) else None
    return {
        "bursts": len(part),
        "within 1 h": share,
        "standard error": None if share is None else float(np.sqrt(share * (1 - share) / len(part))),
        "within 24 h": float(day.mean()) if len(part) else None,
    }


def _local(moment: datetime) -> pd.Timestamp:
    return pd.Timestamp(moment.astimezone(ZONE).replace(tzinfo=None))
