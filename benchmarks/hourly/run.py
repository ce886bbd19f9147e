"""Hourly detection in the simulated city: is a burst raised within an hour of its fifth distinct caller?

One command; the city is simulated as a live feed, so that a ticket is known when it is opened, and under the category
it was first filed under:

    python benchmarks/hourly/run.py [--days 14] [--bursts 3] [--json FILE]

As live, the recitable rules run on every ingested batch (a quarter of an hour), the text groups on the hour; signals
are merged, and candidates become alerts under the weekly budget. The wait for the run is part of the delay. Surges and
scans, which judge complete periods, could only add to what is found here.
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from features.simulator import SimulatorConfig, simulate, truth
from models.hotspots.candidates import merge_candidates
from models.hotspots.rules import RuleConfig, apply_rules
from models.hotspots.textgroups import TextConfig, TopicMemory, find_groups, word_texts
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
HISTORY_DAYS = 45


def read_feed(config: SimulatorConfig) -> pd.DataFrame:
    """Return every version of every ticket in order of becoming known."""
    batches = [batch.to_pandas() for batch in simulate(config)]
    rows = pd.concat(batches, ignore_index=True).rename(columns=COLUMNS)[list(COLUMNS.values())]
    local = pd.to_datetime(rows["known_local"])
    rows = rows.assign(
        source="simulated",
        opened_local=pd.to_datetime(rows["opened_local"]),
        known_at=local.dt.tz_localize(ZONE).dt.tz_convert(UTC),
    )
    return rows.sort_values("known_at", kind="stable", ignore_index=True)


def known_by(feed: pd.DataFrame, moment: datetime) -> pd.DataFrame:
    """Return the tickets of the last weeks as known at a moment."""
    rows = feed[: feed["known_at"].searchsorted(pd.Timestamp(moment), side="right")]
    return rows.drop_duplicates("ticket_id", keep="last")


def detect_hourly(feed: pd.DataFrame, start: datetime, hours: int, text: TextConfig, minutes: int) -> pd.DataFrame:
    """Return the candidates of every run: rules every `minutes`, text groups on the hour."""
    memory, found = TopicMemory(), []
    learnt = feed["opened_local"].min().normalize()
    no_cells = pd.DataFrame(columns=["unique_id", "level"])
    for run in range(hours * 60 // minutes + 1):
        moment = start + timedelta(minutes=run * minutes)
        rows = known_by(feed, moment)
        local = pd.Timestamp(moment.astimezone(ZONE).replace(tzinfo=None))
        recent = rows[rows["opened_local"] >= local - pd.Timedelta(days=RuleConfig().lookback_days)]
        groups = None
        if local.minute == 0:
            learnt = _learn(memory, rows, learnt, local - pd.Timedelta(days=text.days))
            groups = find_groups(recent, as_of=moment, memory=memory, config=text)
        hits = apply_rules(recent, as_of=moment)
        candidates = merge_candidates(tickets=recent, as_of=moment, static=no_cells, hits=hits, groups=groups)
        found.append(candidates.assign(moment=local))
    return pd.concat(found, ignore_index=True)


def _learn(memory: TopicMemory, rows: pd.DataFrame, day: pd.Timestamp, end: pd.Timestamp) -> pd.Timestamp:
    """Teach the memory whole days up to `end`, and return the next day to learn."""
    while day + pd.Timedelta(days=1) <= end:
        said = rows[rows["opened_local"].dt.normalize() == day]
        memory.learn(word_texts(said["title"].tolist(), said["text"].tolist()), day)
        day += pd.Timedelta(days=1)
    return day


def measure(config: SimulatorConfig, *, days: int, text: TextConfig, minutes: int) -> dict[str, Any]:
    """Return power and load of the last `days` days."""
    feed = read_feed(config)
    end = datetime.combine(config.export_time.date(), datetime.min.time(), ZONE).astimezone(UTC)
    start = end - timedelta(days=days)
    started = time.perf_counter()
    candidates = detect_hourly(feed, start, days * 24, text, minutes)
    seconds = time.perf_counter() - started
    newest = feed.drop_duplicates("ticket_id", keep="last")
    arrivals = newest.assign(ticket="simulated/" + newest["ticket_id"])
    arrivals["caller"] = arrivals["caller"].fillna(arrivals["ticket"])
    local = [pd.Timestamp(moment.astimezone(ZONE).replace(tzinfo=None)) for moment in (start, end)]
    result: dict[str, Any] = {"hours": days * 24, "seconds per hour": seconds / (days * 24), "tickets": len(newest)}
    departments = newest["department"].nunique()
    for budget in (5, None):
        alerts, held = fold_alerts(candidates, Policy(budget=budget))
        bursts = burst_power(truth(config), arrivals, alerts, held, start=local[0], end=local[1])
        result[f"budget {budget}"] = {
            "alerts": len(alerts),
            "kinds": alerts["kind"].value_counts().to_dict(),
            "departments": departments,
            "alerts below red per department and week": load_per_department_week(alerts, days / 7, departments),
            "power": summarise_power(bursts),
            "missed": bursts[~(bursts["delay_hours"] <= 1)].astype(str).to_dict("records"),
        }
    return result


def main() -> None:
    """Simulate, detect every hour, print."""
    parser = argparse.ArgumentParser(description="Hourly detection in the simulated city")
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--bursts", type=float, default=3.0, help="injected bursts a day")
    parser.add_argument("--per-day", type=int, default=550, help="tickets a day")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--callers", type=int, default=TextConfig().min_callers, help="callers of a shared matter")
    parser.add_argument(
        "--minutes", type=int, default=15, help="between two ingested batches, each judged by the rules"
    )
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    end = datetime(2026, 11, 2)  # noqa: DTZ001 - the simulator's clock is local
    span = options.days + HISTORY_DAYS
    config = SimulatorConfig(
        tickets=options.per_day * span,
        start=(end - timedelta(days=span)).date(),
        end=end,
        seed=options.seed,
        bursts=round(options.bursts * span),
        changes="all",
    )
    result = measure(config, days=options.days, text=TextConfig(min_callers=options.callers), minutes=options.minutes)
    text = json.dumps({"schema_version": 1, **result}, indent=1, ensure_ascii=False, default=str)
    print(text)
    if options.json:
        options.json.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
