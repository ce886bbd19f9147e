"""`weisu mapping`: list the shipped mappings, show one, propose one for a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options import Json, print_json, say

mapping_app = typer.Typer(help="Say which column of a source is which fact.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(mapping_app, name="mapping")


@mapping_app.command("list")
def list_command(as_json: Json = False) -> None:
    """List the shipped mappings."""
    from features.mappings import load_mapping, mapping_names

    titles = {name: load_mapping(name).title for name in mapping_names()}
    if as_json:
        print_json({"schema_version": 1, "mappings": titles})
        return
    for name, title in titles.items():
        say(f"{name:<22} {title}")


@mapping_app.command("suggest")
def suggest_command(
    file: Annotated[Path, typer.Argument(help="A table: CSV, TSV, Parquet, JSON lines, XLSX, XLS.")],
    source: Annotated[str | None, typer.Option("--source", help="Name for the source (default: the file's).")] = None,
    timezone: Annotated[str | None, typer.Option("--timezone", help="IANA zone of the place.")] = None,
    as_json: Json = False,
) -> None:
    """Propose a mapping from header and values, and say how sure it is; the TOML goes to stdout."""
    from features.errors import BadInputError
    from features.sources.suggest import suggest_mapping

    if not file.is_file():
        raise BadInputError(f"no such file: {file}", hint="give one table: CSV, TSV, Parquet, JSON lines, XLSX, XLS")
    suggestion = suggest_mapping(file, source=source, timezone=timezone)
    if as_json:
        print_json(suggestion.to_json())
        return
    for guess in suggestion.guesses:
        say(f"{guess.confidence:>4.0%}  {guess.field:<14} <- {guess.column!r}  {guess.why}")
    for warning in suggestion.warnings:
        say(f"      {warning}")
    typer.echo(suggestion.toml)
