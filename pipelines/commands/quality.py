"""`weisu quality`: is the data alive, complete and as usual."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options import DEGRADED, AsOf, Home, Json, parse_as_of, print_json, say, settings_for


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(name="quality")(quality_command)


def quality_command(
    as_of: AsOf = None,
    html: Annotated[Path | None, typer.Option("--html", help="Also write the report as a page to this file.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Report freshness, volume, new labels, missing values, duplicates, delay; exit code 3 when a feed has stalled."""
    from features.clock import SystemClock
    from features.quality import render_page
    from pipelines.quality import quality_report

    settings, clock = settings_for(home), SystemClock()
    report = quality_report(settings, clock, as_of=parse_as_of(as_of, settings, now=clock.now()))
    if html is not None:
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(render_page(report), encoding="utf-8")
        say(f"page: {html}")
    if as_json:
        print_json(report)
    else:
        say(f"status: {report['status']}, as of {report['as_of']}, snapshot {report['snapshot']}")
        for problem in report["problems"]:
            say(f"  {problem['severity']:<8}{problem['zh']}  {problem['en']}")
    if report["status"] == "stale":
        raise typer.Exit(DEGRADED)
