"""A message as the small Markdown that WeCom and DingTalk draw: title, labelled lines, one link."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from features.vocabulary import AlertLevel
from features.words import catalogue
from serve.delivery.cuts import fit_blocks
from serve.delivery.notice import Message, Notice
from serve.delivery.wording import colon, more_of, words_of

_MARKUP: Final = str.maketrans({"<": "＜", ">": "＞", "[": "［", "]": "］", "*": "＊", "`": "'", "#": "＃", "_": "＿"})

DOTS: Final = {AlertLevel.RED: "🔴", AlertLevel.ORANGE: "🟠", AlertLevel.YELLOW: "🟡", AlertLevel.BLUE: "🔵"}
"""Level marks that every chat program draws the same; the word stands beside them."""


def plain(text: str) -> str:
    """Return text that no Markdown reader takes for markup.

    >>> plain("[点我](http://x)")
    '［点我］(http://x)'
    """
    return " ".join(text.translate(_MARKUP).split())


def render(message: Message, limit: int, *, heading: Callable[[AlertLevel, str], str]) -> str:
    """Return a message as Markdown in at most `limit` bytes.

    Args:
        message: What to tell.
        limit: Bytes, in UTF-8.
        heading: Draws a title: `(level, text) -> markup`.
    """
    if not message.is_digest:
        return fit_blocks([_block(message.first, message, heading)], limit, more=partial(more_of, message.language))
    words = catalogue(message.language)
    board = f"[{words('message.board')}]({message.board_link})"
    top = f"**{words('message.count', n=len(message.notices))}**"
    room = limit - len(f"{top}\n\n\n\n{board}".encode())
    short = [_entry(notice, message) for notice in message.notices]
    return f"{top}\n\n{fit_blocks(short, room, more=partial(more_of, message.language))}\n\n{board}"


def _block(notice: Notice, message: Message, heading: Callable[[AlertLevel, str], str]) -> str:
    words = words_of(notice, message)
    mark = colon(message.language)
    lines = [f"> {label}{mark}{plain(value)}" for label, value in words.lines]
    link = f"[{words.action}]({message.link(notice)})"
    return "\n\n".join([heading(notice.level, plain(words.title)), "\n".join(lines), link, f"#{words.reference}"])


def _entry(notice: Notice, message: Message) -> str:
    title = plain(words_of(notice, message).title)
    return f"{DOTS[notice.level]} [{title}]({message.link(notice)})\n> {plain(notice.sentence(message.language))}"
