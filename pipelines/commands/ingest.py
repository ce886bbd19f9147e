"""`weisu ingest`: bring tickets into the lake."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from pipelines.commands.options import Home, Json, exit_degraded, parse_as_of, print_json, say, settings_for

_SHOWN: Final = 20


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(name="ingest")(ingest_command)


def ingest_command(
    places: Annotated[list[str], typer.Argument(metavar="PATH|URL...", help="Files, folders, globs or addresses.")],
    mapping: Annotated[
        str, typer.Option("--mapping", help="Name of a shipped mapping (`weisu mapping list`) or a TOML file.")
    ],
    since: Annotated[str | None, typer.Option("--since", help="Addresses: opened from this day on.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Addresses: opened before this day.")] = None,
    query: Annotated[str | None, typer.Option("--query", help="Databases (SQLAlchemy URL): the SELECT.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Load tickets; what was loaded before changes nothing, bad rows go to quarantine."""
    from features.clock import SystemClock
    from features.reasons import say as in_words
    from pipelines.ingest import AskedSpan, ingest

    settings, clock = settings_for(home), SystemClock()
    span = AskedSpan(
        since=parse_as_of(since, settings, now=clock.now(), flag="--since") if since else None,
        until=parse_as_of(until, settings, now=clock.now(), flag="--until") if until else None,
        query=query,
    )
    summary = ingest(places, mapping, settings, clock, span=span)
    if as_json:
        print_json(summary.to_json())
    say(
        f"{summary.source}: read {summary.read:,}, kept {summary.kept:,}, updated {summary.updated:,}, "
        f"unchanged {summary.unchanged:,}, quarantined {summary.quarantined:,}; "
        f"{summary.repeated:,} rows repeat an id; the lake is at version {summary.snapshot}"
    )
    if summary.came_in:
        say(f"{summary.came_in:,} rows of earlier loads came in: the time that they name has come")
    if summary.awaiting_id:
        say(f"{summary.awaiting_id:,} requests have a token and no id yet; a later run brings them")
    for notice in summary.notices[:_SHOWN]:
        say(f"note: {in_words([notice], 'en')} ({notice.code})")
    if len(summary.notices) > _SHOWN:
        say(f"and {len(summary.notices) - _SHOWN} more notes, all of them with --json")
    exit_degraded(summary.degraded)
