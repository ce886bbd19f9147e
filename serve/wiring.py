"""What an endpoint may ask for: the store, the clock, the settings. All of them belong to the app, none is global."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from features.clock import Clock
from features.settings import Settings
from serve.premises import Premises
from serve.store import Store


def get_store(request: Request) -> Store:
    """Return the app's store."""
    return cast("Store", request.app.state.store)


def get_clock(request: Request) -> Clock:
    """Return the app's clock."""
    return cast("Clock", request.app.state.clock)


def get_settings(request: Request) -> Settings:
    """Return the app's settings."""
    return cast("Settings", request.app.state.settings)


def get_premises(request: Request) -> Premises:
    """Return the folders that the app found when it started."""
    return cast("Premises", request.app.state.premises)


StoreDep = Annotated[Store, Depends(get_store)]
ClockDep = Annotated[Clock, Depends(get_clock)]
SettingsDep = Annotated[Settings, Depends(get_settings)]
PremisesDep = Annotated[Premises, Depends(get_premises)]
