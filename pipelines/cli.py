"""`weisu`: the command line. Every command lives in `pipelines/commands/`; this file only gathers them."""

from __future__ import annotations

import importlib
import sys
from typing import Final

import typer

from features.errors import WeisuError

COMMANDS: Final[tuple[str, ...]] = (
    "areas",
    "backtest",
    "calendar",
    "demo",
    "detect",
    "doctor",
    "forecast",
    "ingest",
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

for _name in COMMANDS:
    importlib.import_module(f"pipelines.commands.{_name}").register(app)


def main() -> None:
    """Run the command line; an error of ours ends in one message and its exit code, not in a traceback."""
    try:
        app()
    except WeisuError as error:
        sys.stderr.write(f"weisu: {error}\n")
        sys.exit(error.exit_code)
    except OSError as error:
        # A full disk, a missing permission, a file in the way: Python's own text names the path.
        sys.stderr.write(f"weisu: {error}\nHint: `weisu doctor` examines the installation\n")
        sys.exit(WeisuError.exit_code)


if __name__ == "__main__":
    main()
