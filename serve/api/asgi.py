"""The application for an ASGI server: `uvicorn --factory serve.api.asgi:app`, configured by file and environment."""

from __future__ import annotations

from fastapi import FastAPI

from features.settings import load_settings
from serve.api.app import create_app
from serve.logs import configure_logs


def app() -> FastAPI:
    """Return the application of this installation."""
    configure_logs()
    return create_app(load_settings())
