"""Keep with every subscription the role of who made it, when it was ended and when it was last tried.

A target is given to an audience by somebody who commands alerts; a subscription of before says its author's name alone.
It counts as given where every key of that name commands alerts.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_COMMANDS: Final = ("supervisor", "admin")


def upgrade() -> None:
    """Look the authors up among the keys."""
    role = sa.Column("author_role", sa.String(20), nullable=False, server_default="")
    for column in (role, sa.Column("ended_at", _moment()), sa.Column("tested_at", _moment())):
        op.add_column("subscriptions", column)
    subscriptions = sa.table("subscriptions", sa.column("author"), sa.column("author_role"))
    keys = sa.table("api_keys", sa.column("name"), sa.column("role"))
    connection = op.get_bind()
    roles: dict[str, set[str]] = {}
    for name, its_role in connection.execute(sa.select(keys.c.name, keys.c.role)):
        roles.setdefault(name, set()).add(its_role)
    for author, its_roles in roles.items():
        if its_roles <= set(_COMMANDS):
            own = sa.update(subscriptions).where(subscriptions.c.author == author)
            connection.execute(own.values(author_role=min(its_roles)))


def downgrade() -> None:
    """Forget it; what was ended stays away."""
    op.execute("UPDATE subscriptions SET paused_at = COALESCE(paused_at, ended_at)")
    for name in ("tested_at", "ended_at", "author_role"):
        op.drop_column("subscriptions", name)


def _moment() -> Any:
    from serve.store.columns import UtcDateTime

    return UtcDateTime()
