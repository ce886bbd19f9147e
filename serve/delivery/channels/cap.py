"""CAP 1.2 (Common Alerting Protocol, OASIS 2010) posted to a receiver, one alert a call."""

from __future__ import annotations

from typing import Final

from serve.delivery.cap import cap_alert
from serve.delivery.channels.channel import Target
from serve.delivery.limits import Limits
from serve.delivery.notice import Message
from serve.delivery.outcome import DeliveryOutcome
from serve.delivery.posting import Poster, judge_status

CAP_PUSH: Final = "cap"
"""Name of the channel. It alone is told which messages came before."""


class CapPush:
    """A system that takes CAP documents."""

    name = CAP_PUSH
    limits = Limits(digest=False)

    def send(self, message: Message, target: Target, poster: Poster) -> DeliveryOutcome:
        """Post one CAP document."""
        notice = message.first
        document = cap_alert(
            notice,
            sent_at=notice.written_at or message.sent_at,
            sender=message.sender,
            web=message.link(notice),
            names=message.names,
        )
        headers = {"Content-Type": "application/cap+xml; charset=utf-8", "Idempotency-Key": notice.id}
        if target.secret:
            headers["Authorization"] = f"Bearer {target.secret}"
        answer = poster.post(target.url, document, headers)
        return answer if isinstance(answer, DeliveryOutcome) else judge_status(answer)
