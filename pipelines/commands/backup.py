"""`weisu backup` and `weisu restore`: one file that holds an installation, and the way back from it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import BadInputError
from pipelines.commands.options import DEGRADED, Home, Json, print_json, say, settings_for

if TYPE_CHECKING:
    from pipelines.backup.restore import RestoreSummary

PASSPHRASE = "WEISU_BACKUP_PASSPHRASE"  # noqa: S105 - the name of a variable

File = Annotated[Path, typer.Argument(help="The file of the backup.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help=f"File with the passphrase of the keys; else {PASSPHRASE}, else asked for."),
]
WithoutKeys = Annotated[bool, typer.Option("--without-keys", help="Leave keys and configuration out.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    file: File,
    passphrase_file: PassphraseFile = None,
    without_keys: WithoutKeys = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Copy lake, store, models, configuration and keys into one file, while everything goes on."""
    from features.clock import SystemClock
    from features.settings import load_configuration
    from pipelines.backup.take import take_backup

    settings_for(home)
    passphrase = None if without_keys else _passphrase(passphrase_file, new=True)
    done = take_backup(load_configuration(home=home), file, SystemClock(), passphrase=passphrase)
    if as_json:
        print_json(done.to_json())
        return
    parts = [f"lake at version {done.snapshot}" if done.snapshot is not None else "no lake yet"]
    parts += [
        f"store at revision {done.revision}" if done.revision else "no store yet",
        "models" if done.models else "",
    ]
    parts += ["keys and configuration under the passphrase" if done.keys else ""]
    say(f"{done.file}: {done.bytes / 1024**2:,.1f} MiB, {', '.join(part for part in parts if part)}")
    for one in done.left_out:
        say(f"not in it: {one}")


def restore(
    file: File,
    passphrase_file: PassphraseFile = None,
    without_keys: WithoutKeys = False,
    erasures: Annotated[
        Path | None, typer.Option("--erasures", help="A copy of the list of erasures, where it is not at its place.")
    ] = None,
    without_erasures: Annotated[
        bool, typer.Option("--without-erasures", help="Go on although the list is lost: erased people come back.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of what is there, and keep that beside it.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the whole backup, and write nothing.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Bring an installation back; whoever was erased since is erased again first. Exit code 3 with a warning."""
    from features.clock import SystemClock
    from features.settings import load_configuration
    from pipelines.backup.restore import RestoreWanted, is_sealed, restore_backup

    settings_for(home)
    passphrase = _passphrase(passphrase_file, new=False) if is_sealed(file) and not without_keys else None
    wanted = RestoreWanted(
        passphrase=passphrase,
        without_keys=without_keys,
        erasures=erasures,
        without_erasures=without_erasures,
        replace=replace,
        dry_run=dry_run,
    )
    done = restore_backup(load_configuration(home=home), file, SystemClock(), wanted, home=home)
    if as_json:
        print_json(done.to_json())
    else:
        _say_restored(done)
    if done.warnings:
        raise typer.Exit(DEGRADED)


def _say_restored(done: RestoreSummary) -> None:
    say(f"backup of {done.made_at[:16]}: every part is what was written")
    if done.done:
        say(f"restored into {done.home}, lake at version {done.snapshot}")
        say(f"erased again: {done.erased:,} tickets by the list, {done.retired:,} by their age")
    if done.config:
        say(f"configuration written to {done.config}")
    for place in done.former:
        say(f"{'the former state is kept in' if done.done else 'would be replaced:'} {place}")
    for warning in done.warnings:
        say(f"warning: {warning}")
    end = "next: `weisu doctor`, then start `weisu serve` and `weisu schedule run`"
    say(end if done.done else "nothing was written")


def _passphrase(file: Path | None, *, new: bool) -> str | None:
    """Return the passphrase; None where nobody gave one and nobody can be asked."""
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").strip("\r\n")
        except OSError as error:
            raise BadInputError(f"--passphrase-file {file}: {error.strerror}") from error
    if given := os.environ.get(PASSPHRASE):
        return given
    if sys.stdin.isatty():
        asked: str = typer.prompt("Passphrase of the keys", hide_input=True, confirmation_prompt=new, err=True)
        return asked
    if new:
        raise BadInputError(
            "keys and configuration need a passphrase",
            hint=f"--passphrase-file FILE or {PASSPHRASE}; --without-keys leaves them out",
        )
    return None
