"""Alembic migrations, run by the program itself: there is no alembic.ini and nothing to install by hand."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text

HEAD: Final = "0014"
"""The newest revision, so that opening an up-to-date store does not have to load Alembic."""


def migrate(engine: Engine) -> str | None:
    """Bring the tables to the newest revision, in one transaction; of several processes one does the work.

    Returns:
        The revision where a newer release made the store, and nothing can be done; None otherwise.
    """
    with engine.connect() as connection:
        revision = current_revision(connection)
    if revision == HEAD:
        return None
    if not is_known(revision):
        return revision
    with engine.execution_options(weisu_write=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": zlib.crc32(b"migrations")})
        if current_revision(connection) != HEAD:
            upgrade(connection)
    return None


def current_revision(connection: Connection) -> str | None:
    """Return the revision that the database is at, None when it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def is_known(revision: str | None) -> bool:
    """Tell whether this release can migrate from a revision; None is an empty database."""
    return revision is None or any(Path(__file__).parent.glob(f"versions/{revision}_*.py"))


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the tables of a connection in a transaction to a revision."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
