"""`weisu areas`: districts, their parents and outlines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options import Json, print_json, say

areas_app = typer.Typer(help="Districts: table or GeoJSON.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(areas_app, name="areas")


@areas_app.command(name="check")
def check_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or GeoJSON with code, name, parent, level.")],
    as_json: Json = False,
) -> None:
    """List what is wrong with an area file; exit code 2 when it cannot be used."""
    from features.areas import check_report, load_areas

    report = check_report(load_areas(file))
    if as_json:
        print_json(report)
    else:
        levels = ", ".join(f"{count} {level or 'without level'}" for level, count in report["levels"].items())
        say(f"{file}: {report['areas']} areas ({levels}), {report['outlines']} with an outline")
        for problem in report["problems"]:
            say(f"  {problem['severity']:<8}{problem['message']}")
    if not report["ok"]:
        raise typer.Exit(2)
