"""Keep with every detection run how many series it could judge."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Runs of before do not say."""
    op.add_column("detection_runs", sa.Column("judged", _document(), nullable=False, server_default=sa.text("'{}'")))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("detection_runs", "judged")


def _document() -> Any:
    from serve.store.columns import Document

    return Document
