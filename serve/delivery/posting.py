"""One HTTP call to the other side: pinned address, no redirects, one deadline for the whole call, a bounded answer."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import httpx2

from features.bounds import parse_json
from features.retry_after import parse_retry_after
from serve.delivery.addresses import IPNetwork, UnresolvedAddressError, UnsafeAddressError, pin
from serve.delivery.failures import Cause, Failure
from serve.delivery.outcome import DeliveryOutcome

MAX_ANSWER_BYTES: Final = 64 * 1024
_GONE: Final = 410
_TOO_MANY: Final = 429


@dataclass(frozen=True)
class Answer:
    """What the other side answered."""

    status: int
    body: bytes
    retry_after_s: float | None

    def document(self) -> dict[str, Any]:
        """Return the JSON object of the body, empty when it is none."""
        try:
            document = parse_json(self.body)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}


@dataclass
class Poster:
    """Posts bytes to an address that is checked first.

    Args:
        allowed: Private ranges that may be reached.
        deadline_s: Longest time for one whole call, name look-up apart.
    """

    allowed: Sequence[IPNetwork] = ()
    deadline_s: float = 8.0
    _client: httpx2.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # trust_env=False: a proxy from the environment would resolve the name a second time, past the check.
        self._client = httpx2.Client(timeout=self.deadline_s, follow_redirects=False, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer | DeliveryOutcome:
        """Post `body`; return the answer, or the outcome when there was none worth judging."""
        try:
            address = pin(url, allowed=self.allowed)
        except UnresolvedAddressError as error:
            return DeliveryOutcome.retry(error.failure)
        except UnsafeAddressError as error:
            return DeliveryOutcome.refused(error.failure)
        try:
            return self._call(address.url, body, {**headers, "Host": address.host_header}, address.server_name)
        except httpx2.TimeoutException:
            return DeliveryOutcome.retry(Failure(Cause.NO_ANSWER, {"seconds": self.deadline_s}))
        except httpx2.HTTPError as error:
            return DeliveryOutcome.retry(Failure(Cause.CONNECTION, {"error": type(error).__name__}))

    def _call(self, url: str, body: bytes, headers: dict[str, str], server_name: str) -> Answer:
        give_up = time.monotonic() + self.deadline_s
        extensions = {"sni_hostname": server_name}
        with self._client.stream("POST", url, content=body, headers=headers, extensions=extensions) as response:
            received = bytearray()
            for chunk in response.iter_raw():
                received += chunk
                if time.monotonic() > give_up:
                    raise httpx2.ReadTimeout("the answer trickles")
                if len(received) > MAX_ANSWER_BYTES:
                    break
            wait = parse_retry_after(response.headers.get("Retry-After"), now=datetime.now(UTC))
            return Answer(response.status_code, bytes(received), wait)


def judge_status(answer: Answer) -> DeliveryOutcome:
    """Judge an answer by its HTTP status: 2xx arrived; a redirect or 410 never will; the rest is worth a retry."""
    if httpx2.codes.is_success(answer.status):
        return DeliveryOutcome.sent(answer.status)
    if httpx2.codes.is_redirect(answer.status):
        return DeliveryOutcome.refused(Failure(Cause.REDIRECTED), answer.status)
    if answer.status == _GONE:
        return DeliveryOutcome.refused(Failure(Cause.GONE), answer.status)
    cause = Cause.TOO_FAST if answer.status == _TOO_MANY else Cause.RECEIVER_FAILED
    return DeliveryOutcome.retry(Failure(cause, {"status": answer.status}), answer.status, answer.retry_after_s)


_OLDER: Final = {"code": "StatusCode"}
"""Feishu's bots answer in two ways, the older one with `StatusCode` alone."""


def judge_code(
    answer: Answer, *, field_name: str, too_fast: Mapping[int, float], busy: Sequence[int] = ()
) -> DeliveryOutcome:
    """Judge a chat bot's answer: arrived only with HTTP 200 and its own code 0.

    Args:
        answer: What the bot answered.
        field_name: Where the code stands: `errcode` or `code`.
        too_fast: Codes that mean "too fast", with the seconds the bot stays shut.
        busy: Codes that mean "try again".
    """
    if not httpx2.codes.is_success(answer.status):
        return judge_status(answer)
    document = answer.document()
    code = document.get(field_name, document.get(_OLDER.get(field_name, field_name)))
    if not isinstance(code, int) or isinstance(code, bool):
        return DeliveryOutcome.retry(Failure(Cause.NO_CODE), answer.status)
    if code == 0:
        return DeliveryOutcome.sent(0)
    said = str(document.get("errmsg") or document.get("msg") or document.get("StatusMessage") or "")[:200]
    if code in too_fast:
        wait = max(too_fast[code], answer.retry_after_s or 0.0)
        return DeliveryOutcome.retry(Failure(Cause.TOO_FAST, said=said), code, wait)
    if code in busy:
        return DeliveryOutcome.retry(Failure(Cause.BUSY, said=said), code)
    return DeliveryOutcome.refused(Failure(Cause.REFUSED, said=said), code)


def json_body(document: Mapping[str, Any]) -> bytes:
    """Return compact UTF-8 JSON."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
