"""Keep the rule behind an alert by its code and parameters; the short texts of before are turned into them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _many_tickets(match: re.Match[str]) -> dict[str, Any]:
    chance = float(match[3]) if match[3] else None
    return {"code": "many_tickets", "tickets": int(match[1]), "days": int(match[2]), "chance": chance}


_TEXTS: Final[tuple[tuple[str, str, Callable[[re.Match[str]], dict[str, Any]]], ...]] = (
    ("高频", r"(\d+)/(\d+)d(?:<([\d.e-]+))?", _many_tickets),
    ("一人多诉", r"(\d+)/(\d+)d", lambda m: {"code": "one_caller", "times": int(m[1]), "days": int(m[2])}),
    ("敏感", r"(.+)", lambda m: {"code": "watched", "words": m[1].split(",")}),
    ("异动", r"([WDh]):(\d+)", lambda m: {"code": "beyond_history", "freq": m[1], "periods": int(m[2])}),
    ("异动", r"([\d.]+)km", lambda m: {"code": "cluster", "radius_km": float(m[1])}),
    ("多人同诉", r"(.+)", lambda m: {"code": "shared_cause", "topic": m[1]}),
    ("首发", r"(.+)", lambda m: {"code": "new_topic", "topic": m[1]}),
    ("预告", r"(\d+)/(\d+)", lambda m: {"code": "season", "years_seen": int(m[1]), "years": int(m[2])}),
)
"""Kind, the text that its detectors wrote, and the rule that the text stood for."""


def upgrade() -> None:
    """Turn `rule` into a document: in the alerts, in the events they are the fold of, and in messages not yet sent."""
    connection = op.get_bind()
    op.execute("ALTER TABLE alerts RENAME COLUMN rule TO rule_text")
    op.add_column("alerts", sa.Column("rule", _document(), nullable=True))
    rows = sa.table("alerts", *map(sa.column, ("id", "kind", "rule_text")), sa.column("rule", _document()))
    for name, kind, text in connection.execute(sa.select(rows.c.id, rows.c.kind, rows.c.rule_text)).all():
        if rule := rule_of(kind, text):
            connection.execute(sa.update(rows).where(rows.c.id == name).values(rule=rule))
    op.drop_column("alerts", "rule_text")
    _convert(connection, "alert_events", "seq", "payload")
    _convert(connection, "outbox", "id", "body")


def downgrade() -> None:
    """Keep the code alone, as a text."""
    connection = op.get_bind()
    op.execute("ALTER TABLE alerts RENAME COLUMN rule TO rule_document")
    op.add_column("alerts", sa.Column("rule", sa.Text(), nullable=False, server_default=""))
    rows = sa.table("alerts", sa.column("id"), sa.column("rule_document", _document()), sa.column("rule"))
    for name, rule in connection.execute(sa.select(rows.c.id, rows.c.rule_document)).all():
        if rule:
            connection.execute(sa.update(rows).where(rows.c.id == name).values(rule=rule["code"]))
    op.drop_column("alerts", "rule_document")


def rule_of(kind: str, text: str) -> dict[str, Any] | None:
    """Return the rule that an earlier version wrote as a text; None for a text that no detector wrote."""
    found = ((re.fullmatch(pattern, text), made) for named, pattern, made in _TEXTS if named == kind)
    return next((made(match) for match, made in found if match), None)


def _convert(connection: sa.Connection, table: str, key: str, column: str) -> None:
    """Turn the rules inside a table's documents; in an event the leading kind is named beside its facts or before."""
    known = connection.execute(sa.text("SELECT id, kind FROM alerts")).all()
    kinds = {str(alert): str(kind) for alert, kind in known}
    rows = sa.table(table, sa.column(key), sa.column("alert_id"), sa.column(column, _document()))
    for name, alert, document in connection.execute(sa.select(rows.c[key], rows.c.alert_id, rows.c[column])).all():
        changed = json.loads(json.dumps(document))
        for part, kind in _parts(changed, kinds.get(alert, "")):
            part["rule"] = rule_of(kind, part["rule"])
        if changed != document:
            connection.execute(sa.update(rows).where(rows.c[key] == name).values({column: changed}))


def _parts(document: dict[str, Any], kind: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the parts of a document that hold a rule as a text, with the kind it belongs to."""
    leading = document.get("lead", document).get("kind", kind)
    joined = document.get("joined", {})
    for part, of in ((document, leading), (document.get("facts", {}), leading), (joined, joined.get("kind", kind))):
        if isinstance(part.get("rule"), str):
            yield part, of


def _document() -> sa.JSON:
    from serve.store.columns import Document

    return Document
