"""`/v1/silences`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from serve.access import CallerDep
from serve.alerts.silences import service
from serve.alerts.silences.schemas import NewSilence, SilenceList, SilenceView
from serve.known_names import NewNames
from serve.problems import problems
from serve.values import Id
from serve.wiring import ClockDep, StoreDep

router = APIRouter(prefix="/v1/silences", tags=["silences"], responses=problems(401, 403, 422))


@router.get("", summary="Silences and maintenance windows")
def list_silences(
    store: StoreDep,
    clock: ClockDep,
    caller: CallerDep,
    expired: Annotated[bool, Query(description="Also those that are over")] = False,  # noqa: FBT002 - a query parameter
) -> SilenceList:
    """Return the silences you may see, the last to end first."""
    with store.reading() as session:
        rows = service.silences(session, caller, now=clock.now(), expired=expired)
        return SilenceList(items=[SilenceView.model_validate(row) for row in rows])


@router.post("", status_code=201, summary="Keep quiet about something for a while")
def add_silence(
    *, store: StoreDep, clock: ClockDep, caller: CallerDep, wanted: NewSilence, new_names: NewNames = False
) -> SilenceView:
    """Make a silence or a maintenance window, with your name, a comment and an end."""
    with store.session() as session:
        row = service.add(session, caller, wanted, now=clock.now(), new_names=new_names)
        return SilenceView.model_validate(row)


@router.delete("/{silence_id}", summary="End a silence now", responses=problems(404))
def end_silence(store: StoreDep, clock: ClockDep, caller: CallerDep, silence_id: Id) -> SilenceView:
    """End a silence; it stays on record."""
    with store.session() as session:
        return SilenceView.model_validate(service.end(session, caller, silence_id, now=clock.now()))
