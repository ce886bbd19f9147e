"""`weisu rules`: the table of dangers, and what it says of texts before it watches real ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from features.errors import BadInputError
from features.privacy import quoted_columns
from pipelines.commands.options import Home, Json, print_json, say, settings_for

File = Annotated[Path, typer.Argument(help="A CSV file with a text in each row.")]
Column = Annotated[str, typer.Option("--column", help="The column of texts.")]
Category = Annotated[str, typer.Option("--category", help="The column that a ticket is filed under, if there is one.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write the table to this file.")]


def register(app: typer.Typer) -> None:
    """Add `rules` to the command line."""
    rules = typer.Typer(help="What counts as danger in a text.", no_args_is_help=True)
    rules.command("try")(try_texts)
    rules.command("table")(table)
    app.add_typer(rules, name="rules")


def try_texts(
    file: File, column: Column = "text", category: Category = "", home: Home = None, as_json: Json = False
) -> None:
    """Show for each text which words count as danger, what excepted the others, and the level of an alert."""
    rows = list(tried(file, column, category, home))
    if as_json:
        print_json({"schema_version": 1, "file": str(file), "texts": rows})
        return
    for row in rows:
        say(f"{row['level'] or '-':<8}{row['text']}")
        for one in row["words"]:
            say(f"        {one['word']}: {one['said']}")
    say(f"{sum(bool(row['level']) for row in rows)} of {len(rows)} texts would open an alert")


def tried(file: Path, column: str, category: str, home: Path | None) -> Iterator[dict[str, Any]]:
    """Yield what the table says of each text of a file.

    Raises:
        BadInputError: The file or a column of it is not there.
    """
    from features.csv_tables import read_csv_table
    from features.danger import DangerTable
    from serve.alerts.danger import tried_text

    settings = settings_for(home)
    table = DangerTable.of_installation(settings).with_words(settings.rules.sensitive.words)
    frame = read_csv_table(file)
    if missing := [name for name in (column, category) if name and name not in frame]:
        raise BadInputError(f"{file} has no column {', '.join(missing)}", hint=quoted_columns(list(frame.columns)))
    for row in frame.fillna("").to_dict("records"):
        filed = str(row[category]) if category else ""
        yield tried_text(table, str(row[column]), filed, settings.rules.sensitive.categories)


def table(out: Out = None, home: Home = None) -> None:
    """Print the table in force as CSV, or write it, so that it can be edited and named in [rules.sensitive] table."""
    from features.danger import shipped_text

    settings = settings_for(home)
    own = settings.rules.sensitive.table
    text = (settings.home / own).read_text(encoding="utf-8-sig") if own else shipped_text()
    if out is None:
        typer.echo(text, nl=False)
        return
    if out.exists():
        raise BadInputError(f"{out} is there already", hint="name another file: an edited table is not overwritten")
    out.write_text(text, encoding="utf-8-sig")
    say(f'{out}: edit it, put it into the home and set table = "{out.name}" in [rules.sensitive]')
