"""`/v1/alerts/stream`: Server-Sent Events, one per event of an alert the caller may see, resumable by its id.

A connection ends after some minutes, and with the key or session that opened it; the browser opens the next one with
Last-Event-ID, is authenticated again, and misses nothing. Nothing is held in memory: every worker process reads the
same event table.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Final

import anyio.to_thread
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from features.clock import Clock
from serve.access import Caller, CallerDep
from serve.access.caller import SESSION_COOKIE, caller_of, secret_of
from serve.alerts.repository import AlertRepository, newest_event
from serve.alerts.schemas import AlertView
from serve.errors import UnauthorizedError
from serve.problems import problems
from serve.store import Store
from serve.wiring import ClockDep, StoreDep

router = APIRouter(prefix="/v1/alerts", tags=["alerts"], responses=problems(401, 422))

POLL_S: Final = 1.0
KEEP_ALIVE_S: Final = 15.0
LONGEST_S: Final = 600.0
_BATCH: Final = 200


@router.get(
    "/stream",
    summary="Live events (Server-Sent Events)",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Events"}},
)
def stream(
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    caller: CallerDep,
    last_event_id: Annotated[int | None, Header(ge=0, le=2**62, description="Go on after this event")] = None,
    wait: Annotated[float, Query(ge=0, le=LONGEST_S, description="Seconds to stay; 0 gives what there is")] = LONGEST_S,
) -> StreamingResponse:
    """Stream what happens to the alerts you may see, from now on or after `Last-Event-ID`."""
    start = _newest(store) if last_event_id is None else last_event_id
    events = _events(request, store, clock, caller, after=start, wait=wait)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


async def _events(
    request: Request, store: Store, clock: Clock, caller: Caller, *, after: int, wait: float
) -> AsyncIterator[str]:
    secret, cookie = secret_of(request), request.cookies.get(SESSION_COOKIE)
    deadline = time.monotonic() + wait
    quiet_since = time.monotonic()
    yield "retry: 2000\n\n"
    while True:
        try:
            position, messages = await anyio.to_thread.run_sync(_read, store, caller, after)
            # After reading: what happened once the key or session had ended is not theirs to hear.
            caller = await anyio.to_thread.run_sync(caller_of, store, secret, cookie, clock.now())
        except UnauthorizedError:
            return
        for message in messages:
            yield message
        if messages or time.monotonic() - quiet_since >= KEEP_ALIVE_S:
            quiet_since = time.monotonic()
            yield ": alive\n\n"
        full = position > after and len(messages) == _BATCH
        after = position
        if full:
            continue
        if time.monotonic() >= deadline or await request.is_disconnected():
            return
        await anyio.sleep(min(POLL_S, max(0.0, deadline - time.monotonic())))


def _read(store: Store, caller: Caller, after: int) -> tuple[int, list[str]]:
    """Return how far was read, and the messages."""
    with store.reading() as session:
        found = AlertRepository(session, caller).events_after(after, limit=_BATCH)
        messages = []
        for event, alert in found:
            data = {
                "seq": event.seq,
                "kind": event.kind,
                "at": event.at.isoformat(),
                "alert": AlertView.model_validate(alert).model_dump(mode="json"),
            }
            body = json.dumps(data, ensure_ascii=False)
            messages.append(f"id: {event.seq}\nevent: {event.kind}\ndata: {body}\n\n")
        position = found[-1][0].seq if found else after
        return position, messages


def _newest(store: Store) -> int:
    with store.reading() as session:
        return newest_event(session)
