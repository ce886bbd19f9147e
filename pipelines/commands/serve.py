"""`weisu serve`: the API and the pages."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any

import typer

from pipelines.commands.options import Home, say, settings_for


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Worker processes.")] = 1,
    home: Home = None,
) -> None:
    """Serve the API and the pages until interrupted."""
    import uvicorn

    from pipelines.errors import PipelineError
    from serve.store import Store

    settings = settings_for(home)
    # Migrate once, before the workers start; and fail here, with a message, if the store is out of reach.
    Store.open(settings.store_url).close()
    # Links in messages are signed with it: better no service than one that signs with another key.
    settings.secret_key()
    if home is not None:
        os.environ["WEISU_HOME"] = str(home)
    say(f"Serving on http://{host}:{port} (documentation at /docs)")
    together = _counted_together() if workers > 1 else nullcontext()
    try:
        with together:
            _run(uvicorn, host, port, workers, settings.requests.connections)
    except SystemExit as stopped:
        # Uvicorn leaves with 3 when it cannot start, which here means "done, but degraded".
        raise PipelineError(f"cannot serve on {host}:{port}", hint="is the port taken? choose --port") from stopped


def _counted_together() -> AbstractContextManager[None]:
    from serve.api.observability import counted_together

    return counted_together()


def _run(uvicorn: Any, host: str, port: int, workers: int, connections: int) -> None:
    uvicorn.run(
        "serve.api.asgi:app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        http="serve.api.http_protocol:PunctualProtocol",
        limit_concurrency=connections,
        log_level="warning",
        # An open event stream must not keep the process from stopping.
        timeout_graceful_shutdown=5,
    )
