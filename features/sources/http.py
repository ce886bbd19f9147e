"""Ask a remote source for JSON, patiently: time-outs, overload and hiccups are retried with growing pauses."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from features.errors import FeedError
from features.privacy import mask_text
from features.retry_after import parse_retry_after

# 202 is Socrata's "still at work on it, ask again".
_AGAIN: Final = frozenset({202, 408, 425, 429, 500, 502, 503, 504})
_ATTEMPTS: Final = 6
_LONGEST_PAUSE: Final = 60.0
_LONGEST_WISH: Final = 600.0
_SHOWN: Final = 200
_LATER: Final = "run the same command later: it goes on where it was"
_WAYS_OUT: Final = {
    401: 'give the token: [sources.NAME] token = "..." in weisu.toml',
    403: 'check the token: [sources.NAME] token = "..." in weisu.toml',
    404: "check the address: it ends in requests.json (Open311) or resource/xxxx-xxxx.json (Socrata)",
}


class JsonFeed:
    """Reads JSON lists from one address.

    Args:
        url: The address; a query of its own, such as `?jurisdiction_id=city.gov`, goes with every request.
        headers: Sent with every request, such as an application token.
        sleep: How to wait; tests hand in one that does not.
        timeout: Seconds to wait for an answer.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        timeout: float = 60.0,
    ) -> None:
        self.name = shown(url)
        self._address, _, query = url.partition("?")
        self._query = dict(parse_qsl(query))
        self._headers = dict(headers or {})
        self._sleep = sleep
        self._timeout = timeout

    def rows(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the list that the address answers to a query.

        Raises:
            FeedError: It does not answer after several attempts, refuses, or answers something else than a list.
        """
        import httpx2

        for attempt in range(1, _ATTEMPTS + 1):
            pause: float | None = None
            try:
                answer = httpx2.get(
                    self._address,
                    params=self._query | dict(query),
                    headers=self._headers,
                    timeout=self._timeout,
                    follow_redirects=True,
                )
            except httpx2.TransportError as error:
                trouble = type(error).__name__
            else:
                if answer.status_code not in _AGAIN and not _cut_short(answer):
                    return self._checked(answer)
                trouble = f"HTTP {answer.status_code}" if answer.status_code in _AGAIN else "an answer that breaks off"
                pause = self._wish(answer)
            if attempt < _ATTEMPTS:
                self._sleep(pause if pause is not None else _pause(attempt))
        raise FeedError(f"{self.name}: {trouble} after {_ATTEMPTS} attempts", hint=_LATER)

    def _wish(self, answer: Any) -> float | None:
        """Return the pause that the server asks for, None if it does not say."""
        seconds = parse_retry_after(answer.headers.get("Retry-After"), now=datetime.now(UTC))
        if seconds is not None and seconds > _LONGEST_WISH:
            raise FeedError(
                f"{self.name}: HTTP {answer.status_code}, and asks to wait {seconds / 60:.0f} minutes", hint=_LATER
            )
        return seconds

    def _checked(self, answer: Any) -> list[dict[str, Any]]:
        if not answer.is_success:
            hint = _WAYS_OUT.get(answer.status_code, "check the address, and columns and window_days of the mapping")
            raise FeedError(f"{self.name}: HTTP {answer.status_code}{_said(answer)}", hint=hint)
        try:
            rows = answer.json()
        except ValueError as error:
            raise FeedError(f"{self.name}: the answer is not JSON", hint="is it the .json address?") from error
        if not isinstance(rows, list):
            raise FeedError(f"{self.name}: the answer is not a list of requests{_said(answer)}", hint=_WAYS_OUT[404])
        return rows


def shown(url: str) -> str:
    """Return the address without what may be secret in it: user, password and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _cut_short(answer: Any) -> bool:
    """Return whether the answer calls itself JSON and is none: without a length, a cut connection looks like an end."""
    if not answer.is_success or "json" not in answer.headers.get("Content-Type", ""):
        return False
    try:
        answer.json()
    except ValueError:
        return True
    return False


def _said(answer: Any) -> str:
    """Return what the server says is wrong: Socrata's `message`, Open311's list of `description`s."""
    try:
        body = answer.json()
    except ValueError:
        return ""
    first = body[0] if isinstance(body, list) and body else body
    said = (first.get("message") or first.get("description")) if isinstance(first, dict) else None
    return f": {mask_text(str(said)[:_SHOWN])}" if said else ""


def _pause(attempt: int) -> float:
    # Jitter keeps several readers from coming back together.
    return min(_LONGEST_PAUSE, 2.0 ** (attempt - 1)) * random.uniform(0.5, 1.0)
