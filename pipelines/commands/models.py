"""`weisu models list|show|promote|rollback|give-back`: what is registered, what is in service, how that changes."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.options import Home, Json, print_json, say, settings_for

if TYPE_CHECKING:
    from features.settings import Settings
    from pipelines.tracking.registry import Promotion

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

    settings = settings_for(home)
    registry = Registry.open(settings)
    versions = [version for name in _NAMES for version in registry.versions(name)]
    choices = {name: choice for name in _NAMES if (choice := registry.choice(name))}
    if as_json:
        chosen = {name: choice.__dict__ for name, choice in choices.items()}
        print_json({"schema_version": 1, "models": [version.to_json() for version in versions], "choices": chosen})
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
    for name, choice in choices.items():
        typer.echo(f"{name}: {_held(settings, name, choice)}")


@app.command("show")
def show_model(name: Name, version: str = "", home: Home = None, as_json: Json = False) -> None:
    """Show one version (the champion unless told) and the history of promotions."""
    from pipelines.tracking import Registry
    from pipelines.tracking.registry import VERDICT_TAG

    settings = settings_for(home)
    registry = Registry.open(settings)
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
            + (f" (given back {event['given_back']})" if event["given_back"] else "")
        )
    if choice := registry.choice(name):
        typer.echo(f"  {_held(settings, name, choice)}")


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


@app.command("give-back")
def give_back_choice(name: Name, home: Home = None, as_json: Json = False) -> None:
    """Let trainings promote again, after a person promoted or rolled back."""
    from pipelines.promotion import give_back

    event = give_back(settings_for(home), name)
    if as_json:
        _report(name, event.__dict__, as_json=True)
    else:
        typer.echo(f"{name}: version {event.version} stays until a training's version passes the gate")


def _held(settings: Settings, name: str, choice: Promotion) -> str:
    from pipelines.promotion import say_choice

    told = say_choice(settings, choice)
    return f"{told}; no training replaces it until `weisu models give-back {name}`"


def _report(name: str, event: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        print_json({"schema_version": 1, "model": name, "promotion": event})
    else:
        typer.echo(f"{name}: champion is version {event['version']} (before: {event['previous'] or 'none'})")
