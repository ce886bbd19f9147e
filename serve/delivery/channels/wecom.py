"""WeCom (企业微信) group bots: Markdown up to 4,096 bytes, 20 messages a minute, arrived only with errcode 0."""

from __future__ import annotations

from typing import Final

from features.vocabulary import AlertLevel
from serve.delivery.channels import markdown
from serve.delivery.channels.channel import Target
from serve.delivery.limits import Limits, RateLimit
from serve.delivery.notice import Message
from serve.delivery.outcome import DeliveryOutcome
from serve.delivery.posting import Poster, json_body, judge_code

MARKDOWN_BYTES: Final = 4096
_TOO_FAST: Final = {45009: 60.0, 45033: 60.0}
_BUSY: Final = (-1,)
_COLOURS: Final = {
    AlertLevel.RED: "warning",
    AlertLevel.ORANGE: "warning",
    AlertLevel.YELLOW: "warning",
    AlertLevel.BLUE: "info",
}


class WeCom:
    """A WeCom group bot; the address carries its key."""

    name = "wecom"
    limits = Limits((RateLimit(20, 60),), digest=True, penalty_s=60)

    def send(self, message: Message, target: Target, poster: Poster) -> DeliveryOutcome:
        """Post one Markdown message."""
        body = {"msgtype": "markdown", "markdown": {"content": self.render(message)}}
        answer = poster.post(target.url, json_body(body), {"Content-Type": "application/json"})
        if isinstance(answer, DeliveryOutcome):
            return answer
        return judge_code(answer, field_name="errcode", too_fast=_TOO_FAST, busy=_BUSY)

    def render(self, message: Message) -> str:
        """Return the Markdown, in at most 4,096 bytes."""
        return markdown.render(message, MARKDOWN_BYTES, heading=_heading)


def _heading(level: AlertLevel, title: str) -> str:
    return f'{markdown.DOTS[level]} <font color="{_COLOURS[level]}">**{title}**</font>'
