"""`weisu users`: make, list and revoke keys."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.commands.options import Home, Json, print_json, say, settings_for


def register(app: typer.Typer) -> None:
    """Add the command group."""
    users = typer.Typer(help="Keys of people and machines: add, list, revoke.", no_args_is_help=True)
    users.command("add")(add)
    users.command("list")(list_)
    users.command("revoke")(revoke)
    app.add_typer(users, name="users")


def add(
    *,
    name: Annotated[str, typer.Argument(help="The person or machine; it signs every action.")],
    role: Annotated[str, typer.Option("--role", help="planner, department, supervisor, scientist or admin.")],
    department: Annotated[str, typer.Option("--department", help="For the role department: which one.")] = "",
    days: Annotated[
        int | None, typer.Option("--days", min=1, help="Life time of the key; for ever without it.")
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="The department is a new one.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make a key and show it, this once."""
    from datetime import timedelta

    from features.clock import SystemClock
    from serve.access import add_key
    from serve.known_names import KnownNames
    from serve.store import Store

    store = Store.open(settings_for(home).store_url)
    if department and not new:
        with store.reading() as session:
            KnownNames(session).check(departments=[department])
    valid_for = timedelta(days=days) if days else None
    made = add_key(store, name=name, role=role, department=department, now=SystemClock().now(), valid_for=valid_for)
    if as_json:
        print_json({"schema_version": 1, "id": made.info.id, "key": made.secret, "role": made.info.role})
        return
    say(f"Key {made.info.id} for {name} ({made.info.role}). It is shown this once:")
    typer.echo(made.secret)


def list_(home: Home = None, as_json: Json = False) -> None:
    """List every key, revoked ones too; the keys themselves are not kept."""
    from dataclasses import asdict

    from serve.access import list_keys
    from serve.store import Store

    keys = list_keys(Store.open(settings_for(home).store_url))
    if as_json:
        print_json({"schema_version": 1, "items": [asdict(key) for key in keys]})
        return
    for key in keys:
        state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "in use"
        typer.echo(f"{key.id}  {key.role:<10}  {key.hint}  {state:<18}  {key.name}  {key.department}".rstrip())


def revoke(
    key_id: Annotated[str, typer.Argument(help="The id that `weisu users list` shows.")],
    home: Home = None,
) -> None:
    """Take a key out of service, and every browser session it opened with it."""
    from features.clock import SystemClock
    from serve.access import revoke_key
    from serve.store import Store

    info = revoke_key(Store.open(settings_for(home).store_url), key_id, now=SystemClock().now())
    say(f"Revoked {info.id} ({info.name}).")
