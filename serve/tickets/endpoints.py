"""`POST /v1/tickets`: hand in tickets in the source's own columns; a mapping says what they mean."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from serve.access import Caller, Role, allow
from serve.errors import UnprocessableError
from serve.idempotency import IdempotencyKey
from serve.problems import problems
from serve.tickets.landing import land
from serve.values import Cell, Measure, Number
from serve.wiring import ClockDep, PremisesDep, SettingsDep

router = APIRouter(prefix="/v1/tickets", tags=["tickets"], responses=problems(401, 403, 409, 422))

Value = Cell | Number | Measure | bool | None

EXAMPLE: dict[str, Any] = {
    "mapping": "zh_12345",
    "tickets": [
        {
            "工单编号": "20261123000001",
            "受理时间": "2026-11-23 08:01:12",
            "三级事项": "停水",
            "区县": "龙华区",
            "状态": "办理中",
        }
    ],
}


class TicketBatch(BaseModel):
    """Rows in the columns of the source. A ticket handed in again is a new version of it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    mapping: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,60}$", description="Name of the mapping that reads them")]
    tickets: Annotated[list[dict[Cell, Value]], Field(min_length=1, max_length=10_000)]


class RefusedRow(BaseModel):
    """A row that went to quarantine: its place in the batch from 1, the field at fault, and why."""

    row: int
    column: str
    reason: str


class Landed(BaseModel):
    """What became of the batch; `replayed` says that it had been taken before, `refused` lists up to 100 rows.

    `waiting` rows of those in quarantine named a time in the future: they come in when it has come.
    """

    schema_version: int = 1
    read: int
    kept: int
    updated: int
    unchanged: int
    quarantined: int
    replayed: bool
    refused: list[RefusedRow] = []
    waiting: int = 0


@router.post("", summary="Hand in tickets")
def land_tickets(
    *,
    premises: PremisesDep,
    clock: ClockDep,
    settings: SettingsDep,
    caller: Annotated[Caller, Depends(allow(Role.PLANNER))],
    batch: TicketBatch,
    idempotency_key: IdempotencyKey = None,
) -> Landed:
    """Take up to 10,000 rows into the lake, masked before anything is stored. For planners and machines."""
    if any(not row for row in batch.tickets):
        raise UnprocessableError("ticket_empty")
    premises.refuse_moved()
    name = _own(caller, idempotency_key)
    receipt = land(settings, batch.mapping, batch.tickets, idempotency_key=name, now=clock.now())
    return Landed.model_validate(receipt, from_attributes=True)


def _own(caller: Caller, key: str | None) -> str | None:
    """Return a sender's idempotency key, kept apart from other senders' keys."""
    return f"{caller.key_id}:{key}" if key else None
