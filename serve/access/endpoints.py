"""`/v1/access-log`: who opened the tickets behind which alert."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import select

from serve import paging
from serve.access import Caller, Role, allow
from serve.problems import problems
from serve.store.tables import AccessLog
from serve.values import Id
from serve.wiring import StoreDep

router = APIRouter(prefix="/v1/access-log", tags=["access"], responses=problems(401, 403, 422))


class AccessView(BaseModel):
    """One reading of an alert's tickets."""

    model_config = ConfigDict(from_attributes=True)

    at: AwareDatetime
    actor: str
    department: str
    action: str
    alert_id: str
    tickets: int


class AccessPage(BaseModel):
    """A page of the log, newest first."""

    schema_version: int = 1
    items: list[AccessView]
    next_cursor: str | None = None


@router.get("", summary="Who opened which tickets")
def read_access_log(
    *,
    store: StoreDep,
    _caller: Annotated[Caller, Depends(allow(Role.SUPERVISOR))],
    alert_id: Id | None = None,
    limit: paging.LimitQuery = 100,
    cursor: paging.CursorQuery = None,
) -> AccessPage:
    """Return the log of evidence reads, newest first. For supervisors."""
    after = paging.decode(cursor, (int,))
    query = select(AccessLog).order_by(AccessLog.id.desc()).limit(limit + 1)
    if alert_id is not None:
        query = query.where(AccessLog.alert_id == alert_id)
    if after:
        query = query.where(AccessLog.id < after[0])
    with store.reading() as session:
        rows = list(session.scalars(query))
    page = AccessPage(items=[AccessView.model_validate(row) for row in rows[:limit]])
    if len(rows) > limit:
        page.next_cursor = paging.encode([rows[limit - 1].id])
    return page
