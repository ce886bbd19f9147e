"""Bursts of dated events told by the next day: weisu, farringtonFlexible, EARS C1-C3 and a plain threshold in one run.

    WEISU_REAL_DATA=... python benchmarks/dated/run.py --work FOLDER [--again]

Told: by the end of the day after the first day of the burst (the run at 07:00 of that day has seen the first day
whole), by an alert about that category, or by a sum that names it in its sentence, that holds three or more of the
burst's tickets and half or more of whose tickets belong to the parts it names. A peer tells by an alarm of the
category's count of the first day, farringtonFlexible on the Sunday of its week. Others: alerts told, or alarms, in
the days of the event and the one after that tell of none of its bursts.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final

import pandas as pd

from benchmarks.dated.bursts import Burst, bursts_of, daily_counts, events_of, told_by_alerts
from benchmarks.dated.peers import alarms, farrington_alarms
from benchmarks.judged.replays import DATED, alerts_of, replayed, tickets_of

_CITY: Final = "boston"
_STORMS: Final = 4
"""The first four events are snow storms."""
_WEEK_11: Final = pd.Timestamp("2015-03-12")


def main() -> None:
    """Print one row per event and detector, and the sums."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    tickets, events = tickets_of(_CITY, asked.work), events_of(_CITY)
    bursts, counts = bursts_of(tickets, events), daily_counts(tickets)
    replays = [alerts_of(replayed(name, span, asked.work, again=asked.again)) for name, span in DATED.items()]
    told = {"weisu": _by_weisu(bursts, replays, tickets)}
    others = {"weisu": _other_alerts(bursts, replays, events, tickets)}
    tables: dict[str, pd.DataFrame | None] = dict(alarms(counts))
    tables["farringtonFlexible"] = farrington_alarms(counts, events["first"].min())
    for name, table in tables.items():
        told[name] = [False] * len(bursts) if table is None else [_by_peer(burst, table) for burst in bursts]
        others[name] = 0 if table is None else _other_alarms(bursts, table, events)
    rows = [
        _row(name, bursts, hits, others[name], judged=tables.get(name, 0) is not None) for name, hits in told.items()
    ]
    document = {"schema_version": 1, "detectors": rows, "events": _by_event(bursts, told["weisu"], events)}
    document["missed by weisu"] = [
        f"{burst.event}: {burst.category}" for burst, hit in zip(bursts, told["weisu"], strict=True) if not hit
    ]
    if asked.json:
        print(json.dumps(document, indent=1, ensure_ascii=False))
        return
    for row in (*document["detectors"], *document["events"]):
        print("; ".join(f"{name} {value}" for name, value in row.items()))


def _by_weisu(bursts: list[Burst], replays: list[pd.DataFrame], tickets: pd.DataFrame) -> list[bool]:
    category_of = dict(zip(tickets["key"], tickets["category"], strict=True))
    return [any(told_by_alerts(burst, alerts, category_of) for alerts in replays) for burst in bursts]


def _by_peer(burst: Burst, table: pd.DataFrame) -> bool:
    return bool(table.loc[burst.category, burst.day])


def _other_alerts(bursts: list[Burst], replays: list[pd.DataFrame], events: pd.DataFrame, tickets: pd.DataFrame) -> int:
    """Return the alerts told in the days of an event, and the day after, that tell of none of its bursts."""
    category_of = dict(zip(tickets["key"], tickets["category"], strict=True))
    seen = set()
    for number, alerts in enumerate(replays):
        for event in events.to_dict("records"):
            inside = alerts[
                (alerts["told_at"] >= event["first"]) & (alerts["told_at"] < event["last"] + pd.Timedelta(days=2))
            ]
            own = [burst for burst in bursts if burst.event == event["event"]]
            for row in inside.index:
                if not any(told_by_alerts(burst, alerts.loc[[row]], category_of) for burst in own):
                    seen.add((number, row))
    return len(seen)


def _other_alarms(bursts: list[Burst], table: pd.DataFrame, events: pd.DataFrame) -> int:
    own = {(burst.event, burst.category) for burst in bursts}
    count = 0
    for event in events.to_dict("records"):
        raised = table[pd.date_range(event["first"], event["last"])].any(axis=1)
        count += sum((event["event"], category) not in own for category in raised[raised].index)
    return count


def _row(name: str, bursts: list[Burst], hits: list[bool], others: int, *, judged: bool) -> dict[str, Any]:
    frame = pd.DataFrame(
        {
            "hit": hits,
            "citizens": [burst.citizens for burst in bursts],
            "late": [burst.day >= _WEEK_11 for burst in bursts],
            "storm": [burst.event in _storms(bursts) for burst in bursts],
        }
    )
    own = frame[frame["citizens"]]

    def of(rows: pd.DataFrame) -> str:
        return f"{int(rows['hit'].sum())} of {len(rows)}"

    return {
        "detector": name if judged else f"{name} (cannot judge: too few years)",
        "all bursts": of(frame),
        "citizens'": of(own),
        "share": round(float(own["hit"].mean()), 3),
        "from week 11 on": of(own[own["late"]]),
        "first four storms": of(own[own["storm"]]),
        "others": others,
    }


def _storms(bursts: list[Burst]) -> list[str]:
    return list(dict.fromkeys(burst.event for burst in bursts))[:_STORMS]


def _by_event(bursts: list[Burst], hits: list[bool], events: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for event in events["event"]:
        own = [(burst, hit) for burst, hit in zip(bursts, hits, strict=True) if burst.event == event]
        citizens = [hit for burst, hit in own if burst.citizens]
        rows.append(
            {
                "event": event,
                "bursts": len(own),
                "told": sum(hit for _, hit in own),
                "citizens' bursts": len(citizens),
                "told of them": sum(citizens),
            }
        )
    return rows


if __name__ == "__main__":
    main()
