"""DingTalk (钉钉) group bots: signed address, 20 messages a minute, then shut for ten; arrived only with errcode 0."""

from __future__ import annotations

import base64
import hmac
from datetime import datetime
from typing import Final
from urllib.parse import quote_plus

from features.vocabulary import AlertLevel
from serve.delivery.channels import markdown
from serve.delivery.channels.channel import Target
from serve.delivery.limits import Limits, RateLimit
from serve.delivery.notice import Message
from serve.delivery.outcome import DeliveryOutcome
from serve.delivery.posting import Poster, json_body, judge_code
from serve.delivery.wording import subject_of

MARKDOWN_BYTES: Final = 18_000
_TOO_FAST: Final = {130101: 600.0, 410100: 600.0, 90030: 600.0}
_BUSY: Final = (-1,)


class DingTalk:
    """A DingTalk group bot with the 加签 security setting (or keyword or address lists, which need no secret)."""

    name = "dingtalk"
    # 18, not 20: one message too many shuts the bot for ten minutes, and people may use the same bot.
    limits = Limits((RateLimit(18, 60),), digest=True, penalty_s=600)

    def send(self, message: Message, target: Target, poster: Poster) -> DeliveryOutcome:
        """Post one Markdown message."""
        body = {"msgtype": "markdown", "markdown": {"title": subject_of(message), "text": self.render(message)}}
        url = signed_url(target.url, target.secret, message.sent_at) if target.secret else target.url
        answer = poster.post(url, json_body(body), {"Content-Type": "application/json"})
        if isinstance(answer, DeliveryOutcome):
            return answer
        return judge_code(answer, field_name="errcode", too_fast=_TOO_FAST, busy=_BUSY)

    def render(self, message: Message) -> str:
        """Return the Markdown, well under DingTalk's 20,000 bytes."""
        return markdown.render(message, MARKDOWN_BYTES, heading=_heading)


def signed_url(url: str, secret: str, moment: datetime) -> str:
    """Return the address with millisecond `timestamp` and `sign`, URL-encoded exactly once."""
    timestamp = str(int(moment.timestamp() * 1000))
    digest = hmac.digest(secret.encode(), f"{timestamp}\n{secret}".encode(), "sha256")
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}timestamp={timestamp}&sign={quote_plus(base64.b64encode(digest))}"


def _heading(level: AlertLevel, title: str) -> str:
    return f"### {markdown.DOTS[level]} {title}"
