"""Keep with every detection run what its tickets lacked, so that a detector never ran."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Runs of before do not say."""
    op.add_column("detection_runs", sa.Column("idle", _document(), nullable=False, server_default=sa.text("'[]'")))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("detection_runs", "idle")


def _document() -> Any:
    from serve.store.columns import Document

    return Document
