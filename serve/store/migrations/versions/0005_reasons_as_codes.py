"""Keep why something is degraded, did not arrive or ended as codes; sentences of before are turned into them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLES: Final = {"detection_runs": "key", "forecast_issues": "id", "reports": "id", "alerts": "id"}
"""Tables that say why something is degraded -> their key."""

_PAUSED: Final = "asked for a pause: "
_CAUSES: Final = (
    (r"the connection failed \((?P<error>.+)\)", "connection"),
    (r"no answer within (?P<seconds>[\d.]+) s", "no_answer"),
    (r"(?P<host>\S+) does not resolve", "unresolved"),
    (r"the address (is not valid|must be https://.*)", "address_invalid"),
    (r"(?P<host>\S+) is in a private or reserved range", "reserved_range"),
    (r"(?P<host>\S+): plain http is only for allowed private ranges", "plain_http"),
    (r"the receiver redirects, and redirects are not followed", "redirected"),
    (r"the receiver is gone", "gone"),
    (r"the receiver failed \(HTTP (?P<status>\d+)\)", "receiver_failed"),
    (r"too many messages \(HTTP (?P<status>\d+)\)", "too_fast"),
    (r"too fast: (?P<said>.*)", "too_fast"),
    (r"the bot's answer carries no code", "no_code"),
    (r"the mail server answered (?P<code>\d+)", "mail_answered"),
    (r"no recipient was accepted", "mail_no_recipient"),
    (r"the mail server cannot be reached \((?P<error>.+)\)", "mail_unreachable"),
    (r"Apprise is not installed: .*", "apprise_missing"),
    (r"Apprise does not know this kind of address", "apprise_address"),
    (r"Apprise could not deliver", "apprise_failed"),
    (r"the channel itself failed \((?P<error>.+)\)", "channel_broken"),
    (r"the worker stopped before the answer was recorded", "worker_stopped"),
    (r"no delivery target '(?P<target>.*)'", "no_target"),
    (r"this subscription names no target", "target_unnamed"),
    (r"unknown channel '(?P<channel>.*)'", "unknown_channel"),
    (r"(?P<said>.*)", "refused"),
)
"""What a failed attempt said -> its cause; anything else was the receiver's own word."""

_CLOSINGS: Final = {
    "the count is back inside its usual band": "calm",
    "the level itself has moved; it is the new normal": "rebased",
}

_LEVEL_RULES: Final = (
    (r".*: a sensitive matter, one is enough", "sensitive"),
    (r".*: a forecast, the complaints have not come yet", "forecast"),
    (r".*: at least (?P<n>\d+) callers, and above (?P<times>[\d.]+) times the usual maximum", "far_above_usual"),
    (r".*: fewer than (?P<n>\d+) callers, or not above (?P<times>[\d.]+) times the usual maximum", "near_usual"),
    (r".*: at least (?P<n>\d+) callers", "many_callers"),
    (r".*: fewer than (?P<n>\d+) callers", "few_callers"),
)

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
    _convert_level_rules(connection)
    _convert_events(connection)
    _convert_deliveries(connection)


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
    op.add_column("deliveries", sa.Column("error", sa.Text(), nullable=False, server_default=""))
    op.execute("UPDATE deliveries SET error = cause")
    for name in ("cause", "cause_params", "said", "paused_bot"):
        op.drop_column("deliveries", name)


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
    """Change what events say too: an alert is what its events add up to."""
    events = sa.table("alert_events", sa.column("seq"), sa.column("kind"), sa.column("payload", _document()))
    for seq, kind, payload in connection.execute(sa.select(events.c.seq, events.c.kind, events.c.payload)).all():
        changed = json.loads(json.dumps(payload))
        if kind == "resolved" and changed.get("reason") in _CLOSINGS:
            changed["closing"] = _CLOSINGS[changed.pop("reason")]
        if kind == "reopened" and changed.get("reason") == "it got graver after the answer":
            changed["reason"] = "graver"
        if isinstance(changed.get("level_rule"), dict):
            changed["level_rule"] = level_rule_of(changed["level_rule"])
        facts = changed.get("facts")
        if isinstance(facts, dict) and isinstance(facts.get("degraded"), str):
            facts["degraded"] = list(reasons_of(facts["degraded"])) if facts["degraded"] else []
        if changed != payload:
            connection.execute(sa.update(events).where(events.c.seq == seq).values(payload=changed))


def _convert_level_rules(connection: sa.Connection) -> None:
    rows = sa.table("alerts", sa.column("id"), sa.column("level_rule", _document()))
    for name, rule in connection.execute(sa.select(rows.c.id, rows.c.level_rule)).all():
        connection.execute(sa.update(rows).where(rows.c.id == name).values(level_rule=level_rule_of(rule)))


def level_rule_of(rule: dict[str, Any]) -> dict[str, Any]:
    """Return why an alert has its level, which an earlier version kept as a sentence per language."""
    if "code" in rule:
        return rule
    for pattern, code in _LEVEL_RULES:
        if match := re.fullmatch(pattern, rule.get("en", "")):
            numbers = {name: int(value) if name == "n" else float(value) for name, value in match.groupdict().items()}
            return {"code": code, "params": numbers}
    return {"code": "as_recorded", "params": {"text": rule.get("zh-CN") or rule.get("en", "")}}


def _convert_deliveries(connection: sa.Connection) -> None:
    for column in (
        sa.Column("cause", sa.String(length=40), nullable=False, server_default=""),
        sa.Column("cause_params", _document(), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("said", sa.Text(), nullable=False, server_default=""),
        sa.Column("paused_bot", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        op.add_column("deliveries", column)
    rows = sa.table(
        "deliveries", *(sa.column(name) for name in ("id", "error", "cause", "said", "paused_bot")),
        sa.column("cause_params", _document()),
    )  # fmt: skip
    for name, error in connection.execute(sa.select(rows.c.id, rows.c.error).where(rows.c.error != "")).all():
        values = {**cause_of(error.removeprefix(_PAUSED)), "paused_bot": error.startswith(_PAUSED)}
        connection.execute(sa.update(rows).where(rows.c.id == name).values(values))
    # A bot that refused without a word left no text at all.
    silent = (rows.c.error == "") & sa.column("status").in_(("dead", "retry"))
    connection.execute(sa.update(rows).where(silent).values(cause="refused"))
    op.drop_column("deliveries", "error")


def cause_of(error: str) -> dict[str, Any]:
    """Return the cause, its parameters and the receiver's own words of what an attempt had said."""
    pattern, cause = next((pattern, cause) for pattern, cause in _CAUSES if re.fullmatch(pattern, error, re.DOTALL))
    match = re.fullmatch(pattern, error, re.DOTALL)
    assert match
    params: dict[str, Any] = match.groupdict()
    said = params.pop("said", "")
    numbers = {
        name: float(value) if name == "seconds" else int(value) for name, value in params.items() if name in _NUMBERS
    }
    return {"cause": cause, "cause_params": {**params, **numbers}, "said": said}


_NUMBERS: Final = {"seconds": float, "status": int, "code": int}


def _document() -> sa.JSON:
    from serve.store.columns import Document

    return Document
