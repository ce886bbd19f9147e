"""The JSON that Prometheus Alertmanager posts to its webhook receivers (version 4): existing tools read our alerts."""

from __future__ import annotations

from typing import Any, Final

from features.vocabulary import AlertLevel
from serve.delivery.channels.channel import Target
from serve.delivery.channels.facts import iso
from serve.delivery.limits import Limits
from serve.delivery.notice import Message, Notice
from serve.delivery.outcome import DeliveryOutcome
from serve.delivery.posting import Poster, json_body, judge_status

SEVERITIES: Final = {
    AlertLevel.RED: "critical",
    AlertLevel.ORANGE: "error",
    AlertLevel.YELLOW: "warning",
    AlertLevel.BLUE: "info",
}
_NEVER: Final = "0001-01-01T00:00:00Z"


class Alertmanager:
    """A receiver that understands Alertmanager's webhook."""

    name = "alertmanager"
    limits = Limits(digest=True)

    def send(self, message: Message, target: Target, poster: Poster) -> DeliveryOutcome:
        """Post one group of alerts."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": message.id}
        if target.secret:
            headers["Authorization"] = f"Bearer {target.secret}"
        answer = poster.post(target.url, json_body(self.render(message)), headers)
        return answer if isinstance(answer, DeliveryOutcome) else judge_status(answer)

    def render(self, message: Message) -> dict[str, Any]:
        """Return the version 4 document."""
        alerts = [_alert(notice, message) for notice in message.notices]
        firing = any(alert["status"] == "firing" for alert in alerts)
        return {
            "version": "4",
            "groupKey": f"{{}}:{{id={message.id}}}",
            "truncatedAlerts": 0,
            "status": "firing" if firing else "resolved",
            "receiver": "weisu",
            "groupLabels": {},
            "commonLabels": _shared([alert["labels"] for alert in alerts]),
            "commonAnnotations": {},
            "externalURL": message.board_link,
            "alerts": alerts,
        }


def _alert(notice: Notice, message: Message) -> dict[str, Any]:
    over = notice.msg_type == "Cancel"
    labels = {
        "alertname": notice.kind,
        "category": notice.category,
        "area": notice.area,
        "department": notice.department,
        "level": notice.level,
        "severity": SEVERITIES[notice.level],
    }
    return {
        "status": "resolved" if over else "firing",
        "labels": labels,
        "annotations": {
            "summary": notice.sentence(message.language),
            "rule": notice.recited(message.language),
            "due": iso(notice.due_at) or "",
            "simulated": str(notice.simulated).lower(),
        },
        "startsAt": iso(notice.opened_at) or iso(message.sent_at),
        "endsAt": iso(message.sent_at) if over else _NEVER,
        "generatorURL": message.link(notice),
        "fingerprint": notice.alert_id,
    }


def _shared(labels: list[dict[str, str]]) -> dict[str, str]:
    first = labels[0]
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in labels)}
