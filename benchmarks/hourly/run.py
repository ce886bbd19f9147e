"""Hourly detection in the simulated city: is a burst raised within an hour of its fifth distinct caller?

One command; the city is simulated as a live feed, so that a ticket is known when it is opened, and under the category
it was first filed under:

    python benchmarks/hourly/run.py --city dirty [--days 8] [--seeds 21] [--json FILE]
    python benchmarks/hourly/run.py --city clean [--days 10] [--seeds 11 12 13 14] [--json FILE]

The dirty city is what is reported: bursts of every size, beside a detector that knows every rate, and what the false
alerts are about (`dirty.py`, `oracle.py`). The clean one, described here, is a regression test.

As live, the recitable rules and the texts of the districts concerned are looked at on every ingested batch (a quarter
of an hour), all text groups on the hour; signals are merged, and candidates become alerts under the weekly budget. The
clock starts when the ticket of the fifth distinct caller arrives (some come hours after they were opened), and the wait
for the run is part of the delay. Surges and scans, which judge complete periods, could only add to what is found here.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from benchmarks.hourly.dirty import STRONG, TAIL_DAYS, curve, false_alerts, watch
from benchmarks.hourly.oracle import oracle
from features.configuration import RuleConfig, TextConfig
from features.simulator import Dirt, SimulatorConfig, simulate, truth
from features.vocabulary import SIMULATED
from models.hotspots.candidates import merge_candidates
from models.hotspots.rules import apply_rules
from models.hotspots.textgroups import TopicMemory, find_groups, word_texts
from models.hotspots.ticketframe import clean_tickets
from pipelines.replay.episodes import Policy, fold_alerts, load_per_department_week
from pipelines.replay.power import burst_power, summarise_power

ZONE = ZoneInfo("Asia/Shanghai")
COLUMNS = {
    "工单编号": "ticket_id",
    "受理时间": "opened_local",
    "更新时间": "known_local",
    "一级事项": "category1",
    "二级事项": "category2",
    "三级事项": "category",
    "区县": "district",
    "街道": "street",
    "承办单位": "department",
    "来电人": "caller",
    "诉求标题": "title",
    "诉求内容": "text",
}
HISTORY_DAYS = 100
BUDGETS = {"budget 5": 5, "no budget": None}
_FOREVER = pd.Timestamp("2262-01-01", tz="UTC")


def read_feed(config: SimulatorConfig) -> pd.DataFrame:
    """Return every version of every ticket, clean, with the moments from when and until when it was the known one."""
    batches = [batch.to_pandas() for batch in simulate(config)]
    rows = pd.concat(batches, ignore_index=True).rename(columns=COLUMNS)[list(COLUMNS.values())]
    local = pd.to_datetime(rows["known_local"])
    rows = rows.assign(source=SIMULATED, known_at=local.dt.tz_localize(ZONE).dt.tz_convert(UTC))
    feed = clean_tickets(rows.sort_values("known_at", kind="stable"))
    feed = feed.sort_values(["opened_local", "key", "known_at"], kind="stable", ignore_index=True)
    until = feed.groupby("key", sort=False)["known_at"].shift(-1).fillna(_FOREVER)
    return feed.assign(until=until, first=~feed["key"].duplicated())


def known_by(feed: pd.DataFrame, moment: datetime, since: pd.Timestamp) -> pd.DataFrame:
    """Return the tickets opened since a local time as known at a moment."""
    rows = feed.iloc[feed["opened_local"].searchsorted(since) :]
    now = pd.Timestamp(moment)
    return rows[(rows["known_at"] <= now) & (rows["until"] > now)].reset_index(drop=True)


def detect_hourly(feed: pd.DataFrame, start: datetime, hours: int, text: TextConfig, minutes: int) -> pd.DataFrame:
    """Return the candidates of every run: rules and texts of a batch every `minutes`, all text groups on the hour."""
    memory, found = TopicMemory(), []
    learnt = feed["opened_local"].min().normalize()
    no_cells = pd.DataFrame(columns=["unique_id", "level"])
    back = pd.Timedelta(days=RuleConfig().lookback_days)
    for run in range(hours * 60 // minutes + 1):
        moment = start + timedelta(minutes=run * minutes)
        local = pd.Timestamp(moment.astimezone(ZONE).replace(tzinfo=None))
        learnt = _learn(memory, feed, moment, learnt, local - pd.Timedelta(days=text.days))
        rows = known_by(feed, moment, local - back)
        came = rows.loc[rows["known_at"] > pd.Timestamp(moment - timedelta(minutes=minutes)), "key"]
        keys = None if local.minute == 0 else set(came)
        groups = find_groups(rows, as_of=moment, memory=memory, config=text, only=keys)
        hits = apply_rules(rows, as_of=moment, only=keys)
        candidates = merge_candidates(tickets=rows, as_of=moment, static=no_cells, hits=hits, groups=groups)
        found.append(candidates.assign(moment=local))
    return pd.concat(found, ignore_index=True)


def _learn(
    memory: TopicMemory, feed: pd.DataFrame, moment: datetime, day: pd.Timestamp, end: pd.Timestamp
) -> pd.Timestamp:
    """Teach the memory whole days up to `end`, and return the next day to learn."""
    while day + pd.Timedelta(days=1) <= end:
        rows = known_by(feed, moment, day)
        said = rows.iloc[: rows["opened_local"].searchsorted(day + pd.Timedelta(days=1))]
        memory.learn(word_texts(said["title"].tolist(), said["text"].tolist()), day, said["district"].tolist())
        day += pd.Timedelta(days=1)
    return day


@dataclass(frozen=True)
class Measured:
    """One simulated city.

    Attributes:
        bursts: Under each weekly budget, the bursts whose fifth caller arrived within the span.
        load: Under each weekly budget, alerts below red per department and week: mean and largest.
        kinds: Alerts by kind without a budget.
        seconds: Per detection run.
    """

    bursts: dict[str, pd.DataFrame]
    load: dict[str, dict[str, float]]
    kinds: dict[str, int]
    seconds: float


def measure(config: SimulatorConfig, *, days: int, text: TextConfig, minutes: int) -> Measured:
    """Return power and load of the last `days` days."""
    feed = read_feed(config)
    end = datetime.combine(config.export_time.date(), datetime.min.time(), ZONE).astimezone(UTC)
    start = end - timedelta(days=days)
    started = time.process_time()
    candidates = detect_hourly(feed, start, days * 24, text, minutes)
    seconds = (time.process_time() - started) / (days * 24 * 60 / minutes + 1)
    first = feed[feed["first"]]
    arrivals = first[["ticket_id", "opened_local", "caller"]].assign(
        ticket=first["key"], arrived=first["known_at"].dt.tz_convert(ZONE).dt.tz_localize(None)
    )
    local = [pd.Timestamp(moment.astimezone(ZONE).replace(tzinfo=None)) for moment in (start, end)]
    departments = feed["department"].nunique()
    bursts, load, kinds = {}, {}, {}
    for name, budget in BUDGETS.items():
        alerts, held = fold_alerts(candidates, Policy(budget=budget))
        bursts[name] = burst_power(truth(config), arrivals, held, start=local[0], end=local[1])
        load[name] = load_per_department_week(alerts, *local, departments)
        kinds = alerts["kind"].value_counts().to_dict()
    return Measured(bursts, load, kinds, seconds)


def summarise(cities: list[Measured]) -> dict[str, Any]:
    """Return the pooled result of several cities, with the standard error of the share within an hour."""
    result: dict[str, Any] = {"cities": len(cities), "CPU seconds per run": float(np.mean([c.seconds for c in cities]))}
    for name in BUDGETS:
        bursts = pd.concat([city.bursts[name].assign(city=n) for n, city in enumerate(cities)], ignore_index=True)
        within = float((bursts["delay_hours"] <= 1).mean())
        result[name] = {
            "power": summarise_power(bursts),
            "standard error within 1 hour": float(np.sqrt(within * (1 - within) / max(len(bursts), 1))),
            "alerts below red per department and week": {
                "mean": float(np.mean([city.load[name]["mean"] for city in cities])),
                "largest": max(city.load[name]["largest"] for city in cities),
            },
            "late": bursts[~(bursts["delay_hours"] <= 1)].astype(str).to_dict("records"),
        }
    kinds = pd.DataFrame([city.kinds for city in cities]).fillna(0).sum().astype(int)
    return {**result, "alerts by kind": kinds.to_dict()}


def measure_dirty(config: SimulatorConfig, *, days: int, minutes: int) -> dict[str, Any]:
    """Return what a dirty city shows: bursts by size, the share of what the true rates find, false alerts by dirt."""
    with TemporaryDirectory(prefix="weisu-dirty-") as scratch:
        told = watch(config, Path(scratch), days=days, minutes=minutes)
    started = time.process_time()
    known_alerts, known, level = oracle(config, told)
    own = told.bursts.dropna(subset=["delay_hours"])
    strong = told.bursts[told.bursts["times"] >= STRONG]
    return {
        "citizens' tickets a day": round(config.tickets / config.days),
        "days": days,
        "strong bursts within 1 h": float((strong["delay_hours"] <= 1).mean()),
        "bursts by size": curve(told.bursts),
        "knowing every rate": {
            "threshold": level,
            "bursts by size": curve(known),
            "false alerts": len(false_alerts(known_alerts)),
            "found of what it finds": {
                name: float((own["delay_hours"] <= hours).sum() / max((known["delay_hours"] <= hours).sum(), 1))
                for name, hours in {"within 1 h": 1, "within 24 h": 24}.items()
            },
        },
        "alerts": told.alerts["kind"].value_counts().to_dict(),
        "about": told.alerts["about"].value_counts().to_dict(),
        "false alerts by dirt": false_alerts(told.alerts)["about"].value_counts().to_dict(),
        "false alerts by kind": false_alerts(told.alerts)["kind"].value_counts().to_dict(),
        "CPU seconds": {"detection": round(told.seconds), "knowing every rate": round(time.process_time() - started)},
    }


def _config(options: argparse.Namespace, seed: int) -> SimulatorConfig:
    end = datetime(2026, 11, 2)  # noqa: DTZ001 - the simulator's clock is local
    span = options.days + HISTORY_DAYS
    return SimulatorConfig(
        tickets=options.per_day * span,
        start=(end - timedelta(days=span)).date(),
        end=end,
        seed=seed,
        bursts=round(options.bursts * span),
        changes="all",
    )


_DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "dirty": {"days": 2, "bursts": 10.0, "per_day": 1000, "seeds": [22], "minutes": 60},
    "clean": {"days": 10, "bursts": 3.0, "per_day": 550, "seeds": [11, 12, 13, 14], "minutes": 15},
}


def main() -> None:
    """Simulate, detect, print."""
    parser = argparse.ArgumentParser(description="Hourly detection in the simulated city")
    parser.add_argument("--city", choices=list(_DEFAULTS), default="dirty")
    parser.add_argument("--days", type=int)
    parser.add_argument("--bursts", type=float, help="injected bursts a day")
    parser.add_argument("--per-day", type=int, help="tickets a day")
    parser.add_argument("--seeds", type=int, nargs="+")
    parser.add_argument("--callers", type=int, default=TextConfig().min_callers, help="callers of a shared matter")
    parser.add_argument("--minutes", type=int, help="between two ingested batches")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    for name, value in _DEFAULTS[options.city].items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    (_dirty if options.city == "dirty" else _clean)(options)


def _dirty(options: argparse.Namespace) -> None:
    for seed in options.seeds:
        config = _dirty_config(options, seed)
        found = measure_dirty(config, days=options.days, minutes=options.minutes)
        _say({"schema_version": 2, "city": "dirty", "seed": seed, **found}, options.json)


def _dirty_config(options: argparse.Namespace, seed: int) -> SimulatorConfig:
    clean = _config(options, seed)
    days = clean.days + TAIL_DAYS
    return replace(
        clean,
        end=clean.export_time + timedelta(days=TAIL_DAYS),
        tickets=options.per_day * days,
        bursts=round(options.bursts * days),
        changes="corrections",
        dirt=Dirt(),
    )


def _clean(options: argparse.Namespace) -> None:
    text = TextConfig(min_callers=options.callers)
    cities: list[Measured] = []
    for seed in options.seeds:
        cities.append(measure(_config(options, seed), days=options.days, text=text, minutes=options.minutes))
        document = {"schema_version": 2, "seeds": options.seeds[: len(cities)], **summarise(cities)}
        _say({"city": "clean", **document}, options.json)  # after each: a run that is cut short has measured something


def _say(document: dict[str, Any], file: Path | None) -> None:
    shown = json.dumps(document, indent=1, ensure_ascii=False, default=str)
    if file:
        file.write_text(shown, encoding="utf-8")
    print(shown, flush=True)


if __name__ == "__main__":
    main()
