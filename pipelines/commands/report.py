"""`weisu report`: what lies on the desk on Monday 07:30."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options import Home, Json, exit_degraded, print_json, say, settings_for

Out = Annotated[Path, typer.Option("--out", help="File to write: .xlsx, .pdf, .html or .csv decides the format.")]
WeekName = Annotated[
    str | None, typer.Option("--week", help="The week reported on, such as 2026-W47; the last complete one by default.")
]

app = typer.Typer(name="report", help="Reports as XLSX, PDF, HTML or CSV.", no_args_is_help=True)


def register(parent: typer.Typer) -> None:
    """Add `report` to the command line."""
    parent.add_typer(app)


@app.callback()
def report() -> None:
    """Reports as XLSX, PDF, HTML or CSV."""


@app.command("weekly")
def weekly(out: Out, week: WeekName = None, home: Home = None, as_json: Json = False) -> None:
    """Write the weekly report: last week, how wrong its forecast was, and the next four weeks per level."""
    from features.clock import SystemClock
    from serve.reports import weekly as write_weekly
    from serve.store import Store

    settings = settings_for(home)
    store = Store.open(settings.store_url)
    try:
        summary = write_weekly(store, week=week, out=out, settings=settings, clock=SystemClock())
    finally:
        store.close()
    if as_json:
        print_json(summary.to_json())
    else:
        say(f"report of {summary.week}: {summary.out} ({summary.rows} forecast rows)")
    exit_degraded(summary.degraded)
