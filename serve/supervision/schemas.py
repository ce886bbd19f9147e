"""The shapes of supervision: the list, orders, answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from serve.alerts.schemas import AlertView
from serve.values import GivenText, LongText, Moment, Name


class Concern(BaseModel):
    """An alert that a supervisor should look at, and every reason why."""

    alert: AlertView
    reasons: Annotated[
        list[str], Field(description="late_ack, late_handle, dismissed_again, unanswered, order_overdue")
    ]
    late_departments: list[str]
    minutes_late: int


class ConcernList(BaseModel):
    """The supervision list, the latest first."""

    schema_version: int = 1
    items: list[Concern]


class NewOrder(BaseModel):
    """What is demanded of whom (the lead when nobody is named), by when."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"demand": "今日内现场核查并回复", "due_at": "2026-11-24T10:00:00Z", "department": ""}]
        },
    )

    department: Name = ""
    due_at: Moment
    demand: GivenText


class OrderView(BaseModel):
    """An order as it stands."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    alert_id: str
    department: str
    issued_by: str
    issued_at: AwareDatetime
    due_at: AwareDatetime
    demand: str
    answered_by: str
    answered_at: AwareDatetime | None
    answer: str


class OrderList(BaseModel):
    """Orders, the next to be due first."""

    schema_version: int = 1
    items: list[OrderView]


class AnswerBody(BaseModel):
    """The department's answer."""

    model_config = ConfigDict(extra="forbid")

    answer: LongText
