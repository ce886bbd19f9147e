"""Keep what an alert's sentence says as a code with facts; sentences of before are kept as they were written."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Turn the two texts into one document: in the alerts, in their events, and in messages not yet sent."""
    connection = op.get_bind()
    op.add_column("alerts", sa.Column("sentence", _document(), nullable=True))
    rows = sa.table(
        "alerts",
        *map(sa.column, ("id", "sentence_zh", "sentence_en")),
        *(sa.column(name, _document()) for name in ("sentence", "evidence", "past")),
    )
    query = sa.select(rows.c.id, rows.c.sentence_zh, rows.c.sentence_en, rows.c.evidence, rows.c.past)
    for name, zh, en, evidence, past in connection.execute(query).all():
        values = {"sentence": _recorded(zh, en), "evidence": converted(evidence), "past": converted(past)}
        connection.execute(sa.update(rows).where(rows.c.id == name).values(**values))
    for text in ("sentence_zh", "sentence_en"):
        op.drop_column("alerts", text)
    for table, key, column in (("alert_events", "seq", "payload"), ("outbox", "id", "body")):
        _convert(connection, table, key, column)


def downgrade() -> None:
    """Keep the words of recorded sentences alone; a sentence by its facts is said anew at the next look."""
    connection = op.get_bind()
    for text in ("sentence_zh", "sentence_en"):
        op.add_column("alerts", sa.Column(text, sa.Text(), nullable=False, server_default=""))
    rows = sa.table("alerts", *map(sa.column, ("id", "sentence_zh", "sentence_en")), sa.column("sentence", _document()))
    for name, sentence in connection.execute(sa.select(rows.c.id, rows.c.sentence)).all():
        said = (sentence or {}).get("params", {})
        values = {"sentence_zh": said.get("zh-CN", ""), "sentence_en": said.get("en", "")}
        connection.execute(sa.update(rows).where(rows.c.id == name).values(**values))
    op.drop_column("alerts", "sentence")


def converted(document: Any) -> Any:
    """Return a document with every pair of texts inside it turned into a sentence, at any depth."""
    if isinstance(document, list):
        return [converted(one) for one in document]
    if not isinstance(document, dict):
        return document
    kept = {name: converted(value) for name, value in document.items() if name not in {"sentence_zh", "sentence_en"}}
    if "sentence_zh" in document or "sentence_en" in document:
        kept["sentence"] = _recorded(document.get("sentence_zh", ""), document.get("sentence_en", ""))
    return kept


def _recorded(zh: str, en: str) -> dict[str, Any] | None:
    return {"code": "as_recorded", "params": {"zh-CN": zh, "en": en}} if zh or en else None


def _convert(connection: sa.Connection, table: str, key: str, column: str) -> None:
    rows = sa.table(table, sa.column(key), sa.column(column, _document()))
    for name, document in connection.execute(sa.select(rows.c[key], rows.c[column])).all():
        changed = converted(json.loads(json.dumps(document)))
        if changed != document:
            connection.execute(sa.update(rows).where(rows.c[key] == name).values({column: changed}))


def _document() -> sa.JSON:
    from serve.store.columns import Document

    return Document
