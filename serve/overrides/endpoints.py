"""`/v1/overrides` and `/v1/events`: planners write, everybody with a key reads."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from features.taxonomy import labels_in_force
from features.vocabulary import ForecastFrequency, Frequency
from serve.access import Caller, CallerDep, Role, allow
from serve.forecasts.issues import adjusted_frame
from serve.forecasts.repository import current_issue
from serve.known_names import KnownNames, NewNames
from serve.overrides import service
from serve.overrides.schemas import (
    CityEventView,
    ListedOverride,
    NewEvent,
    NewOverride,
    OverrideList,
    OverrideView,
    RegisteredEventList,
)
from serve.problems import problems
from serve.values import Day, Id
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(tags=["planning"], responses=problems(401, 403, 422))

MOST: Final = 1000
"""Rows of a list; how many there are stands beside them."""

Planner = Annotated[Caller, Depends(allow(Role.PLANNER))]


@router.get("/v1/overrides", summary="Planners' numbers")
def list_overrides(
    *,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    _caller: CallerDep,
    freq: ForecastFrequency = Frequency.WEEKLY,
    all_of_them: Annotated[bool, Query(alias="all", description="Also expired and withdrawn ones")] = False,
) -> OverrideList:
    """Return overrides, newest first, beside what the model said; one that cannot hold names what is against it."""
    now = clock.now()
    with store.reading() as session:
        in_force = service.list_overrides(session, freq=freq, now=now, all_of_them=False)
        rows = service.list_overrides(session, freq=freq, now=now, all_of_them=True) if all_of_them else in_force
        issue = current_issue(session, freq, now=now) if in_force else None
        unmet = adjusted_frame(session, issue, settings, now=now).unmet if issue else {}
        against = service.conflicts(in_force, unmet, labels_in_force(settings, now))
        replaced = service.replacements(rows)
        items = [
            ListedOverride.model_validate(row).model_copy(
                update={"conflicts": against.get(row.id, []), "replaced_by": replaced.get(row.id)}
            )
            for row in rows[:MOST]
        ]
        return OverrideList(items=items, total=len(rows))


@router.post("/v1/overrides", status_code=201, summary="Put a number beside the model's")
def add_override(store: StoreDep, clock: ClockDep, caller: Planner, wanted: NewOverride) -> OverrideView:
    """Override one series and period of the current forecast; the model's number stays. For planners."""
    with store.session() as session:
        return OverrideView.model_validate(service.add_override(store, session, caller, wanted, now=clock.now()))


@router.delete("/v1/overrides/{override_id}", summary="Take an override back", responses=problems(404))
def withdraw_override(store: StoreDep, clock: ClockDep, _caller: Planner, override_id: Id) -> OverrideView:
    """Withdraw an override; it stays on record."""
    with store.session() as session:
        return OverrideView.model_validate(service.withdraw_override(session, override_id, now=clock.now()))


@router.get("/v1/events", summary="Events to come")
def list_events(
    store: StoreDep,
    _caller: CallerDep,
    since: Annotated[Day, Query(alias="from")] = date.min,
    until: Annotated[Day, Query(alias="to")] = date.max,
) -> RegisteredEventList:
    """Return registered events and policy changes that touch a period."""
    with store.reading() as session:
        rows = service.list_events(session, since=since, until=until)
        return RegisteredEventList(items=[CityEventView.model_validate(row) for row in rows[:MOST]], total=len(rows))


@router.post("/v1/events", status_code=201, summary="Register an event")
def add_event(
    *, store: StoreDep, clock: ClockDep, caller: Planner, wanted: NewEvent, new_names: NewNames = False
) -> CityEventView:
    """Register a planned event or policy change. For planners."""
    with store.session() as session:
        if not new_names:
            KnownNames(session).check(categories=[wanted.category], areas=[wanted.district])
        return CityEventView.model_validate(service.add_event(session, caller, wanted, now=clock.now()))


@router.delete("/v1/events/{event_id}", summary="Take an event back", responses=problems(404))
def withdraw_event(store: StoreDep, clock: ClockDep, _caller: Planner, event_id: Id) -> CityEventView:
    """Withdraw an event; it stays on record."""
    with store.session() as session:
        return CityEventView.model_validate(service.withdraw_event(session, event_id, now=clock.now()))
