"""An address that names nothing: a page for whoever comes with a browser, problem details for a program."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from serve import problems
from serve.errors import NotFoundError
from serve.pages.render import error_page
from serve.pages.template_keys import check_texts


class NoPageError(NotFoundError):
    """The address names no page at all."""

    title = "no_page"


def install(app: FastAPI) -> None:
    """Answer every address that no route takes; a text that is missing stops the start."""
    check_texts()
    app.add_exception_handler(404, _no_such_address)


async def _no_such_address(request: Request, _error: Exception) -> Response:
    path = request.url.path
    if path.startswith("/v1/") or "text/html" not in request.headers.get("accept", ""):
        return problems.answer(request, NotFoundError("nothing_here", path=path))
    return error_page(request, NoPageError("no_page", path=path))
