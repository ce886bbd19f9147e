"""`weisu models list|show|promote|rollback`: what is registered, what issues the numbers, and how that changes."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from pipelines.commands.options import Home, Json, print_json, say, settings_for

_NAMES = ("weisu-demand", "weisu-hotspot")
Name = Annotated[str, typer.Argument(help="weisu-demand or weisu-hotspot")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the promotion.")]

app = typer.Typer(help="List, show, promote and roll back registered models.", no_args_is_help=True)


def register(parent: typer.Typer) -> None:
    """Add `models` to the command line."""
    parent.add_typer(app, name="models")


@app.command("list")
def list_models(home: Home = None, as_json: Json = False) -> None:
    """Show every version with its alias and what its training measured."""
    from pipelines.tracking import Registry

    registry = Registry.open(settings_for(home))
    versions = [version for name in _NAMES for version in registry.versions(name)]
    if as_json:
        print_json({"schema_version": 1, "models": [version.to_json() for version in versions]})
        return
    if not versions:
        say("no model is registered yet; run `weisu train`")
    for version in versions:
        wape = version.metrics.get("cell.wape")
        measured = f"WAPE over cells {wape:.3f}" if wape is not None else ""
        typer.echo(
            f"{version.name:14} {version.version:>4}  {version.created_at:%Y-%m-%d %H:%M}  "
            f"{','.join(version.aliases):11} {measured}"
        )


@app.command("show")
def show_model(name: Name, version: str = "", home: Home = None, as_json: Json = False) -> None:
    """Show one version (the champion unless told) and the history of promotions."""
    from pipelines.tracking import Registry
    from pipelines.tracking.registry import VERDICT_TAG

    registry = Registry.open(settings_for(home))
    found = registry.get(name, version) if version else registry.champion(name)
    events = [event.__dict__ for event in registry.promotions(name)]
    if as_json:
        print_json({"schema_version": 1, "model": found.to_json(), "promotions": events})
        return
    typer.echo(f"{found.name} version {found.version}  run {found.run_id}  aliases {', '.join(found.aliases) or '-'}")
    if verdict := found.tags.get(VERDICT_TAG):
        typer.echo(f"  gate: {verdict}")
    for key, value in sorted(found.metrics.items()):
        typer.echo(f"  {key:32} {value:.4f}")
    for event in events:
        typer.echo(
            f"  {event['at']}  {event['previous'] or '-'} -> {event['version']}  {event['actor']}: {event['reason']}"
        )


@app.command("promote")
def promote_model(
    name: Name, version: str, reason: Reason = "by hand", home: Home = None, as_json: Json = False
) -> None:
    """Make a version the champion."""
    from pipelines.promotion import promote

    event = promote(settings_for(home), name, version, actor=getpass.getuser(), reason=reason)
    _report(name, event.__dict__, as_json=as_json)


@app.command("rollback")
def rollback_model(name: Name, reason: Reason = "rollback", home: Home = None, as_json: Json = False) -> None:
    """Return to the champion before the present one."""
    from pipelines.promotion import rollback

    event = rollback(settings_for(home), name, actor=getpass.getuser(), reason=reason)
    _report(name, event.__dict__, as_json=as_json)


def _report(name: str, event: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        print_json({"schema_version": 1, "model": name, "promotion": event})
    else:
        typer.echo(f"{name}: champion is version {event['version']} (before: {event['previous'] or 'none'})")
