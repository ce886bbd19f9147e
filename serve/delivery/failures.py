"""Why an attempt to hand over a message failed: a cause with parameters, and the receiver's own words beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from features.errors import WeisuError
from features.words import Family, Language, catalogue


class Cause(StrEnum):
    """What went wrong; the words stand at `cause.CODE`."""

    NO_ANSWER = "no_answer"
    CONNECTION = "connection"
    UNRESOLVED = "unresolved"
    ADDRESS_INVALID = "address_invalid"
    RESERVED_RANGE = "reserved_range"
    PLAIN_HTTP = "plain_http"
    REDIRECTED = "redirected"
    GONE = "gone"
    RECEIVER_FAILED = "receiver_failed"
    TOO_FAST = "too_fast"
    BUSY = "busy"
    NO_CODE = "no_code"
    REFUSED = "refused"
    MAIL_ANSWERED = "mail_answered"
    MAIL_NO_RECIPIENT = "mail_no_recipient"
    MAIL_UNREACHABLE = "mail_unreachable"
    APPRISE_MISSING = "apprise_missing"
    APPRISE_ADDRESS = "apprise_address"
    APPRISE_FAILED = "apprise_failed"
    CHANNEL_BROKEN = "channel_broken"
    WORKER_STOPPED = "worker_stopped"
    NO_TARGET = "no_target"
    TARGET_UNNAMED = "target_unnamed"
    UNKNOWN_CHANNEL = "unknown_channel"
    TWO_DESTINATIONS = "two_destinations"
    TARGET_NEEDED = "target_needed"
    TARGET_CHANNEL = "target_channel"
    TARGET_NOT_YOURS = "target_not_yours"
    TARGET_EMPTY = "target_empty"


CAUSE_WORDS: Final = Family.of("cause", Cause)

Value = str | int | float


@dataclass(frozen=True)
class Failure:
    """One failure.

    Attributes:
        cause: What went wrong.
        params: Names and numbers for its words: a host, a status; never a secret, never an address with a key in it.
        said: What the receiver said about it, in its own language; shown as it is.
    """

    cause: Cause
    params: Mapping[str, Value] = field(default_factory=dict)
    said: str = ""


class DeliveryError(WeisuError):
    """A message can go nowhere; its text is the failure in English."""

    def __init__(self, failure: Failure, *, hint: str | None = None) -> None:
        super().__init__(say_failure(failure, "en"), hint=hint)
        self.failure = failure


@dataclass(frozen=True)
class SaidFailure:
    """A failure that a text of the catalogues names."""

    failure: Failure

    def said(self, language: Language) -> str:
        """Return the failure in words."""
        return say_failure(self.failure, language)


def say_failure(failure: Failure, language: Language) -> str:
    """Return a failure in words, without what the receiver said."""
    return catalogue(language).of(CAUSE_WORDS, failure.cause, **failure.params)
