"""`weisu demo`: the whole system on a simulated city, in one command."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from pipelines.commands.options import Home, say, settings_for

Host = Annotated[str, typer.Option("--host", help="Address to serve on.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to serve on.")]
Serve = Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the page and the API when built.")]
Tickets = Annotated[int, typer.Option("--tickets", min=1000, help="Size of the simulated city over three years.")]


def register(app: typer.Typer) -> None:
    """Add `demo` to the command line."""
    app.command("demo")(demo)


def demo(
    serve: Serve = True, host: Host = "127.0.0.1", port: Port = 8000, tickets: Tickets = 600_000, home: Home = None
) -> None:
    """Build a simulated city (labelled so), train, forecast, detect, and serve it."""
    say("weisu demo: a SIMULATED city; every ticket, name and number in it is invented")
    with _shown("load the libraries"):
        from features.clock import SystemClock
        from pipelines.demo import build_demo
    settings = settings_for(home)
    built = build_demo(settings, SystemClock(), tickets=tickets, stage=_shown)
    found = built.detection
    issued = built.forecast
    say(f"forecast: {issued.series} series x {issued.horizon} weeks, model version {issued.model_version}")
    say(f"alerts: {found.candidates} candidates from {found.cells_tested} series")
    say(f"\n  open   http://{host}:{port}/\n  key    {built.key}\n")
    if serve:
        from pipelines.commands.serve import serve as run_server

        run_server(host=host, port=port, workers=1, home=home)


@contextmanager
def _shown(title: str) -> Iterator[None]:
    """Show a spinner while a stage runs, and how long it took."""
    from rich.console import Console

    console = Console(stderr=True)
    started = time.perf_counter()
    with console.status(title):
        yield
    console.print(f"  [green]done[/] {title} ({time.perf_counter() - started:.0f} s)")
