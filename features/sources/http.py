"""Ask a remote source for JSON, patiently: time-outs, overload and hiccups are retried with growing pauses."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from features.bounds import MIB, TooDeepError, parse_json
from features.configuration import BoundsConfig
from features.errors import FeedError, FeedNotFoundError
from features.privacy import mask_text
from features.retry_after import parse_retry_after

# 202 is Socrata's "still at work on it, ask again".
_AGAIN: Final = frozenset({202, 408, 425, 429, 500, 502, 503, 504})
_ATTEMPTS: Final = 6
_LONGEST_PAUSE: Final = 60.0
_LONGEST_WISH: Final = 600.0
_NO_CONTENT: Final = 204
_NOT_THERE: Final = frozenset({404, 410, 416})
_SHOWN: Final = 200
_CHUNK: Final = 1 << 16
_LATER: Final = "run the same command later: it goes on where it was"
_WAYS_OUT: Final = {
    401: 'give the token: [sources.NAME] token = "..." in weisu.toml',
    403: 'check the token: [sources.NAME] token = "..." in weisu.toml',
    404: "check the address: it ends in requests.json (Open311) or resource/xxxx-xxxx.json (Socrata)",
}


@dataclass(frozen=True)
class FeedAnswer:
    """What a server answered: all of it, unpacked."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def is_success(self) -> bool:
        """Whether the status says that all is well."""
        return HTTPStatus.OK <= self.status_code < HTTPStatus.MULTIPLE_CHOICES


class JsonFeed:
    """Reads JSON from one address.

    Args:
        url: The address; a query of its own, such as `?jurisdiction_id=city.gov`, goes with every request.
        headers: Sent with every request, such as an application token.
        sleep: How to wait; tests hand in one that does not.
        timeout: Seconds to wait for an answer.
        bounds: How large, long and deep an answer may be.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        timeout: float = 60.0,
        bounds: BoundsConfig | None = None,
    ) -> None:
        self.name = shown(url)
        self._address, _, query = url.partition("?")
        # A name may come twice, and may have no value: some cities read both.
        self._query = parse_qsl(query, keep_blank_values=True)
        self._headers = dict(headers or {})
        self._sleep = sleep
        self._timeout = timeout
        self._bounds = bounds or BoundsConfig()

    def answer(self, query: Mapping[str, str]) -> Any:
        """Return the JSON that the address answers to a query, None for no content.

        Raises:
            FeedNotFoundError: It says that there is nothing at this address, or no such page.
            FeedError: It does not answer after several attempts, refuses, answers something else than JSON, or more of
                it than may be read.
        """
        import httpx2

        own = [(name, value) for name, value in self._query if name not in query]
        asked: list[tuple[str, str | int | float | bool | None]] = [*own, *query.items()]
        for attempt in range(1, _ATTEMPTS + 1):
            pause: float | None = None
            try:
                answer = self._asked(asked)
            except httpx2.TransportError as error:
                trouble = type(error).__name__
            except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
                raise FeedError(
                    f"{self.name}: {type(error).__name__}: {error}",
                    hint="does the address lead elsewhere, or in a circle? is the answer packed as it says?",
                ) from error
            else:
                if answer.status_code not in _AGAIN and not self._cut_short(answer):
                    return self._checked(answer)
                trouble = f"HTTP {answer.status_code}" if answer.status_code in _AGAIN else "an answer that breaks off"
                pause = self._wish(answer)
            if attempt < _ATTEMPTS:
                self._sleep(pause if pause is not None else _pause(attempt))
        raise FeedError(f"{self.name}: {trouble} after {_ATTEMPTS} attempts", hint=_LATER)

    def _asked(self, asked: list[tuple[str, str | int | float | bool | None]]) -> FeedAnswer:
        """Ask once, and read the answer as far as its bounds allow."""
        import httpx2

        most, give_up = self._bounds.answer_size * MIB, time.monotonic() + self._bounds.answer_seconds
        how: dict[str, Any] = {"timeout": self._timeout, "follow_redirects": True}
        with httpx2.stream("GET", self._address, params=asked, headers=self._headers, **how) as answer:
            content = bytearray()
            for chunk in answer.iter_bytes(_CHUNK):
                content += chunk
                if len(content) > most:
                    raise FeedError(
                        f"{self.name}: the answer is larger than {self._bounds.answer_size:,} MiB",
                        hint="lower page_size in the mapping; else raise answer_size in [bounds] of weisu.toml",
                    )
                if time.monotonic() > give_up:
                    raise FeedError(
                        f"{self.name}: the answer did not end within {self._bounds.answer_seconds:,} seconds",
                        hint=f"lower page_size in the mapping, or {_LATER}",
                    )
            return FeedAnswer(answer.status_code, answer.headers, bytes(content))

    def _cut_short(self, answer: FeedAnswer) -> bool:
        """Return whether an answer calls itself JSON and is none: without a length, a cut connection looks like an end.

        What is nested too deep is not cut.
        """
        if not answer.is_success or "json" not in answer.headers.get("Content-Type", ""):
            return False
        if answer.status_code == _NO_CONTENT:
            return False
        body = self._body(answer)
        return isinstance(body, ValueError) and not isinstance(body, TooDeepError)

    def _body(self, answer: FeedAnswer) -> Any:
        """Return the decoded answer, or the error that it is no JSON."""
        try:
            return parse_json(answer.content, depth=self._bounds.json_depth)
        except ValueError as error:
            return error

    def _wish(self, answer: FeedAnswer) -> float | None:
        """Return the pause that the server asks for, None if it does not say."""
        seconds = parse_retry_after(answer.headers.get("Retry-After"), now=datetime.now(UTC))
        if seconds is not None and seconds > _LONGEST_WISH:
            raise FeedError(
                f"{self.name}: HTTP {answer.status_code}, and asks to wait {seconds / 60:.0f} minutes", hint=_LATER
            )
        return seconds

    def _checked(self, answer: FeedAnswer) -> Any:
        if not answer.is_success:
            hint = _WAYS_OUT.get(answer.status_code, "check the address, and columns and window_days of the mapping")
            kind = FeedNotFoundError if answer.status_code in _NOT_THERE else FeedError
            raise kind(f"{self.name}: HTTP {answer.status_code}{said(self._body(answer))}", hint=hint)
        if answer.status_code == _NO_CONTENT:
            return None
        body = self._body(answer)
        if isinstance(body, TooDeepError):
            raise FeedError(f"{self.name}: the answer is {body}", hint="is it the right address?") from body
        if isinstance(body, ValueError):
            raise FeedError(f"{self.name}: the answer is not JSON", hint="is it the .json address?") from body
        return body


def shown(url: str) -> str:
    """Return the address without what may be secret in it: user, password and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def said(body: Any) -> str:
    """Return what a server says is wrong: Socrata's `message`, Open311's list of `description`s."""
    first = body[0] if isinstance(body, list) and body else body
    words = (first.get("message") or first.get("description")) if isinstance(first, dict) else None
    return f": {mask_text(str(words)[:_SHOWN])}" if words else ""


def _pause(attempt: int) -> float:
    # Jitter keeps several readers from coming back together.
    return min(_LONGEST_PAUSE, 2.0 ** (attempt - 1)) * random.uniform(0.5, 1.0)
