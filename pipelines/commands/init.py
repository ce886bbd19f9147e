"""`weisu init`: a weisu.toml to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from features.settings import CONFIG_FILE, Settings
from pipelines.commands.options import say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init")(init)


def init(
    file: Annotated[Path, typer.Argument(help="Where to write it.")] = Path(CONFIG_FILE),
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
) -> None:
    """Write a weisu.toml with every section and key, commented out at its default."""
    from features.configuration.template import commented_file
    from features.errors import BadInputError

    try:
        with file.open("w" if force else "x", encoding="utf-8") as out:
            out.write(commented_file(Settings()))
    except FileExistsError as error:
        raise BadInputError(f"{file} is there already", hint="--force overwrites it") from error
    say(f"{file} is written. Next: edit it, then `weisu config check`; or try `weisu demo`")
