"""Errors on the wire: RFC 9457 problem details, for every error the API can answer with."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException

from features.errors import BadInputError, WeisuError
from features.privacy import quotable
from features.words import Language
from serve.errors import (
    BusyError,
    RequestError,
    ServeError,
    SpokenError,
    StoreError,
    TooManyRequestsError,
    UnprocessableError,
    for_anybody,
)
from serve.invalid import Invalid
from serve.reader_language import accepted_language

MEDIA_TYPE: Final = "application/problem+json"

_log = structlog.get_logger(__name__)


class Problem(BaseModel):
    """Problem details as in RFC 9457, in the language asked for; `hint` says the way out, `errors` what is at fault."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "code": "no_alert",
                    "title": "Not found",
                    "status": 404,
                    "detail": "no alert 'al_0d1f'",
                    "instance": "/v1/alerts/al_0d1f",
                    "hint": "it may belong to another department",
                }
            ]
        }
    )

    type: str = "about:blank"
    code: str = Field(description="What went wrong, the same in every language")
    title: str
    status: int
    detail: str
    instance: str
    hint: str | None = None
    errors: list[dict[str, str]] = Field(default=[], description="Where each value is at fault, and why")


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of these error statuses, for a router or an endpoint."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: schema}}
        for status in sorted({*statuses, 422})
    }


def install(app: FastAPI) -> None:
    """Answer every error of the app with problem details."""
    app.add_exception_handler(SpokenError, _on_spoken_error)
    app.add_exception_handler(WeisuError, _on_weisu_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(DataError, _on_unstorable)
    app.add_exception_handler(OperationalError, _on_store_error)
    app.add_exception_handler(Exception, on_bug)


def answer(
    request: Request,
    error: SpokenError,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
    status: int | None = None,
    title: str = "",
) -> JSONResponse:
    """Return an error as a problem, in the language that the request asks for."""
    language = _language(request)
    problem = Problem(
        code=error.code,
        title=title or error.heading(language),
        status=status or error.status,
        detail=error.said(language),
        instance=request.url.path,
        hint=error.way_out(language),
        errors=errors or [],
    )
    content = problem.model_dump(exclude_none=True)
    said = {"Content-Language": language, "Vary": "Accept-Language", **(headers or {})}
    return JSONResponse(content, status_code=problem.status, media_type=MEDIA_TYPE, headers=said)


def of(request: Request, error: SpokenError) -> JSONResponse:
    """Return an error of ours as a problem, as whoever asks may know it."""
    return answer(request, for_anybody(error), headers=headers_of(error))


def headers_of(error: SpokenError) -> dict[str, str]:
    """Return what an answer with this error carries beside its text."""
    if isinstance(error, (TooManyRequestsError, BusyError)):
        return error.headers
    return {"WWW-Authenticate": "Bearer"} if error.status == HTTPStatus.UNAUTHORIZED else {}


async def _on_spoken_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SpokenError)
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, BusyError):
        _log.error("request failed", path=request.url.path, code=error.code, error=str(error))
    return of(request, error)


async def _on_weisu_error(request: Request, error: Exception) -> JSONResponse:
    """Answer an error of features/: its message is English, and stands among the `errors`."""
    assert isinstance(error, WeisuError)
    if not isinstance(error, BadInputError):
        _log.error("request failed", path=request.url.path, error=str(error))
        return answer(request, ServeError("bug"))
    errors = [{"where": "", "why": str(error).replace("\n", " ")}]
    return answer(request, RequestError("bad_input"), errors=errors)


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    headers = error.headers or {}
    spoken = RequestError("http", status=error.status_code)
    if headers.get("Allow"):
        spoken = RequestError("method", methods=headers["Allow"])
    phrase = HTTPStatus(error.status_code).phrase if _language(request) == "en" else ""
    return answer(request, spoken, status=error.status_code, title=phrase, headers=headers)


async def _on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = _refused(error)
    language = _language(request)
    errors = [{"where": place, "why": invalid.said(language)} for place, invalid in found]
    return answer(request, of_invalid_request(error), errors=errors)


def of_invalid_request(error: RequestValidationError) -> UnprocessableError:
    """Return what is wrong with a request, by the name of its first value at fault."""
    where, why = next(iter(_refused(error)), ("", Invalid("other")))
    return UnprocessableError("invalid_values", where=where, why=why)


def _refused(error: RequestValidationError) -> list[tuple[str, Invalid]]:
    # Only where and why: the values themselves may be personal, and so may be the name of a field that nobody knows.
    return [(quotable(".".join(map(str, item["loc"]))), Invalid.of(item)) for item in error.errors()]


async def _on_unstorable(request: Request, _error: Exception) -> JSONResponse:
    return answer(request, UnprocessableError("unstorable"))


async def _on_store_error(request: Request, error: Exception) -> JSONResponse:
    _log.error("store unavailable", path=request.url.path, error=type(error).__name__)
    return answer(request, StoreError("store_away"))


async def on_bug(request: Request, error: Exception) -> JSONResponse:
    """Answer what nobody foresaw, without its insides; the log has them."""
    _log.error("bug", path=request.url.path, method=request.method, exc_info=error)
    return answer(request, ServeError("bug"))


def _language(request: Request) -> Language:
    # Not from the context: a bug is answered outside of the middleware that notes it there.
    return accepted_language(request.headers.get("accept-language", ""))
