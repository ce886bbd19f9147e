"""The HTTP application: routers of every feature, problem details, health, metrics, offline documentation."""

from __future__ import annotations

from fastapi import FastAPI

from features.clock import Clock
from features.settings import Settings
from serve.store import Store

__all__ = ["create_app"]


def create_app(settings: Settings, *, clock: Clock | None = None, store: Store | None = None) -> FastAPI:
    """Return the application; see `serve.api.app.create_app`."""
    from serve.api.app import create_app as create

    return create(settings, clock=clock, store=store)
