"""A replay folds candidates as the live service does: the same runs handed to both give the same alerts."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

from features.clock import FixedClock
from features.configuration import AlertPolicy
from features.settings import Settings
from pipelines.replay import Policy, fold_alerts
from pipelines.replay.listing import listed
from serve.alerts import Candidate, DetectionRun, intake
from serve.store import Store
from serve.store.tables import Alert, AlertTicket
from serve.supervision import tick

START = pd.Timestamp("2026-11-16 07:00").to_pydatetime()


DAYS = 11
_TICKS = 6


def a_city(seed: int, days: int = DAYS) -> pd.DataFrame:
    """Return candidates of many days, a few matters that come, share tickets and cells, and go."""
    draw = random.Random(seed)
    rows = []
    for day in range(days):
        for matter in range(8):
            if (day + 2 * matter) % 7 > 1 or draw.random() < 0.2:
                continue
            count = draw.choice([3, 8, 12, 40])
            rows.append(
                {
                    "moment": pd.Timestamp(START + timedelta(days=day)),
                    "kind": draw.choice(["异动", "高频"]),
                    "category": f"c{matter % 5}",
                    "area": draw.choice(["", "北区"]),
                    "department": f"d{matter % 2}",
                    "cells": [f"category=c{draw.randrange(60)}"],
                    "tickets": [f"s/{matter}-{day}-{draw.randrange(8)}", *_shared(draw)],
                    "window_start": pd.Timestamp(START + timedelta(days=day - 1)),
                    "window_end": pd.Timestamp(START + timedelta(days=day)),
                    "observed": count,
                    "callers": count,
                    "upper": draw.choice([float("nan"), 2.0, 10.0]),
                    "sensitive": draw.random() < 0.05,
                    "score": draw.random(),
                }
            )
    return pd.DataFrame(rows)


def _shared(draw: random.Random) -> list[str]:
    """Return, now and then, a ticket that another matter may hold too."""
    return [f"s/{draw.randrange(30)}"] if draw.random() < 0.3 else []


def lived(settings: Settings, candidates: pd.DataFrame) -> list[tuple[object, ...]]:
    """Return what the live service makes of it, with the clock ticking between the runs."""
    store = Store.open(f"sqlite:///{settings.home / 'live.db'}")
    for hour in range(0, 24 * DAYS - 23, _TICKS):
        now = (START + timedelta(hours=hour)).replace(tzinfo=settings.zone)
        if hour % 24 == 0:
            rows = candidates[candidates["moment"] == START + timedelta(hours=hour)].drop(columns="moment")
            run = DetectionRun(key=str(hour), as_of=now, generated_at=now)
            found = [Candidate(**row) for row in rows.to_dict("records")]
            intake(store, found, clock=FixedClock(now), run=run, settings=settings)
        tick(store, FixedClock(now), settings)
    with store.reading() as session:
        return [
            (
                *(alert.kind, alert.category, alert.department, alert.level),
                *(_local(at, settings) for at in (alert.opened_at, alert.ended_at)),
                _day(_local(alert.first_notified_at, settings)),
                sorted(session.scalars(select(AlertTicket.ticket).where(AlertTicket.alert_id == alert.id))),
            )
            for alert in session.scalars(select(Alert).order_by(Alert.seq))
            if alert.first_notified_at is not None
        ]


def _local(moment: datetime | None, settings: Settings) -> datetime | None:
    return None if moment is None else moment.astimezone(settings.zone).replace(tzinfo=None)


def _day(moment: datetime | None) -> object:
    """The clock ticks between two runs: what is told then counts from the first run or Monday that follows."""
    return None if moment is None else moment.date()


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("budget", [1, 20])
def test_the_same_runs_give_the_same_alerts(tmp_path: Path, seed: int, budget: int) -> None:
    rules = AlertPolicy(weekly_budget=budget)
    settings = Settings(home=tmp_path, hmac_key="k", alerts=rules)
    candidates = a_city(seed)
    runs = pd.DataFrame({"moment": [pd.Timestamp(START + timedelta(days=n)) for n in range(DAYS)], "complete": True})
    alerts, held = fold_alerts(candidates, Policy.of(rules), settings=settings, runs=runs)
    assert list(tmp_path.iterdir()) == [], "a replay leaves no trace in the installation"
    folded = [
        (
            *(row["kind"], row["category"], row["department"], row["highest_level"]),
            *(None if pd.isna(row[name]) else row[name].to_pydatetime() for name in ("opened_at", "ended_at")),
            row["told_at"].date(),
            sorted(held.loc[held["alert"] == row["alert"], "ticket"]),
        )
        for row in alerts.to_dict("records")
    ]
    live = lived(settings, candidates)
    assert [row[2:] for row in folded] == [row[2:] for row in live]
    assert any(row[5] is not None for row in live), "some have ended"


def test_an_alert_is_listed_with_its_level_its_parts_its_tickets_and_its_end() -> None:
    candidates = a_city(4, days=3)
    alerts, held = fold_alerts(candidates)
    documents = listed(alerts, held)
    assert len(documents) == len(alerts) > 0
    for document in documents:
        assert document["level"] in {"blue", "yellow", "orange", "red"}
        assert document["end"] in {"open", "calm", "expired"}
        assert (document["ended_at"] is None) == (document["end"] == "open")
        assert document["parts"][0]["category"] == document["category"]
        assert {one["ticket"] for one in document["tickets"]} == set(
            held.loc[held["alert"] == document["alert"], "ticket"]
        )
