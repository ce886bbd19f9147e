"""Ask a remote source for JSON, patiently: time-outs, overload and hiccups are retried with growing pauses."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from features.sources.errors import FeedError

_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_ATTEMPTS: Final = 6
_LONGEST_PAUSE: Final = 60.0


class JsonFeed:
    """Reads JSON lists from one address.

    Args:
        url: The address, without a query.
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
        self.url = url
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
            try:
                answer = httpx2.get(
                    self.url, params=query, headers=self._headers, timeout=self._timeout, follow_redirects=True
                )
            except httpx2.TransportError as error:
                trouble, pause = type(error).__name__, None
            else:
                if answer.status_code not in _AGAIN:
                    return self._checked(answer)
                trouble, pause = f"HTTP {answer.status_code}", _retry_after(answer.headers)
            if attempt < _ATTEMPTS:
                self._sleep(pause if pause is not None else _pause(attempt))
        raise FeedError(
            f"{self.url}: {trouble} after {_ATTEMPTS} attempts",
            hint="run the same command later: it goes on where it was",
        )

    def _checked(self, answer: Any) -> list[dict[str, Any]]:
        if not answer.is_success:
            raise FeedError(f"{self.url}: HTTP {answer.status_code}", hint="check the address and the token")
        try:
            rows = answer.json()
        except ValueError as error:
            raise FeedError(f"{self.url}: the answer is not JSON", hint="is it the .json address?") from error
        if not isinstance(rows, list):
            raise FeedError(f"{self.url}: the answer is not a list of requests")
        return rows


def _retry_after(headers: Mapping[str, str]) -> float | None:
    text = headers.get("Retry-After", "")
    return min(float(text), _LONGEST_PAUSE) if text.isdigit() else None


def _pause(attempt: int) -> float:
    # Jitter keeps several readers from coming back together.
    return min(_LONGEST_PAUSE, 2.0 ** (attempt - 1)) * random.uniform(0.5, 1.0)
