"""`weisu replay`: what the detectors would have raised in the past, and what another threshold would have done."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from features.errors import BadInputError
from pipelines.commands.options import Home, Json, parse_as_of, print_json, say, settings_for

From = Annotated[str, typer.Option("--from", help="First moment: a local time; a date is its first instant.")]
To = Annotated[str, typer.Option("--to", help="Last moment, included: a local time; a date is its first instant.")]
Every = Annotated[int, typer.Option("--every", min=1, help="Hours between two runs of all detectors.")]
RulesEvery = Annotated[
    int | None, typer.Option("--rules-every", min=1, help="Hours between two runs of the recitable rules alone.")
]
Budget = Annotated[
    int | None,
    typer.Option("--budget", min=0, help="Alerts below red that a department takes a week; as configured without it."),
]
Truth = Annotated[
    Path | None, typer.Option("--truth", help="The simulator's truth (.parquet or .csv), for power on injected bursts.")
]
Inject = Annotated[
    float | None, typer.Option("--inject", min=0.1, help="Bursts a week to put on top of the past, for power.")
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of the bursts put on top.")]
Compare = Annotated[
    bool, typer.Option("--compare/--no-compare", help="Also judge the span at other thresholds and weekly budgets.")
]
Html = Annotated[Path | None, typer.Option("--html", help="Write the report to this file.")]


def register(app: typer.Typer) -> None:
    """Add `replay` to the command line."""
    app.command("replay")(replay_detectors)


def replay_detectors(
    start: From,
    end: To,
    every: Every = 24,
    rules_every: RulesEvery = None,
    budget: Budget = None,
    truth: Truth = None,
    inject: Inject = None,
    seed: Seed = 0,
    compare: Compare = True,
    html: Html = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Replay the detectors over the lake, moment by moment, each as it could have been known then."""
    from datetime import timedelta

    from features.clock import SystemClock
    from pipelines.coverage import said_coverage
    from pipelines.replay import Injection, Policy, replay
    from pipelines.replay.html_report import render_report
    from pipelines.replay.truth import read_truth

    settings = settings_for(home)
    now = SystemClock().now()
    _check_folder(html)
    result = replay(
        settings,
        start=parse_as_of(start, settings, now=now, flag="--from"),
        end=parse_as_of(end, settings, now=now, flag="--to"),
        every=timedelta(hours=every),
        rules_every=None if rules_every is None else timedelta(hours=rules_every),
        truth=None if truth is None else read_truth(truth),
        injection=None if inject is None else Injection(inject, seed),
        policy=None if budget is None else Policy(budget=budget, alerting=settings.alerts),
        compare=compare,
        progress=_progress,
    )
    document = result.to_json()
    if html is not None:
        html.write_text(render_report(result), encoding="utf-8")
        say(f"wrote {html}")
    if as_json:
        print_json(document)
        return
    load = document["alerts_below_red_per_department_and_week"]
    say(
        f"{document['moments']} runs, {document['candidates']} candidates, {document['alerts']} alerts; "
        f"{load['mean']:.2f} below red per department and week, at most {load['largest']}"
    )
    for moment, parts in document["judged"].items():
        for line in said_coverage(parts):
            say(f"  {moment[:16]}, {line}")
    for name, value in (document["power"] or {}).items():
        say(f"  {name}: {value}")


def _check_folder(html: Path | None) -> None:
    """Refuse a report that could not be written before hours of detection, and not after them."""
    if html is not None and not html.absolute().parent.is_dir():
        raise BadInputError(f"--html {html}: there is no folder {html.absolute().parent}", hint="make it first")


def _progress(done: int, moments: int) -> None:
    if done == moments or done % max(moments // 20, 1) == 0:
        say(f"{done} of {moments} runs")
