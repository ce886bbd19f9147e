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
from serve.errors import RequestError, ServeError, TooManyRequestsError

MEDIA_TYPE: Final = "application/problem+json"

_log = structlog.get_logger(__name__)


class Problem(BaseModel):
    """Problem details as in RFC 9457; `hint` says the way out, `errors` names the values at fault."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
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
    app.add_exception_handler(WeisuError, _on_weisu_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(DataError, _on_unstorable)
    app.add_exception_handler(OperationalError, _on_store_error)
    app.add_exception_handler(Exception, _on_bug)


def respond(
    request: Request,
    *,
    status: int,
    title: str,
    detail: str,
    hint: str | None = None,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return a problem response."""
    problem = Problem(
        title=title, status=status, detail=detail, instance=request.url.path, hint=hint, errors=errors or []
    )
    content = problem.model_dump(exclude_none=True)
    return JSONResponse(content, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


async def _on_weisu_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, WeisuError)
    if isinstance(error, RequestError | ServeError):
        status, title = error.status, error.title
    else:
        status, title = (400, "Bad request") if isinstance(error, BadInputError) else (500, "Internal error")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("request failed", path=request.url.path, error=str(error))
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    if isinstance(error, TooManyRequestsError):
        headers = error.headers
    return respond(request, status=status, title=title, detail=str(error.args[0]), hint=error.hint, headers=headers)


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    title, headers = HTTPStatus(error.status_code).phrase, error.headers or {}
    hint = f"this address takes {headers['Allow']}" if headers.get("Allow") else "/docs shows what every address takes"
    return respond(request, status=error.status_code, title=title, detail=str(error.detail), hint=hint, headers=headers)


async def _on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    # Only where and why: the values themselves may be personal.
    errors = [{"where": ".".join(map(str, item["loc"])), "why": str(item["msg"])} for item in error.errors()]
    detail = "; ".join(f"{item['where']}: {item['why']}" for item in errors[:3])
    return respond(
        request, status=422, title="Invalid values", detail=detail, hint="see /docs for the shape", errors=errors
    )


async def _on_unstorable(request: Request, _error: Exception) -> JSONResponse:
    detail = "a value cannot be stored"
    return respond(request, status=422, title="Invalid values", detail=detail, hint="leave out control characters")


async def _on_store_error(request: Request, error: Exception) -> JSONResponse:
    _log.error("store unavailable", path=request.url.path, error=type(error).__name__)
    detail = "the store cannot be reached or is busy"
    return respond(request, status=503, title="Store unavailable", detail=detail, hint="try again in a moment")


async def _on_bug(request: Request, error: Exception) -> JSONResponse:
    _log.error("bug", path=request.url.path, method=request.method, exc_info=error)
    return respond(
        request, status=500, title="Internal error", detail="something of ours failed", hint="see the server's log"
    )
