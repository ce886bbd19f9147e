"""Alembic migrations, run by the program itself: there is no alembic.ini and nothing to install by hand."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text

HEAD: Final = "0009"
"""The newest revision, so that opening an up-to-date store does not have to load Alembic."""


def migrate(engine: Engine) -> None:
    """Bring the tables to the newest revision, in one transaction; of several processes one does the work."""
    with engine.connect() as connection:
        if current_revision(connection) == HEAD:
            return
    with engine.execution_options(weisu_write=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": zlib.crc32(b"migrations")})
        if current_revision(connection) != HEAD:
            _upgrade(connection)


def current_revision(connection: Connection) -> str | None:
    """Return the revision that the database is at, None when it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
