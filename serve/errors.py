"""The exception tree of serve/: each error knows the HTTP status it is answered with.

    WeisuError
    ├── ServeError                    500  something of ours failed
    │   ├── StoreError                503  the store cannot be opened, migrated or reached
    │   └── NotReadyError             503  a part that the answer needs is missing
    └── BadInputError
        └── RequestError              400  the request is at fault
            ├── UnauthorizedError     401  no key, or one that is unknown or revoked
            ├── ForbiddenError        403  known, but not allowed
            ├── NotFoundError         404  does not exist, or is not yours to see
            ├── ConflictError         409  the alert is not in a state that allows this
            ├── UnprocessableError    422  well-formed, but the values make no sense
            └── TooManyRequestsError  429  too often; says when to come back

What one department may not see is "not found" for it, never "forbidden": the answer must not tell that it exists.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import ClassVar

from features.errors import BadInputError, WeisuError


class ServeError(WeisuError):
    """Something of ours failed while serving."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"


class StoreError(ServeError):
    """The operational store cannot be opened, migrated or reached."""

    status = 503
    title = "Store unavailable"


class NotReadyError(ServeError):
    """A part that the answer needs is not there yet."""

    status = 503
    title = "Not ready"


class RequestError(BadInputError):
    """The request is at fault; the caller can mend it."""

    status: ClassVar[int] = 400
    title: ClassVar[str] = "Bad request"


class UnauthorizedError(RequestError):
    """No key was given, or one that is unknown or revoked."""

    status = 401
    title = "Not authenticated"


class ForbiddenError(RequestError):
    """The caller is known, but its role does not allow this."""

    status = 403
    title = "Not allowed"


class NotFoundError(RequestError):
    """The thing does not exist, or is not the caller's to see."""

    status = 404
    title = "Not found"


class ConflictError(RequestError):
    """The thing is not in a state that allows this."""

    status = 409
    title = "Conflict"


class UnprocessableError(RequestError):
    """The request is well-formed, but its values make no sense."""

    status = 422
    title = "Invalid values"


class TooManyRequestsError(RequestError):
    """Too often; the same request will be taken again after `wait`."""

    status = 429
    title = "Too many requests"

    def __init__(self, message: str, *, hint: str | None = None, wait: timedelta) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = max(math.ceil(wait.total_seconds()), 1)

    @property
    def headers(self) -> dict[str, str]:
        """What an answer with this error carries: when to come back."""
        return {"Retry-After": str(self.retry_after_s)}
