"""A notice as a JSON document for machines: the data of a CloudEvent, free of personal data."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from features.vocabulary import rule_document
from serve.delivery.notice import Message, Notice

SCHEMA_VERSION = 1


def facts_of(notice: Notice, message: Message) -> dict[str, Any]:
    """Return what a receiving system learns about an alert."""
    return {
        "schema_version": SCHEMA_VERSION,
        "alert_id": notice.alert_id,
        "reason": notice.reason,
        "msg_type": notice.msg_type,
        "revision": notice.revision,
        "level": notice.level,
        "kind": notice.kind,
        "category": notice.category,
        "area": notice.area,
        "department": notice.department,
        "sentence": {"zh-CN": notice.sentence("zh-CN"), "en": notice.sentence("en")},
        "rule": rule_document(notice.rule) if notice.rule else None,
        "rule_text": {"zh-CN": notice.recited("zh-CN"), "en": notice.recited("en")},
        "observed": notice.observed,
        "callers": notice.callers,
        "expected": notice.expected,
        "upper": notice.upper,
        # Rounded to about a kilometre, as in CAP: a place must not point at a caller's door.
        "lat": _coarse(notice.lat),
        "lon": _coarse(notice.lon),
        "radius_km": notice.radius_km,
        "step": notice.step,
        "due_at": iso(notice.due_at),
        "opened_at": iso(notice.opened_at),
        "data_through": notice.data_through,
        "model_version": notice.model_version,
        "simulated": notice.simulated,
        "link": message.link(notice),
    }


def cloud_event(notice: Notice, message: Message) -> dict[str, Any]:
    """Return the CloudEvents 1.0 envelope (structured JSON mode). Its id is the same on every copy."""
    return {
        "specversion": "1.0",
        "id": notice.id,
        "source": message.board_link,
        "type": f"weisu.alert.{notice.reason}",
        "subject": notice.alert_id,
        "time": iso(message.sent_at),
        "datacontenttype": "application/json",
        "data": facts_of(notice, message),
    }


def _coarse(degrees: float | None) -> float | None:
    return None if degrees is None else round(degrees, 2)


def iso(moment: datetime | None) -> str | None:
    """Return a moment as ISO 8601 with its offset."""
    return moment.isoformat() if moment else None
