"""The application for an ASGI server: `uvicorn --factory serve.api.asgi:app`, configured by file and environment.

`weisu serve` also says `--http serve.api.http_protocol:PunctualProtocol`.
"""

from __future__ import annotations

from fastapi import FastAPI

from features.settings import load_settings
from serve.api.app import create_app
from serve.api.http_protocol import PunctualProtocol
from serve.logs import configure_logs


def app() -> FastAPI:
    """Return the application of this installation."""
    configure_logs()
    settings = load_settings()
    PunctualProtocol.header_seconds = settings.requests.header_seconds
    return create_app(settings)
