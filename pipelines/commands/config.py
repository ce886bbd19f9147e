"""`weisu config`: what is in force, what is wrong with a file, and every key there is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from features.configuration.listing import Key, is_set, keys_of
from features.configuration.toml import masked, toml_key, toml_value
from features.settings import CONFIG_FILE, LoadedSettings, Settings, load_configuration
from pipelines.commands.options import Home, Json, print_json, say


def register(app: typer.Typer) -> None:
    """Add the command group."""
    config = typer.Typer(help="The configuration: show what is in force, check a file.", no_args_is_help=True)
    config.command("show")(show)
    config.command("check")(check)
    config.command("reference")(reference)
    app.add_typer(config, name="config")


def show(home: Home = None, as_json: Json = False) -> None:
    """Print every key in force, what set it, and what it is for; secrets are masked."""
    loaded = load_configuration(home=home)
    keys = [(key, _origin(loaded, key)) for key in keys_of(loaded.settings)]
    if as_json:
        print_json({"schema_version": 1, "file": loaded.path, "keys": [_document(key, set_by) for key, set_by in keys]})
        return
    typer.echo(f"# {loaded.path or f'no {CONFIG_FILE} here'}; `weisu init` writes a file to start from")
    header = ""
    for key, set_by in keys:
        if key.header != header:
            header = key.header
            typer.echo(f"\n{header}")
        typer.echo(f"{_assigned(key):40}  # {set_by}: {key.meaning}")


def check(
    file: Annotated[Path | None, typer.Argument(help="The file; weisu.toml or WEISU_CONFIG without it.")] = None,
) -> None:
    """Tell what is wrong with a configuration: unknown sections and keys, values that cannot be."""
    from pipelines.doctor import missing_files
    from pipelines.schedule.plan import read_schedule

    loaded = load_configuration(config=file)
    read_schedule(loaded.settings)
    for path in missing_files(loaded.settings):
        say(f"warning: {path} is named and not there")
    say(f"{loaded.path or 'the defaults (there is no file)'}: nothing is wrong")


def reference() -> None:
    """Print every section and key with its default as Markdown: the second half of docs/configuration.md."""
    from features.configuration.template import reference as tables

    typer.echo(tables(Settings))


def _origin(loaded: LoadedSettings, key: Key) -> str:
    if not key.table and key.name in loaded.flags:
        return "flag"
    if not key.table and key.name in loaded.variables:
        return "environment"
    return "file" if key.value != {} and is_set(loaded.in_file, key.path) else "default"


def _assigned(key: Key) -> str:
    return f"# {key.name} is not set" if key.value is None else f"{toml_key(key.name)} = {toml_value(key.value)}"


def _document(key: Key, set_by: str) -> dict[str, object]:
    return {
        "section": ".".join(key.table),
        "key": key.name,
        "value": masked(key.value),
        "unit": key.unit,
        "set_by": set_by,
        "sentence": key.sentence,
    }
