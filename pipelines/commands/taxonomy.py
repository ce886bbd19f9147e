"""`weisu taxonomy`: the crosswalk of labels: check it, put it in force, and find what it should hold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from features.settings import Settings
from pipelines.commands.options import AsOf, Home, Json, parse_as_of, print_json, say, settings_for

taxonomy_app = typer.Typer(help="Labels that change: renames, splits, merges, spellings.", no_args_is_help=True)

_File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV or XLSX with old, new, valid_from, ...")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(taxonomy_app, name="taxonomy")


@taxonomy_app.command(name="check")
def check_command(file: _File, home: Home = None, as_json: Json = False) -> None:
    """List every problem of a crosswalk; exit code 2 when it cannot be used."""
    from features.taxonomy import check_file

    report = check_file(file, known=_known_labels(home))
    _print_report(file, report, as_json=as_json)
    if not report.ok:
        raise typer.Exit(2)


@taxonomy_app.command(name="import")
def import_command(file: _File, home: Home = None, as_json: Json = False) -> None:
    """Put a crosswalk in force, and issue the forecast and name open alerts in its labels.

    The crosswalk before stays beside it under its version.
    """
    from features.taxonomy import check_file, install_crosswalk, read_crosswalk
    from serve.store import Store

    settings = settings_for(home)
    Store.make_ready(settings.store_url)
    known = _known_labels(home)
    report = check_file(file, known=known)
    if not report.ok:
        _print_report(file, report, as_json=as_json)
        raise typer.Exit(2)
    crosswalk = read_crosswalk(file, known=known)
    path = install_crosswalk(crosswalk, settings)
    done = _brought_into_force(settings)
    if as_json:
        print_json({**report.to_json(), "taxonomy_version": crosswalk.version, "path": str(path), **done})
    else:
        _print_report(file, report, as_json=False)
        said = f"forecasts issued anew: {', '.join(done['forecasts']) or 'none'}; open alerts renamed: {done['alerts']}"
        say(f"in force as taxonomy {crosswalk.version}: {path}; {said}")


def _brought_into_force(settings: Settings) -> dict[str, Any]:
    """Restate what was issued; an installation that issued nothing yet has nothing to restate."""
    from dataclasses import asdict

    from features.clock import SystemClock
    from features.knowledge import holds_tickets

    if not holds_tickets(settings):
        return {"forecasts": [], "alerts": 0}
    from pipelines.relabel import bring_into_force

    return {**asdict(bring_into_force(settings, SystemClock()))}


@taxonomy_app.command(name="propose")
def propose_command(
    panel: Annotated[
        Path | None, typer.Option("--panel", help="A count panel (ds, y and the label column) instead of the lake.")
    ] = None,
    dimension: Annotated[str, typer.Option("--dimension", help="category or district.")] = "category",
    source: Annotated[str | None, typer.Option("--source", help="Only this source; every source when absent.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the proposals as a crosswalk CSV to edit.")] = None,
    as_of: AsOf = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Propose changes (this label died, that one was born) and spellings of one label."""
    import pandas as pd

    from features.taxonomy import alias_rows, propose_changes, proposed_rows, suggest_aliases

    config = settings_for(home).taxonomy.changes
    panels = {"panel": _panel_counts(panel)} if panel else _lake_counts(home, as_of, dimension, source)
    changes = pd.concat(
        [propose_changes(counts, label=dimension, config=config).assign(source=name) for name, counts in panels.items()]
    )
    aliases = pd.concat(
        [suggest_aliases(counts[dimension], tickets=counts["y"]).assign(source=name) for name, counts in panels.items()]
    )
    if out is not None:
        since = min(counts["ds"].min() for counts in panels.values())
        rows = [proposed_rows(changes, dimension=dimension), alias_rows(aliases, since=since, dimension=dimension)]
        pd.concat(rows).to_csv(out, index=False, date_format="%Y-%m-%d")
    if as_json:
        dated = changes.assign(valid_from=changes["valid_from"].astype(str))
        found = {"changes": dated.to_dict(orient="records"), "aliases": aliases.to_dict(orient="records")}
        print_json({"schema_version": 1, "dimension": dimension, **found})
    else:
        _say_proposals(changes, aliases)


