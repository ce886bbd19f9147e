"""Let one override at a time be in force per series and period: the newest; those it replaces are withdrawn.

One that has expired replaces none that is in force: it is over since it expired.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0009"
branch_labels = None
depends_on = None

INDEX = "ix_forecast_overrides_one_per_period"
_PERIOD = ("freq", "unique_id", "ds")


def upgrade() -> None:
    """Withdraw what a later override of the same series and period stands over, then keep it so."""
    moment = sa.DateTime(timezone=True)
    overrides = sa.table(
        "forecast_overrides",
        *(sa.column(name) for name in ("id", *_PERIOD)),
        *(sa.column(name, moment) for name in ("created_at", "expires_at", "withdrawn_at")),
    )
    connection, now = op.get_bind(), datetime.now(UTC)
    still = sa.select(overrides).where(overrides.c.withdrawn_at.is_(None))
    rows = connection.execute(still.order_by(*_PERIOD, "created_at", "id")).all()
    for _, period in groupby(rows, key=lambda row: tuple(getattr(row, name) for name in _PERIOD)):
        for override, at in _over(list(period), now):
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


def _over(period: list[Any], now: datetime) -> list[tuple[str, datetime]]:
    """Return the overrides of one period, oldest first, that are not in force, and since when."""
    in_force = [row for row in period if row.expires_at is None or _aware(row.expires_at) > now]
    kept = (in_force or period)[-1]
    at = period.index(kept)
    replaced = [(row.id, period[number + 1].created_at) for number, row in enumerate(period[:at])]
    return replaced + [(row.id, row.expires_at) for row in period[at + 1 :]]


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def downgrade() -> None:
    """Allow several again."""
    op.drop_index(INDEX, "forecast_overrides")
