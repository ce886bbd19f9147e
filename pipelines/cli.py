"""`weisu`: the command line. Every command lives in `pipelines/commands/`; this file only gathers them."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import sys
import tempfile
import traceback
from contextlib import suppress
from typing import Annotated, Final

import typer

from features.errors import WeisuError

COMMANDS: Final[tuple[str, ...]] = (
    "areas",
    "backtest",
    "backup",
    "calendar",
    "config",
    "danger_words",
    "demo",
    "detect",
    "doctor",
    "forecast",
    "ingest",
    "init",
    "lake",
    "mapping",
    "models",
    "quality",
    "replay",
    "report",
    "schedule",
    "serve",
    "simulate",
    "taxonomy",
    "train",
    "users",
)
"""Modules of `pipelines.commands`, each with `register(app)`, in the order of `weisu --help`."""

app = typer.Typer(
    name="weisu",
    help="未诉先办: forecast a hotline's demand, find hotspots as they emerge, alert who can act.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"weisu {importlib.metadata.version('weisu')}")
        raise typer.Exit


_Version = Annotated[
    bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
]


@app.callback()
def _flags(*, version: _Version = False) -> None:
    del version


for _name in COMMANDS:
    importlib.import_module(f"pipelines.commands.{_name}").register(app)


def main() -> None:
    """Run the command line; an error ends in one message and its exit code, and not in a traceback."""
    try:
        app()
    except WeisuError as error:
        sys.stderr.write(_masked(f"weisu: {error}\n"))
        sys.exit(error.exit_code)
    except OSError as error:
        # A full disk, a missing permission, a file in the way: Python's own text names the path.
        sys.stderr.write(f"weisu: {error}\nHint: `weisu doctor` examines the installation\n")
        sys.exit(WeisuError.exit_code)
    except Exception as error:
        if os.environ.get("WEISU_TRACEBACK"):
            raise
        sys.stderr.write(_masked(_unforeseen(error)))
        sys.exit(WeisuError.exit_code)


def _masked(said: str) -> str:
    """Return what an error says without the numbers of persons: stderr ends in mails and journals."""
    from features.privacy import without_identifiers

    return without_identifiers(said)


def _unforeseen(error: Exception) -> str:
    """Return what to say of an error that nobody foresaw; where it happened lies in a file."""
    said = next((line for line in str(error).splitlines() if line.strip()), "")
    lines = [f"weisu: {type(error).__name__}: {said}" if said else f"weisu: {type(error).__name__}"]
    where = "WEISU_TRACEBACK=1 shows where"
    with suppress(OSError), tempfile.NamedTemporaryFile("w", prefix="weisu-", suffix=".txt", delete=False) as file:
        file.write(_masked("".join(traceback.format_exception(error))))
        where = f"where it happened stands in {file.name}"
    lines.append(f"Hint: `weisu doctor` examines the installation; {where}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
