"""Let one override at a time be in force per series and period: the newest; those it replaces are withdrawn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0009"
branch_labels = None
depends_on = None

INDEX = "ix_forecast_overrides_one_per_period"


def upgrade() -> None:
    """Withdraw what a later override of the same series and period stands over, then keep it so."""
    overrides = sa.table(
        "forecast_overrides",
        *(sa.column(name) for name in ("id", "freq", "unique_id", "ds", "created_at", "withdrawn_at")),
    )
    older, newer = overrides.alias("older"), overrides.alias("newer")
    same = sa.and_(*(older.c[name] == newer.c[name] for name in ("freq", "unique_id", "ds")))
    later = sa.or_(
        newer.c.created_at > older.c.created_at,
        sa.and_(newer.c.created_at == older.c.created_at, newer.c.id > older.c.id),
    )
    found = (
        sa.select(older.c.id, sa.func.min(newer.c.created_at))
        .join(newer, sa.and_(same, later))
        .where(older.c.withdrawn_at.is_(None), newer.c.withdrawn_at.is_(None))
        .group_by(older.c.id)
    )
    connection = op.get_bind()
    for override, at in connection.execute(found).all():
        connection.execute(sa.update(overrides).where(overrides.c.id == override).values(withdrawn_at=at))
    open_ones = sa.text("withdrawn_at IS NULL")
    op.create_index(
        INDEX,
        "forecast_overrides",
        ["freq", "unique_id", "ds"],
        unique=True,
        sqlite_where=open_ones,
        postgresql_where=open_ones,
    )


def downgrade() -> None:
    """Allow several again."""
    op.drop_index(INDEX, "forecast_overrides")
