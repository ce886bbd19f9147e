"""How large the body of a request may be, by operation, and a reader that holds it to that and to a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

from features.configuration import BoundsConfig
from serve.errors import RequestError, TooLargeError, TooSlowError

_KIB: Final = 1 << 10
_MIB: Final = 1 << 20

_SHEET: Final = "/v1/routes/sheet"

LARGE: Final = _MIB
"""A body of more bytes is read together with few others."""

_OWN_SIZE: Final[dict[tuple[str, str], Callable[[BoundsConfig], int]]] = {
    ("POST", "/v1/tickets"): lambda bounds: bounds.body_size,
    ("POST", "/overrides"): lambda bounds: bounds.body_size,
    ("PUT", _SHEET): lambda bounds: bounds.sheet_size,
    ("POST", "/routing/sheet"): lambda bounds: bounds.sheet_size,
}
"""Operations that read more than a form, with their size in MiB."""


def largest_body(scope: Scope, bounds: BoundsConfig) -> int:
    """Return how many bytes the body of a request may have."""
    own = _OWN_SIZE.get((scope["method"], scope["path"]))
    return own(bounds) * _MIB if own else bounds.form_size * _KIB


def declared_length(scope: Scope) -> int | None:
    """Return how long the body says it is, 0 where there is none, None where only its end will tell."""
    headers = Headers(scope=scope)
    length = headers.get("content-length", "")
    if length.isdecimal():
        return int(length)
    return None if "transfer-encoding" in headers else 0


def is_readable(scope: Scope) -> bool:
    """Tell whether a body is of the kind that its operation reads: JSON in the API, anything else elsewhere."""
    if not scope["path"].startswith("/v1/") or scope["path"] == _SHEET:
        return True
    kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def too_large(most: int) -> TooLargeError:
    """Return the refusal of a body beyond a size."""
    size = f"{most // _MIB} MB" if most >= _MIB else f"{most // _KIB} kB"
    return TooLargeError("body_too_large", size=size)


class BodyReader:
    """Receives a body, and ends it when it is larger or slower than it may be.

    Args:
        receive: Where it comes from.
        most: Bytes it may have.
        seconds: How long it may take.
    """

    def __init__(self, receive: Receive, *, most: int, seconds: float) -> None:
        self._receive, self._most, self._seconds = receive, most, seconds
        self._until: float | None = None
        self.received, self.whole = 0, False
        self.refusal: RequestError | None = None

    async def __call__(self) -> Message:
        """Return the next message.

        Raises:
            HTTPException: The body goes beyond a bound; `refusal` says which.
        """
        if self.whole:
            return await self._receive()
        if self._until is None:
            self._until = time.monotonic() + self._seconds
        try:
            message = await asyncio.wait_for(self._receive(), max(self._until - time.monotonic(), 0))
        except TimeoutError as error:
            raise self._refused(TooSlowError("body_too_slow", seconds=self._seconds)) from error
        self.received += len(message.get("body", b""))
        self.whole = not message.get("more_body", False)
        if self.received > self._most:
            raise self._refused(too_large(self._most))
        return message

    async def thrown_away(self, *, most: int, seconds: float) -> bool:
        """Read on and forget, up to a size and a time; tell whether the body ended."""
        rest = BodyReader(self._receive, most=most, seconds=seconds)
        try:
            while not rest.whole:
                await rest()
        except HTTPException:
            return False
        self.whole = True
        return True

    def _refused(self, refusal: RequestError) -> HTTPException:
        # FastAPI hands this kind on as it is, from wherever it reads.
        self.refusal = refusal
        return HTTPException(refusal.status)
