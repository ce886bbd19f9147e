"""Keep what the next weeks bring together, beside the single weeks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create `forecast_sums`."""
    op.create_table(
        "forecast_sums",
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("unique_id", sa.String(length=400), nullable=False),
        sa.Column("periods", sa.Integer(), nullable=False),
        sa.Column("ds", sa.DateTime(), nullable=False),
        sa.Column("level", sa.String(length=40), nullable=False),
        *(
            sa.Column(name, sa.String(length=200), nullable=False)
            for name in ("category1", "category2", "category", "district", "department")
        ),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("mean", "p10", "p50", "p90")),
        sa.Column("last_year", sa.Double(), nullable=True),
        sa.Column("base_model", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"],
            ["forecast_issues.id"],
            name=op.f("fk_forecast_sums_issue_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("issue_id", "unique_id", "periods", name=op.f("pk_forecast_sums")),
    )
    op.create_index(
        op.f("ix_forecast_sums_issue_id_level_periods"), "forecast_sums", ["issue_id", "level", "periods"], unique=False
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("forecast_sums")
