"""`weisu simulate`: a simulated city's work orders, with the truth of its injected bursts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from features.errors import BadInputError
from pipelines.commands.options import Json, print_json, say


class _Format(StrEnum):
    csv = "csv"
    parquet = "parquet"


class _Changes(StrEnum):
    corrections = "corrections"
    all = "all"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("simulate")(simulate)


def simulate(
    tickets: Annotated[int, typer.Option("--tickets", min=1, help="How many tickets are opened in the span.")],
    start: Annotated[str, typer.Option("--from", help="First day, 2023-11-23.")],
    end: Annotated[str, typer.Option("--to", help="Moment of the export; a bare date means its first instant.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for tickets, truth and README.", file_okay=False)],
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same bytes.")] = 12345,
    format_: Annotated[_Format, typer.Option("--format", help="Of tickets and truth.")] = _Format.parquet,
    bursts: Annotated[int | None, typer.Option("--bursts", min=0, help="Injected bursts (default 120 a year).")] = None,
    changes: Annotated[
        _Changes, typer.Option("--changes", help="Rows: final state and corrections, or every change as a feed.")
    ] = _Changes.corrections,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processes (default: by size).")] = None,
    dirty: Annotated[
        bool, typer.Option("--dirty", help="As dirty as a real city: own entries, lists, imports, weak bursts, ...")
    ] = False,
    json: Json = False,
) -> None:
    """Make a simulated city's tickets. Everything in them is invented."""
    from features.simulator import Dirt, SimulatorConfig, write_city

    config = SimulatorConfig(
        tickets=tickets,
        start=_moment(start, "--from").date(),
        end=_moment(end, "--to"),
        seed=seed,
        bursts=bursts,
        changes=changes.value,
        dirt=Dirt() if dirty else None,
    )
    with _bar(config.tickets) as advance:
        export = write_city(config, out, format=format_.value, workers=workers, progress=advance)
    say(f"SIMULATED: {export.rows} rows in {export.tickets_path}, {export.incidents} incidents in {export.truth_path}")
    if export.dirt_path:
        say(f"its dirt, piece by piece: {export.dirt_path}")
    if json:
        print_json(export.to_json())


def _moment(text: str, flag: str) -> datetime:
    """Return the naive local time in `text`; a bare date means its first instant."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInputError(f"{flag} {text!r} is not a date", hint="use 2026-11-23 or 2026-11-23T07:30") from error
    return moment.replace(tzinfo=None)


@contextmanager
def _bar(total: int) -> Iterator[Callable[[int], None]]:
    """Show progress on stderr, by rows written."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Simulating", total=total)
        yield lambda rows: progress.advance(task, rows)
