"""The OpenAPI document: what every operation may answer with, and examples that can be sent as they stand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from serve import problems

_API: Final = "/v1/"
_ALWAYS: Final = (429, 503)
"""Any operation may be asked too often, or while as much is answered as can be."""
_WITH_BODY: Final = (400, 408, 413)
_WITH_JSON: Final = (415,)


def install(app: FastAPI) -> None:
    """Let the app describe itself so; the document is made anew when the day of its examples is over."""
    made: dict[str, Any] = {}

    def document() -> dict[str, Any]:
        now: datetime = app.state.clock.now()
        if made.get("day") != now.date():
            made.update(day=now.date(), document=_document(app, now))
        found: dict[str, Any] = made["document"]
        return found

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI, now: datetime) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = problems.Problem.model_json_schema()
    # FastAPI's own shape of a 422 is never sent.
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    for path, operations in found["paths"].items():
        for operation in operations.values() if path.startswith(_API) else ():
            _say_refusals(operation)
    for name, values in _coming(now).items():
        for example in schemas[name]["examples"]:
            example.update(values)
    return found


def _say_refusals(operation: dict[str, Any]) -> None:
    body = operation.get("requestBody", {}).get("content", {})
    statuses = (*_ALWAYS, *(_WITH_BODY if body else ()), *(_WITH_JSON if "application/json" in body else ()))
    for status, said in problems.problems(*statuses).items():
        operation["responses"].setdefault(str(status), said)
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _coming(now: datetime) -> dict[str, dict[str, Any]]:
    """Return the moments of examples that have to lie ahead, by the name of their schema."""
    tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    monday = tomorrow + timedelta(days=-tomorrow.weekday() % 7)

    def written(moment: datetime) -> str:
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    return {
        "NewSilence": {"starts_at": written(tomorrow), "ends_at": written(tomorrow + timedelta(hours=10))},
        "NewOrder": {"due_at": written(tomorrow + timedelta(hours=10))},
        "NewOverride": {"ds": monday.strftime("%Y-%m-%dT00:00:00")},
        "NewEvent": {
            "starts_on": f"{monday + timedelta(days=5):%Y-%m-%d}",
            "ends_on": f"{monday + timedelta(days=6):%Y-%m-%d}",
        },
    }
