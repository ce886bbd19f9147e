r"""Feishu (飞书) group bots: a card up to 20 KB, 100 a minute and 5 a second; arrived only with code 0.

The signing key is "timestamp\nsecret" (seconds) over an empty message. Feishu itself asks to avoid :00 and :30.
"""

from __future__ import annotations

import base64
import hmac
from datetime import datetime
from typing import Any, Final

from features.vocabulary import AlertLevel
from features.words import catalogue
from serve.delivery.channels import markdown
from serve.delivery.channels.channel import Target
from serve.delivery.cuts import cut_bytes
from serve.delivery.limits import Limits, RateLimit
from serve.delivery.notice import Message, Notice
from serve.delivery.outcome import DeliveryOutcome
from serve.delivery.posting import Poster, json_body, judge_code
from serve.delivery.wording import more_of, subject_of, words_of

BODY_BYTES: Final = 20 * 1024
_TITLE_BYTES: Final = 300
_TOO_FAST: Final = {11232: 60.0, 99991400: 60.0}
_COLOURS: Final = {
    AlertLevel.RED: "red",
    AlertLevel.ORANGE: "orange",
    AlertLevel.YELLOW: "yellow",
    AlertLevel.BLUE: "blue",
}
_RESERVE: Final = 512


class Feishu:
    """A Feishu group bot, with or without its signature setting."""

    name = "feishu"
    # Twenty to a digest: a hundred alerts at once are then two seconds' worth of calls.
    limits = Limits((RateLimit(100, 60), RateLimit(5, 1)), digest=True, penalty_s=60, digest_size=20)

    def send(self, message: Message, target: Target, poster: Poster) -> DeliveryOutcome:
        """Post one card."""
        body: dict[str, Any] = {"msg_type": "interactive", "card": self.render(message)}
        if target.secret:
            body |= signature(target.secret, message.sent_at)
        answer = poster.post(target.url, json_body(body), {"Content-Type": "application/json"})
        if isinstance(answer, DeliveryOutcome):
            return answer
        return judge_code(answer, field_name="code", too_fast=_TOO_FAST)

    def render(self, message: Message) -> dict[str, Any]:
        """Return the card, small enough that the whole body stays under 20 KB."""
        header = {
            "title": {"tag": "plain_text", "content": cut_bytes(subject_of(message), _TITLE_BYTES)},
            "template": _COLOURS[message.first.level],
        }
        return {"config": {"wide_screen_mode": True}, "header": header, "elements": _elements(message)}


def signature(secret: str, moment: datetime) -> dict[str, str]:
    """Return the `timestamp` and `sign` fields of a signed body."""
    timestamp = str(int(moment.timestamp()))
    digest = hmac.digest(f"{timestamp}\n{secret}".encode(), b"", "sha256")
    return {"timestamp": timestamp, "sign": base64.b64encode(digest).decode()}


def _elements(message: Message) -> list[dict[str, Any]]:
    if message.is_digest:
        text = catalogue(message.language)("message.board")
        return [*_digest(message), _button(text, message.board_link)]
    words = words_of(message.first, message)
    content = "\n".join(f"**{label}**　{markdown.plain(value)}" for label, value in words.lines)
    note = {"tag": "note", "elements": [{"tag": "plain_text", "content": f"#{words.reference}"}]}
    return [_text(content), _button(words.action, message.link(message.first)), note]


def _digest(message: Message) -> list[dict[str, Any]]:
    """Return an element per notice, as many as fit."""
    room = BODY_BYTES - _TITLE_BYTES - _RESERVE - len(message.board_link.encode())
    elements: list[dict[str, Any]] = []
    for position, notice in enumerate(message.notices):
        element = _text(_entry(notice, message))
        room -= len(json_body(element)) + 1
        if room < 0:
            return [*elements, _text(more_of(message.language, len(message.notices) - position))]
        elements.append(element)
    return elements


def _entry(notice: Notice, message: Message) -> str:
    title = markdown.plain(words_of(notice, message).title)
    sentence = markdown.plain(notice.sentence(message.language))
    return f"{markdown.DOTS[notice.level]} [{title}]({message.link(notice)})\n{sentence}"


def _text(content: str) -> dict[str, Any]:
    return {"tag": "div", "text": {"tag": "lark_md", "content": cut_bytes(content, BODY_BYTES // 2)}}


def _button(text: str, link: str) -> dict[str, Any]:
    button = {"tag": "button", "text": {"tag": "plain_text", "content": text}, "type": "primary", "url": link}
    return {"tag": "action", "actions": [button]}
