"""The two processes of an installation, on an accelerated clock: `weisu serve` and `weisu schedule run`."""

from __future__ import annotations

import multiprocessing
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from features.clock import AcceleratedClock
from features.settings import Settings


def serve(settings: Settings, clock: AcceleratedClock, port: int) -> None:
    """Be the service."""
    import uvicorn

    from serve.api import create_app

    uvicorn.run(create_app(settings, clock=clock), host="127.0.0.1", port=port, log_level="warning")


def schedule(settings: Settings, clock: AcceleratedClock) -> None:
    """Be the scheduler: ingest, rules, detectors, clocks and delivery."""
    from pipelines.schedule import read_schedule, serve_schedule

    warnings.simplefilter("ignore")
    serve_schedule(settings, clock, read_schedule(settings))


@contextmanager
def running(settings: Settings, clock: AcceleratedClock, port: int) -> Iterator[None]:
    """Run both processes; they are told to stop at the end."""
    context = multiprocessing.get_context("spawn")
    children = [
        context.Process(target=serve, args=(settings, clock, port), name="serve"),
        context.Process(target=schedule, args=(settings, clock), name="schedule"),
    ]
    for child in children:
        child.start()
    try:
        _wait_until_ready(port)
        yield
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.join(30)
            if child.is_alive():
                child.kill()


def accelerated_sections(base_url: str, targets: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the configuration of the show.

    The lease is told in accelerated seconds too: at 60x the usual minute would be over after one real second.
    """
    off = {"enabled": False}
    return {
        "train": {"daily": False, "gate_origins": 1},
        "detect": {"topic_days": 30},
        "schedule": {"jobs": {"train": off, "forecast": off, "report": off}},
        "delivery": {
            "base_url": base_url,
            "allow_private": ["127.0.0.0/8"],
            "lease_s": timedelta(hours=1).total_seconds(),
            "targets": targets,
        },
    }


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
