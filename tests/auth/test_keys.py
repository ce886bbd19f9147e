from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from serve.access import Role, add_key, authenticate, list_keys, revoke_key
from serve.errors import NotFoundError, UnauthorizedError, UnprocessableError


def test_a_key_says_who_it_is_and_only_its_hash_is_kept(store, clock):
    made = add_key(store, name="水务局值班", role="department", department="水务局", now=clock.now())
    info = authenticate(store, made.secret, now=clock.now())
    assert (info.role, info.department) == (Role.DEPARTMENT, "水务局")
    with store.engine.connect() as connection:
        row = str(connection.execute(text("SELECT * FROM api_keys")).all())
    assert made.secret not in row
    assert made.secret not in repr(made)


def test_a_revoked_key_is_refused(store, clock):
    made = add_key(store, name="x", role="planner", now=clock.now())
    revoke_key(store, made.info.id, now=clock.now())
    with pytest.raises(UnauthorizedError, match="not valid"):
        authenticate(store, made.secret, now=clock.now())
    assert list_keys(store)[0].revoked_at == clock.now()


def test_a_key_expires(store, clock):
    made = add_key(store, name="x", role="planner", now=clock.now(), valid_for=timedelta(days=1))
    authenticate(store, made.secret, now=clock.now())
    with pytest.raises(UnauthorizedError, match="not valid"):
        authenticate(store, made.secret, now=clock.now() + timedelta(days=1))


@pytest.mark.parametrize(
    ("role", "department", "message"),
    [
        ("king", "", "unknown role 'king'[\\s\\S]*planner, department"),
        ("department", "", "needs --department"),
        ("planner", "水务局", "takes no --department"),
    ],
)
def test_a_key_must_make_sense(store, clock, role, department, message):
    with pytest.raises(UnprocessableError, match=message):
        add_key(store, name="x", role=role, department=department, now=clock.now())


def test_revoking_nothing_says_so(store, clock):
    with pytest.raises(NotFoundError, match="no key 'key_0'"):
        revoke_key(store, "key_0", now=clock.now())


def test_the_command_prints_the_key_once(tmp_path):
    import typer

    from pipelines.commands import users

    app = typer.Typer()
    users.register(app)
    home = ["--home", str(tmp_path)]
    runner = CliRunner()
    made = runner.invoke(app, ["users", "add", "督办", "--role", "supervisor", *home])
    assert made.exit_code == 0
    secret = made.stdout.strip()
    assert secret.startswith("weisu_")
    listed = runner.invoke(app, ["users", "list", *home]).stdout
    assert secret not in listed
    assert "督办" in listed
    revoked = runner.invoke(app, ["users", "revoke", listed.split()[0], *home])
    assert revoked.exit_code == 0
    assert "revoked" in runner.invoke(app, ["users", "list", *home]).stdout


def test_a_key_is_named_as_it_is_read(store, clock):
    made = add_key(store, name=" 水务\u200b局值班 ", role="department", department="水务局\ufeff", now=clock.now())
    assert (made.info.name, made.info.department) == ("水务局值班", "水务局")
    with pytest.raises(UnprocessableError, match="no line breaks"):
        add_key(store, name="a\nb", role="planner", now=clock.now())
    with pytest.raises(UnprocessableError, match="no line breaks"):
        add_key(store, name="\udcff", role="planner", now=clock.now())
