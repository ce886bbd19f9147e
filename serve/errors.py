"""The exception tree of serve/: each error knows the HTTP status it is answered with, and is said in either language.

    WeisuError
    └── SpokenError                     its words stand in the catalogues under its code
        ├── ServeError                    500  something of ours failed
        │   ├── StoreError                503  the store cannot be opened, migrated or reached
        │   ├── NotReadyError             503  a part that the answer needs is missing
    │   └── BusyError                 503  as much is being answered as can be
        └── RequestError                  400  the request is at fault; a BadInputError too
            ├── UnauthorizedError         401  no key, or one that is unknown or revoked
            ├── ForbiddenError            403  known, but not allowed
            ├── NotFoundError             404  does not exist, or is not yours to see
            ├── TooSlowError              408  the body took too long to come
            ├── ConflictError             409  the alert is not in a state that allows this
            ├── TooLargeError             413  the body is larger than the operation reads
            ├── MediaTypeError            415  the body is of a kind that the operation does not read
            ├── UnprocessableError        422  well-formed, but the values make no sense
            └── TooManyRequestsError      429  too often; says when to come back

What one department may not see is "not found" for it, never "forbidden": the answer must not tell that it exists.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import ClassVar, Final

from features.errors import BadInputError, WeisuError
from features.words import Family, Language, catalogue

TITLES: Final = Family.of(
    "problem_title",
    (
        "internal", "store", "not_ready", "bad_request", "unauthorized", "forbidden", "not_found", "conflict",
        "unprocessable", "too_many", "too_large", "too_slow", "media_type", "busy", "stale_form",
        "no_page", "no_font",
    ),
)  # fmt: skip
"""What an error is called, by kind."""


_OURS: Final = frozenset({"url", "path"})
"""What an error names of the installation, and of nobody."""


class SpokenError(WeisuError):
    """An error by its code: what went wrong stands at `problem.CODE`, the way out at `problem.CODE.hint`.

    As an exception it says both in English, for logs and the command line.

    Args:
        code: The code, part of the keys.
        **params: What the words name; codes and other errors are put into the reader's language.
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "internal"

    def __init__(self, code: str, /, **params: object) -> None:
        self.code = code
        self.params = {name: value if name in _OURS else _without_persons(value) for name, value in params.items()}
        super().__init__(self.said("en"), hint=self.way_out("en"))

    def said(self, language: Language) -> str:
        """Return what went wrong."""
        return catalogue(language)(f"problem.{self.code}", **self.params)

    def way_out(self, language: Language) -> str | None:
        """Return what to do about it, where there is something to be done."""
        words, key = catalogue(language), f"problem.{self.code}.hint"
        return words(key, **self.params) if key in words else None

    def heading(self, language: Language) -> str:
        """Return what kind of error it is."""
        return catalogue(language).of(TITLES, self.title)


def _without_persons(value: object) -> object:
    """Return what an error says of a value: what people wrote is masked, in answers and in logs."""
    from features.privacy import mask_text

    return mask_text(value) if isinstance(value, str) else value


class ServeError(SpokenError):
    """Something of ours failed while serving."""


class StoreError(ServeError):
    """The operational store cannot be opened, migrated or reached."""

    status = 503
    title = "store"


def for_anybody(error: SpokenError) -> SpokenError:
    """Return what may be said of an error to whoever asks: where the store lies is for the log."""
    return StoreError("store_away") if isinstance(error, StoreError) else error


class NotReadyError(ServeError):
    """A part that the answer needs is not there yet."""

    status = 503
    title = "not_ready"


class BusyError(ServeError):
    """As much is being answered as can be; the same request will be taken in a moment."""

    status = 503
    title = "busy"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


class RequestError(SpokenError, BadInputError):
    """The request is at fault; the caller can mend it."""

    status = 400
    title = "bad_request"


class UnauthorizedError(RequestError):
    """No key was given, or one that is unknown or revoked."""

    status = 401
    title = "unauthorized"


class ForbiddenError(RequestError):
    """The caller is known, but its role does not allow this."""

    status = 403
    title = "forbidden"


class NotFoundError(RequestError):
    """The thing does not exist, or is not the caller's to see."""

    status = 404
    title = "not_found"


class TooSlowError(RequestError):
    """The body took too long to come."""

    status = 408
    title = "too_slow"


class TooLargeError(RequestError):
    """The body is larger than what the operation reads."""

    status = 413
    title = "too_large"


class MediaTypeError(RequestError):
    """The body is of a kind that the operation does not read."""

    status = 415
    title = "media_type"


class ConflictError(RequestError):
    """The thing is not in a state that allows this."""

    status = 409
    title = "conflict"


class UnprocessableError(RequestError):
    """The request is well-formed, but its values make no sense."""

    status = 422
    title = "unprocessable"


class TooManyRequestsError(RequestError):
    """Too often; the same request will be taken again after `wait`."""

    status = 429
    title = "too_many"

    def __init__(self, code: str, /, *, wait: timedelta, **params: object) -> None:
        super().__init__(code, **params)
        self.retry_after_s = max(math.ceil(wait.total_seconds()), 1)

    @property
    def headers(self) -> dict[str, str]:
        """What an answer with this error carries: when to come back."""
        return {"Retry-After": str(self.retry_after_s)}
