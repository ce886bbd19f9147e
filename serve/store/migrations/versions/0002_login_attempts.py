"""Count failed logins, for their limit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from serve.store.columns import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create `login_attempts`."""
    op.create_table(
        "login_attempts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("key_prefix", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_attempts")),
    )
    op.create_index(op.f("ix_login_attempts_address_at"), "login_attempts", ["address", "at"], unique=False)
    op.create_index(op.f("ix_login_attempts_key_prefix_at"), "login_attempts", ["key_prefix", "at"], unique=False)


def downgrade() -> None:
    """Drop it."""
    op.drop_table("login_attempts")
