"""Put the application together: the store, every feature's router, problem details, offline documentation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Final

from fastapi import APIRouter, Depends, FastAPI
from fastapi_offline import FastAPIOffline

from features.clock import Clock, SystemClock
from features.settings import Settings
from serve import problems
from serve.api import document, health, observability
from serve.api.door import Door
from serve.api.methods import RightMethods
from serve.api.packing import Packing
from serve.parameters import only_known_parameters
from serve.premises import Premises
from serve.reader_language import ReaderLanguage
from serve.store import Store

DESCRIPTION: Final = """
Forecasts of a hotline's demand, and alerts on problems that are just emerging (未诉先办).

Authenticate with `Authorization: Bearer weisu_...` (`weisu users add` makes a key). Errors are problem details
(RFC 9457). A department reads and acts on its own alerts only; what it may not see is answered with 404.
"""


def create_app(settings: Settings, *, clock: Clock | None = None, store: Store | None = None) -> FastAPI:
    """Return the application.

    Args:
        settings: The installation's configuration.
        clock: Source of the present; the machine's when None.
        store: An open store; opened from the settings, and closed with the app, when None.

    Raises:
        StoreError: The store cannot be opened or migrated.
    """
    opened = store or Store.open(settings.store_url)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        tidy(settings)
        yield
        if store is None:
            opened.close()

    app = FastAPIOffline(
        title="weisu",
        version=version("weisu"),
        description=DESCRIPTION,
        lifespan=lifespan,
        dependencies=[Depends(only_known_parameters)],
    )
    app.state.store = opened
    app.state.clock = clock or SystemClock()
    app.state.settings = settings
    app.state.premises = Premises.of(settings)
    from serve import pages
    from serve.tickets.landing import tidy

    app.add_middleware(RightMethods, routes=lambda: app.routes)
    app.add_middleware(Door, store=opened, clock=app.state.clock, settings=settings)
    app.add_middleware(ReaderLanguage)
    app.add_middleware(Packing)
    problems.install(app)
    observability.install(app)
    for router in _routers():
        app.include_router(router)
    pages.install(app)
    document.install(app)
    return app


def _routers() -> list[APIRouter]:
    from serve.access import endpoints as access
    from serve.alerts import action_endpoints, metrics_endpoints, stream
    from serve.alerts import endpoints as alerts
    from serve.alerts.routing import endpoints as routing
    from serve.alerts.silences import endpoints as silences
    from serve.delivery import feed
    from serve.delivery.subscriptions import endpoints as subscriptions
    from serve.forecasts import endpoints as forecasts
    from serve.overrides import endpoints as overrides
    from serve.pages import router as pages
    from serve.registry import endpoints as models
    from serve.supervision import endpoints as supervision
    from serve.tickets import endpoints as tickets

    # Fixed paths under /v1/alerts come before the ones with an id.
    alert_parts = [metrics_endpoints.router, stream.router, feed.router, alerts.router, action_endpoints.router]
    around_alerts = [silences.router, routing.router, supervision.router, subscriptions.router]
    forecast_parts = [forecasts.router, overrides.router, models.router]
    return [
        health.router,
        observability.router,
        *forecast_parts,
        *alert_parts,
        *around_alerts,
        tickets.router,
        access.router,
        pages,
    ]
