"""One day of a simulated city, replayed at 60x through the real service and scheduler, with people who answer.

    python benchmarks/show/run.py [--speed 60] [--hours 24] [--shots docs/images]

Tickets are pushed to `POST /v1/tickets` when the platform would have known them; ingestion, rules, detectors, alerts,
clocks and delivery are the ones of `weisu schedule run`. Messages arrive at fake WeCom, DingTalk and Feishu bots.
The command ends with 1 when a part of the story is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import sys
import tempfile
import time
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from bots import Bot
from city import DAY, City, prepare
from installation import accelerated_sections, running
from people import ARGS, CHROMIUM, People
from story import Story

from features.clock import AcceleratedClock, FixedClock
from features.settings import Settings
from features.vocabulary import SIMULATED
from serve.access import add_key
from serve.delivery import signer_of
from serve.store import Store
from serve.store.columns import new_id
from serve.store.tables import Subscription

PROGRAMS = ("wecom", "dingtalk", "feishu")
STARTUP = timedelta(seconds=30)
STEP = timedelta(minutes=5)


def main(arguments: list[str] | None = None) -> int:
    """Run the show and print what happened, with one line of totals at the end."""
    asked = _arguments(arguments)
    warnings.simplefilter("ignore")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    start = datetime.combine(DAY, datetime.min.time()) + timedelta(hours=asked.begin)
    with _bots() as bots, tempfile.TemporaryDirectory() as scratch:
        prepared = (asked.home or Path(scratch) / "prepared") / f"{start:%Y%m%dT%H%M}"
        port = _free_port()
        base = f"http://127.0.0.1:{port}"
        targets = {name: {"channel": name, "url": bot.url} for name, bot in bots.items()}
        settings = Settings(
            home=prepared / "var", mlruns=prepared / "mlruns", hmac_key="key of a simulated city",
            **accelerated_sections(base, targets),
        )  # fmt: skip
        city = City.simulated(asked.tickets, asked.days, asked.seed)
        eve = FixedClock(start.replace(tzinfo=settings.zone) - timedelta(days=2))
        if not (prepared / "ready").exists():
            _subscribe(settings, eve.now())
            prepare(settings, city, start)
            (prepared / "ready").touch()
        # What was prepared is played on as a copy, so that it can be played on again.
        settings = settings.model_copy(update={"home": shutil.copytree(settings.home, Path(scratch) / "var")})
        store = Store.open(settings.store_url)
        key = add_key(store, name="热线平台", role="planner", now=eve.now()).secret
        began, since = time.monotonic(), datetime.now(UTC) + STARTUP
        clock = AcceleratedClock(start.replace(tzinfo=settings.zone), since=since, speed=asked.speed)
        for bot in bots.values():
            bot.clock = clock
            bot.heard.clear()
        with running(settings, clock, port), _chromium() as browser:
            people = People(browser, store, eve.now(), asked.shots)
            signer = signer_of(settings)
            story = Story(store, bots, people, clock, signer, base, settings.zone)
            pushed = 0
            for moment, rows in city.feed(start, start + timedelta(hours=asked.hours), STEP):
                due = moment.replace(tzinfo=settings.zone)
                while clock.now() < due:
                    story.go_on()
                    time.sleep(0.2)
                pushed += _push(base, key, rows, f"{moment:%m%dT%H%M}")
            story.finish(asked.patience)
    facts = {
        "speed": asked.speed,
        "hours": asked.hours,
        "real_minutes": round((time.monotonic() - began - STARTUP.total_seconds()) / 60, 1),
        "tickets_pushed": pushed,
        **story.totals(),
    }
    print(json.dumps({"schema_version": 1, "simulated": True, **facts}, ensure_ascii=False))
    missing = story.missing()
    for part in missing:
        print(f"missing: {part}", file=sys.stderr)
    return 1 if missing else 0


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--speed", type=float, default=60)
    parser.add_argument("--hours", type=float, default=24, help="how much of the day")
    parser.add_argument("--begin", type=float, default=0, help="hour of the day to begin with")
    parser.add_argument("--tickets", type=int, default=120_000)
    parser.add_argument("--days", type=int, default=240, help="days simulated, the show's own included")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--patience", type=float, default=300, help="seconds to wait for what is missing")
    parser.add_argument("--shots", type=Path, help="folder for pictures")
    parser.add_argument("--home", type=Path, help="keep the prepared installation here; a copy of it is played on")
    return parser.parse_args(arguments)


@contextmanager
def _bots() -> Iterator[dict[str, Bot]]:
    made = {name: Bot(name, FixedClock(datetime.now(UTC))) for name in PROGRAMS}
    try:
        yield made
    finally:
        for bot in made.values():
            bot.close()


@contextmanager
def _chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


def _subscribe(settings: Settings, now: datetime) -> None:
    """Three groups hear everything, one in each chat program; the duty desk and the supervisors have theirs as well."""
    wanted = [(name, "all", name) for name in PROGRAMS]
    wanted += [("值班台", "duty", "dingtalk"), ("督办组", "role:supervisor", "feishu")]
    store = Store.open(settings.store_url)
    common = {"kinds": [], "author": "show", "author_role": "supervisor", "created_at": now}
    with store.session() as session:
        for name, audience, channel in wanted:
            target = {"channel": channel, "config": {"target": channel}}
            session.add(Subscription(id=new_id("sub"), name=name, audience=audience, **target, **common))
    store.close()


def _push(base: str, key: str, rows: list[dict[str, Any]], name: str) -> int:
    if not rows:
        return 0
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{base}/v1/tickets",
        data=json.dumps({"mapping": SIMULATED, "tickets": rows}, ensure_ascii=False).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Idempotency-Key": name},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return int(json.load(answer)["read"])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
