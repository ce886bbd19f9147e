"""Keep why something is degraded as codes with parameters; sentences of before are turned into them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES: Final = {"detection_runs": "key", "forecast_issues": "id", "reports": "id", "alerts": "id"}
"""Tables that say why something is degraded -> their key."""

_FALLBACK: Final = "same-week mean issued: "
_SENTENCES: Final = (
    (r"stale feed: data through (?P<data_through>.+), as of (?P<as_of>.+)", "stale_feed"),
    (r"calendar falls back for (?P<years>.+)", "calendar_guessed"),
    (r"(?P<model>\S+) has no champion", "no_champion"),
    (r"the files of (?P<model>\S+) version (?P<version>\S+) are not where the registry says", "bundle_lost"),
    (r"the newer history has none of the cells that the model was fitted on", "no_common_cell"),
    (r"the model's calendar ends before (?P<day>.+)", "model_calendar_ends"),
    (r"exported model of schema (?P<schema>.+)", "model_schema"),
    (r"the exported model has no (?P<file>.+)", "model_incomplete"),
    (r"the champion holds no weekly forecaster", "no_weekly_forecaster"),
    (r"the champion holds no daily forecaster", "no_daily_forecaster"),
)


def upgrade() -> None:
    """Turn `degraded` from a text into a list of reasons, in the tables and in the alerts' events."""
    connection = op.get_bind()
    for table, key in _TABLES.items():
        op.execute(f"ALTER TABLE {table} RENAME COLUMN degraded TO degraded_text")
        op.add_column(table, sa.Column("degraded", _document(), nullable=False, server_default=sa.text("'[]'")))
        rows = sa.table(table, sa.column(key), sa.column("degraded_text"), sa.column("degraded", _document()))
        for value, text in connection.execute(
            sa.select(rows.c[key], rows.c.degraded_text).where(rows.c.degraded_text != "")
        ).all():
            connection.execute(sa.update(rows).where(rows.c[key] == value).values(degraded=list(reasons_of(text))))
        op.drop_column(table, "degraded_text")
    _convert_events(connection)


def downgrade() -> None:
    """Turn reasons back into a text: their codes."""
    connection = op.get_bind()
    for table, key in _TABLES.items():
        op.execute(f"ALTER TABLE {table} RENAME COLUMN degraded TO degraded_codes")
        op.add_column(table, sa.Column("degraded", sa.String(length=500), nullable=False, server_default=""))
        rows = sa.table(table, sa.column(key), sa.column("degraded_codes", _document()), sa.column("degraded"))
        for value, codes in connection.execute(sa.select(rows.c[key], rows.c.degraded_codes)).all():
            text = "; ".join(one["code"] for one in codes)[:500]
            connection.execute(sa.update(rows).where(rows.c[key] == value).values(degraded=text))
        op.drop_column(table, "degraded_codes")


def reasons_of(text: str) -> Iterator[dict[str, Any]]:
    """Return the reasons that an earlier version wrote as one text; what is no known sentence is kept as it is."""
    for sentence in text.split("; "):
        said = sentence
        if said.startswith(_FALLBACK):
            yield {"code": "same_week_mean", "params": {}}
            said = said.removeprefix(_FALLBACK)
        yield next(
            (
                {"code": code, "params": _params(match)}
                for pattern, code in _SENTENCES
                if (match := re.fullmatch(pattern, said))
            ),
            {"code": "as_recorded", "params": {"text": said}},
        )


def _params(match: re.Match[str]) -> dict[str, Any]:
    return {name: value.split(", ") if name == "years" else value for name, value in match.groupdict().items()}


def _convert_events(connection: sa.Connection) -> None:
    """Change the facts of events too: an alert is what its events add up to."""
    events = sa.table("alert_events", sa.column("seq"), sa.column("payload", _document()))
    for seq, payload in connection.execute(sa.select(events.c.seq, events.c.payload)).all():
        changed = json.loads(json.dumps(payload))
        facts = changed.get("facts")
        if isinstance(facts, dict) and isinstance(facts.get("degraded"), str):
            facts["degraded"] = list(reasons_of(facts["degraded"])) if facts["degraded"] else []
        if changed != payload:
            connection.execute(sa.update(events).where(events.c.seq == seq).values(payload=changed))


def _document() -> sa.JSON:
    from serve.store.columns import Document

    return Document
