"""Standard Webhooks: a CloudEvent in JSON, signed, one alert a call, the same `webhook-id` on every copy."""

from __future__ import annotations

from datetime import UTC
from typing import Final

from serve.delivery.channels.channel import Target
from serve.delivery.channels.facts import cloud_event
from serve.delivery.limits import Limits
from serve.delivery.notice import Message
from serve.delivery.outcome import DeliveryOutcome
from serve.delivery.posting import Poster, json_body, judge_status

CLOUD_EVENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"


class Webhook:
    """A receiving system; the secret is a Standard Webhooks secret (`whsec_...`)."""

    name = "webhook"
    limits = Limits(digest=False)

    def send(self, message: Message, target: Target, poster: Poster) -> DeliveryOutcome:
        """Post one CloudEvent."""
        body = json_body(cloud_event(message.first, message))
        answer = poster.post(target.url, body, self.headers(message, target, body))
        return answer if isinstance(answer, DeliveryOutcome) else judge_status(answer)

    def headers(self, message: Message, target: Target, body: bytes) -> dict[str, str]:
        """Return the headers of a call, signed when the target has a secret."""
        headers = {
            "Content-Type": CLOUD_EVENT_TYPE,
            "webhook-id": message.first.id,
            "webhook-timestamp": str(int(message.sent_at.timestamp())),
        }
        if target.secret:
            from standardwebhooks import Webhook as Signer

            # sign() takes the clock reading for UTC whatever its zone is: hand it UTC.
            moment = message.sent_at.astimezone(UTC)
            headers["webhook-signature"] = Signer(target.secret).sign(message.first.id, moment, body.decode())
        return headers
