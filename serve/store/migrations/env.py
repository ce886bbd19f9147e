"""Run by Alembic: hands it our connection (already in a transaction) and our metadata."""

from __future__ import annotations

from alembic import context

from serve.store import tables  # noqa: F401 - fills the metadata
from serve.store.columns import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
