"""An address that names nothing, or a bug: a page for whoever comes with a browser, problem details for a program."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from serve import problems
from serve.errors import NotFoundError, ServeError
from serve.pages.render import error_page
from serve.pages.template_keys import check_texts


class NoPageError(NotFoundError):
    """The address names no page at all."""

    title = "no_page"


def install(app: FastAPI) -> None:
    """Answer every address that no route takes; a text that is missing stops the start."""
    check_texts()
    app.add_exception_handler(404, _no_such_address)
    app.add_exception_handler(Exception, _bug)


async def _no_such_address(request: Request, _error: Exception) -> Response:
    path = request.url.path
    if not _is_read_by_a_person(request):
        return problems.answer(request, NotFoundError("nothing_here", path=path))
    return error_page(request, NoPageError("no_page", path=path))


async def _bug(request: Request, error: Exception) -> Response:
    answer = await problems.on_bug(request, error)
    return error_page(request, ServeError("bug")) if _is_read_by_a_person(request) else answer


def _is_read_by_a_person(request: Request) -> bool:
    return not request.url.path.startswith("/v1/") and "text/html" in request.headers.get("accept", "")
