"""The language a program asks for, by its Accept-Language: answers of the API say their words in it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.words import Language

_READER: Final[ContextVar[Language]] = ContextVar("reader_language", default="en")


def reader_language() -> Language:
    """Return the language of the request that is being answered; English where it named none."""
    return _READER.get()


def accepted_language(header: str) -> Language:
    """Return the one of our languages that an Accept-Language header likes best; English when it likes neither.

    >>> accepted_language("zh-CN,zh;q=0.9,en;q=0.8"), accepted_language("fr, zh;q=0.3"), accepted_language("")
    ('zh-CN', 'zh-CN', 'en')
    """
    liked = {"zh": 0.0, "en": 0.0}
    for part in header.split(","):
        tag, _, quality = part.strip().partition(";")
        name = tag.partition("-")[0].lower()
        if name in liked:
            liked[name] = max(liked[name], _quality(quality))
    return "zh-CN" if liked["zh"] > liked["en"] else "en"


class ReaderLanguage:
    """Middleware that notes the language of each request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the language and pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_varying(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).add_vary_header("Accept-Language")
            await send(message)

        noted = _READER.set(accepted_language(Headers(scope=scope).get("accept-language", "")))
        try:
            await self._app(scope, receive, send_varying)
        finally:
            _READER.reset(noted)


def _quality(text: str) -> float:
    """Return the weight of `q=0.8`; 1 when it is not given, 0 when it cannot be read."""
    if not text.strip():
        return 1.0
    name, _, value = text.partition("=")
    try:
        return float(value) if name.strip().lower() == "q" else 1.0
    except ValueError:
        return 0.0
