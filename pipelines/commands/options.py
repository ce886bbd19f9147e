"""Flags and printing that the commands share."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from features.errors import BadInputError
from features.reasons import Reasons
from features.reasons import say as in_words
from features.settings import Settings, load_settings

Home = Annotated[
    Path | None,
    typer.Option("--home", envvar="WEISU_HOME", help="Folder of lake, store and state (default var/)."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; logs and progress on stderr.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="Compute as it could have been known at this date or local time."),
]
Scheduler = Annotated[
    str | None, typer.Option("--scheduler", help="A Dask scheduler (tcp://...) instead of local cores.")
]

DEGRADED: int = 3
"""Exit code of a run that is done, but on a fallback: a stale feed, a missing model."""


def exit_degraded(reasons: Reasons) -> None:
    """Say why a run is degraded, in English with the codes, and leave with the exit code for it; nothing if it is not.

    Raises:
        typer.Exit: It is degraded.
    """
    if reasons:
        say(f"degraded: {in_words(reasons, 'en')} ({', '.join(reason.code for reason in reasons)})")
        raise typer.Exit(DEGRADED)


def settings_for(home: Path | None) -> Settings:
    """Load the configuration for a command; from here on logs go to stderr, so that stdout stays machine-readable.

    A restore that counts and was cut off is put in its place first, before anything is read.
    """
    from serve.logs import configure_logs

    configure_logs()
    settings = load_settings(home=home)
    _finish_restore(settings)
    return settings


def _finish_restore(settings: Settings) -> None:
    from pipelines.backup.swap import finish, is_cut_off

    if is_cut_off(settings):
        say("a restore was cut off: it is put in its place now")
        finish(settings)


def parse_as_of(text: str | None, settings: Settings, *, now: datetime, flag: str = "--as-of") -> datetime:
    """Return an aware UTC moment for a flag; a bare date means its first instant in the hotline's zone.

    Raises:
        BadInputError: The text is not an ISO date or time.
    """
    if text is None:
        return now.astimezone(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInputError(f"{flag} {text!r} is not a date", hint="use 2026-11-23 or 2026-11-23T07:30") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=settings.zone)).astimezone(UTC)


def print_json(document: dict[str, Any]) -> None:
    """Write one JSON document to stdout."""
    json.dump(document, sys.stdout, ensure_ascii=False, indent=2, default=str)
    sys.stdout.write("\n")


def say(text: str) -> None:
    """Write one line for a person to stderr, so that stdout stays machine-readable."""
    sys.stderr.write(f"{text}\n")