@taxonomy_app.command(name="sources")
def sources_command(home: Home = None, as_json: Json = False) -> None:
    """Show which sources hold the same tickets, how their clocks differ, and whose word counts."""
    from dataclasses import asdict

    from features.lake import Lake
    from features.lake.duck import duck
    from features.lake.precedence import among, shared_tickets

    lake = Lake.of(settings_for(home))
    with duck() as connection:
        found = shared_tickets(connection, lake.store.scan())
    trusted = {(one.first, one.second): among(lake.precedence, (one.first, one.second)) for one in found}
    if as_json:
        rows = [
            asdict(one) | {"counted": group[0][0] if (group := trusted[one.first, one.second]) else None}
            for one in found
        ]
        print_json({"schema_version": 1, "shared": rows})
        return
    for one in found:
        group = trusted[one.first, one.second]
        clocks = ", ".join(f"{count:,} x {hours:+g} h" for hours, count in one.differences)
        near = f"{one.tickets:,} ids in both, {one.near:,} opened within a day of each other ({clocks})"
        word = f"{group[0][0]} counts" if group else "both count: are they one? [taxonomy] precedence says whose word"
        say(f"{one.first} and {one.second}: {near}; {word}")
    if not found:
        say("no ticket id is in two sources")


def _say_proposals(changes: Any, aliases: Any) -> None:
    for one in changes.itertuples():
        arrow = f"{one.old or '(nothing)'} -> {one.new or '(nothing)'}"
        numbers = f"weight {one.weight:.2f}, score {one.score:.2f}"
        say(f"{one.source}  {one.valid_from:%Y-%m-%d}  {one.kind:<7}{arrow}  {numbers}")
    for one in aliases[aliases["reason"] != "unmatched"].itertuples():
        say(f"{one.source}  {one.reason:<9}{one.old!r} ({one.count:,}){f' -> {one.new!r}' if one.new else ''}")
    rare = int((aliases["reason"] == "unmatched").sum())
    say(f"{len(changes)} changes; {len(aliases) - rare} spellings; {rare} rare labels that are like no other (--json)")


def _print_report(file: Path, report: Any, *, as_json: bool) -> None:
    if as_json:
        print_json(report.to_json())
        return
    say(
        f"{file}: {report.rows} rows, {len(report.errors)} errors, {len(report.problems) - len(report.errors)} warnings"
    )
    for problem in report.problems:
        say(f"  {problem.severity:<8}{problem.message}")


def _known_labels(home: Path | None) -> frozenset[str] | None:
    """Return every label of the lake; None where no lake is, so that nothing can be called unknown."""
    from features.branches import PATH, whole_path
    from features.lake import Lake
    from features.lake.duck import arrow, duck

    settings = settings_for(home)
    if not Path(settings.lake_path, "tickets", "_delta_log").is_dir():
        return None
    lake = Lake.of(settings)
    with duck() as connection:
        scan = lake.store.scan()
        query = f"SELECT DISTINCT category AS label FROM {scan} UNION SELECT DISTINCT district FROM {scan}"
        labels = {label for label in arrow(connection, query)["label"].to_pylist() if label}
        paths = arrow(
            connection, f"SELECT DISTINCT {', '.join(PATH)} FROM {scan} WHERE category IS NOT NULL"
        ).to_pylist()
    return frozenset(labels | {whole_path(*(path[name] or "" for name in PATH)) for path in paths} - {""})


def _lake_counts(home: Path | None, as_of: str | None, dimension: str, source: str | None) -> dict[str, Any]:
    """Return weekly counts per label for each source: one source's labels say nothing about another's."""
    from features.clock import SystemClock
    from features.errors import BadInputError
    from features.knowledge import Knowledge, holds_tickets

    settings = settings_for(home)
    if not holds_tickets(settings):
        raise BadInputError("the lake holds no tickets", hint="run `weisu ingest` first, or give --panel FILE")
    knowledge = Knowledge.at(settings, parse_as_of(as_of, settings, now=SystemClock().now()))
    panels = knowledge.counts_as_filed(dimension, sources=[source] if source else None)
    return {
        name: panel.y.merge(panel.static[["unique_id", dimension]], on="unique_id") for name, panel in panels.items()
    }


def _panel_counts(path: Path) -> Any:
    import pandas as pd

    from features.errors import BadInputError
    from pipelines.commands.panel_files import read_panel

    frame = read_panel(path)
    try:
        return frame.assign(ds=pd.to_datetime(frame["ds"]), y=pd.to_numeric(frame["y"]))
    except ValueError as error:
        raise BadInputError(f"{path}: {error}", hint="ds is a date, y is a number") from error
