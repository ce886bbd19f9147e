"""The shapes of subscriptions and deliveries."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, computed_field

from features.vocabulary import AlertLevel, Kind
from serve.delivery.failures import Cause, Failure, say_failure
from serve.reader_language import reader_language

EXAMPLE: dict[str, Any] = {
    "name": "水务局值班群",
    "audience": "水务局",
    "channel": "wecom",
    "target": "water-wecom",
    "minimum_level": AlertLevel.YELLOW,
    "kinds": [],
    "language": "zh-CN",
}


class NewSubscription(BaseModel):
    """Who (a department, `duty`, `role:supervisor`, `all`, a name of the ladder) hears of what, by which channel.

    `target` names a `[delivery.targets.NAME]` of the configuration, where addresses and secrets live. A generic
    webhook or mail may give its own `url` or `to` instead.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    name: Annotated[str, Field(min_length=1, max_length=200)]
    audience: Annotated[str, Field(min_length=1, max_length=200)]
    channel: Annotated[str, Field(min_length=1, max_length=40)]
    target: Annotated[str, Field(max_length=200)] = ""
    url: Annotated[str, Field(max_length=2000)] = ""
    to: Annotated[list[Annotated[str, Field(max_length=320)]], Field(max_length=50)] = []
    minimum_level: AlertLevel | None = None
    kinds: list[Kind] = []
    language: Literal["zh-CN", "en"] = "zh-CN"


class SubscriptionView(BaseModel):
    """A subscription as it stands; its address is not shown, because a bot's address is its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    audience: str
    channel: str
    target: str
    minimum_level: str
    kinds: list[str]
    language: str
    author: str
    created_at: AwareDatetime
    paused_at: AwareDatetime | None


class SubscriptionList(BaseModel):
    """Subscriptions by audience."""

    schema_version: int = 1
    items: list[SubscriptionView]


class DeliveryView(BaseModel):
    """One attempt to hand a message over. `message_id` is the idempotency id that every copy carries."""

    id: str
    message_id: str
    alert_id: str
    reason: str
    audience: str
    subscription: str
    channel: str
    attempt: int
    status: str
    due_at: AwareDatetime
    finished_at: AwareDatetime | None
    response_code: int | None
    cause: Annotated[str, Field(description="Why it failed, as a code; empty when it did not")]
    cause_params: dict[str, Any]
    said: Annotated[str, Field(description="What the receiver said about it, in its own words")]

    @computed_field(description="Why it failed, in the language asked for (Accept-Language)")  # type: ignore[prop-decorator]
    @property
    def error(self) -> str:
        """The cause in words, with what the receiver said."""
        if not self.cause:
            return ""
        failure = Failure(Cause(self.cause), self.cause_params)
        return " ".join(part for part in (say_failure(failure, reader_language()), self.said) if part)


class DeliveryList(BaseModel):
    """Attempts, newest first."""

    schema_version: int = 1
    items: list[DeliveryView]
    next_cursor: str | None = None


class SentAgain(BaseModel):
    """The attempt that was queued."""

    delivery_id: str
