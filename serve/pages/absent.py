"""An address that names nothing: a page for whoever comes with a browser, problem details for a program."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from serve.api import problems
from serve.errors import NotFoundError
from serve.pages.render import error_page
from serve.pages.template_keys import check_texts


class NoPageError(NotFoundError):
    """The address names no page at all."""

    title = "No such page"


def install(app: FastAPI) -> None:
    """Answer every address that no route takes; a text that is missing stops the start."""
    check_texts()
    app.add_exception_handler(404, _no_such_address)


async def _no_such_address(request: Request, _error: Exception) -> Response:
    path = request.url.path
    if path.startswith("/v1/") or "text/html" not in request.headers.get("accept", ""):
        detail = f"there is nothing at {path}"
        return problems.respond(request, status=404, title="Not Found", detail=detail, hint="/docs lists every address")
    return error_page(request, NoPageError(f"there is no page {path}"), message="error.page")
