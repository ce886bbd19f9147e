"""Apprise, for the long tail of chat programs. An optional extra: `weisu[notify]`.

Not for WeCom, DingTalk and Feishu: Apprise takes HTTP 200 for success even when a bot says otherwise.
"""

from __future__ import annotations

from serve.delivery.channels.channel import Target
from serve.delivery.channels.mail import plain_text
from serve.delivery.failures import Cause, Failure
from serve.delivery.limits import Limits, RateLimit
from serve.delivery.notice import Message
from serve.delivery.outcome import DeliveryOutcome
from serve.delivery.posting import Poster
from serve.delivery.wording import subject_of


class LongTail:
    """Any service Apprise knows; `target.url` is an Apprise address."""

    name = "apprise"
    limits = Limits((RateLimit(20, 60),), digest=True)

    def send(self, message: Message, target: Target, _poster: Poster) -> DeliveryOutcome:
        """Hand the message to Apprise; it tells success from failure, and nothing more."""
        try:
            import apprise
        except ImportError:
            return DeliveryOutcome.refused(Failure(Cause.APPRISE_MISSING))
        service = apprise.Apprise()
        if not service.add(target.url):
            return DeliveryOutcome.refused(Failure(Cause.APPRISE_ADDRESS))
        arrived = service.notify(body=plain_text(message), title=subject_of(message))
        return DeliveryOutcome.sent(None) if arrived else DeliveryOutcome.retry(Failure(Cause.APPRISE_FAILED))
