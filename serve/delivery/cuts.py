"""Cutting text to a bot's limit, which counts UTF-8 bytes, without cutting a character in half."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

ELLIPSIS: Final = "…"


def cut_bytes(text: str, limit: int) -> str:
    """Return `text` in at most `limit` UTF-8 bytes, ending in an ellipsis where something was cut.

    >>> cut_bytes("噪声扰民", 12)
    '噪声扰民'
    >>> cut_bytes("噪声扰民了", 12)
    '噪声扰…'
    """
    raw = text.encode()
    if len(raw) <= limit:
        return text
    room = limit - len(ELLIPSIS.encode())
    if room < 0:
        return raw[:limit].decode(errors="ignore")
    return raw[:room].decode(errors="ignore") + ELLIPSIS


def fit_blocks(blocks: list[str], limit: int, *, more: Callable[[int], str], separator: str = "\n\n") -> str:
    """Join as many whole blocks as fit into `limit` bytes; say how many are left with `more`.

    The first block is always there, cut if it has to be.
    """
    for kept in range(len(blocks), 0, -1):
        left = len(blocks) - kept
        tail = [more(left)] if left else []
        text = separator.join([*blocks[:kept], *tail])
        if len(text.encode()) <= limit:
            return text
    return cut_bytes(blocks[0], limit) if blocks else ""
