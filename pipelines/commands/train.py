"""`weisu train`."""

from __future__ import annotations

import typer

from pipelines.commands.options import (
    AsOf,
    Home,
    Json,
    Scheduler,
    exit_degraded,
    parse_as_of,
    print_json,
    say,
    settings_for,
)


def register(app: typer.Typer) -> None:
    """Add `train` to the command line."""
    app.command("train")(train_models)


def train_models(as_of: AsOf = None, home: Home = None, scheduler: Scheduler = None, as_json: Json = False) -> None:
    """Fit the forecaster and the detector, measure them, and promote what beats the champion."""
    from features.clock import SystemClock
    from pipelines.cluster import on_cluster
    from pipelines.train import train

    settings = settings_for(home)
    clock = SystemClock()
    moment = parse_as_of(as_of, settings, now=clock.now())
    with on_cluster(scheduler):
        summary = train(settings, clock, as_of=moment)
    if as_json:
        print_json(summary.to_json())
    for model in summary.models:
        verdict = "promoted" if model.promoted else "not promoted"
        say(f"{model.name} version {model.version}: {verdict}: {model.reason}")
        if model.levels and not model.promoted:
            say(f"Hint: `weisu models promote {model.name} {model.version} --reason ...` puts it in service still")
    exit_degraded(summary.degraded)
