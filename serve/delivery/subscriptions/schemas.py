"""The shapes of subscriptions and deliveries."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, computed_field

from features.vocabulary import AlertLevel, Kind
from serve.delivery.failures import Cause, Failure, say_failure
from serve.delivery.hearing import Hearing
from serve.delivery.trial import Trial
from serve.reader_language import reader_language
from serve.values import Address, GivenName, Name

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

    Messages go to `target`, the name of a `[delivery.targets.NAME]` of the configuration, where addresses and secrets
    live and which says who may use it; or to an address of their own, `url`. Never both; mail and Apprise by a target.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    name: GivenName
    audience: GivenName
    channel: Annotated[GivenName, Field(max_length=40)]
    target: Name = ""
    url: Address = ""
    minimum_level: AlertLevel | None = None
    kinds: list[Kind] = []
    language: Literal["zh-CN", "en"] = "zh-CN"


class ChangedSubscription(BaseModel):
    """What is to be otherwise; what is not named stays. Channel, target and url change together, as one destination."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"minimum_level": "orange"}]})

    name: GivenName | None = None
    channel: Annotated[GivenName, Field(max_length=40)] | None = None
    target: Name | None = None
    url: Address | None = None
    minimum_level: AlertLevel | None = None
    kinds: list[Kind] | None = None
    language: Literal["zh-CN", "en"] | None = None

    @property
    def moves(self) -> bool:
        """Whether messages are to go elsewhere."""
        return bool({"channel", "target", "url"} & self.model_fields_set)


class HearingView(BaseModel):
    """Whether the receiver is alive. `dead` asks somebody to look after it: it failed again and again."""

    dead: bool
    arrived_at: Annotated[AwareDatetime | None, Field(description="When a message last arrived")]
    failing_since: AwareDatetime | None
    failures: Annotated[int, Field(description="Attempts that failed since a message last arrived")]
    given_up: int
    waiting: int
    cause: Annotated[str, Field(description="Why the last attempt failed, as a code; empty when none did")]
    cause_params: dict[str, Any]
    error: Annotated[str, Field(description="The same in words, in the language asked for (Accept-Language)")]

    @property
    def failure(self) -> Failure | None:
        """Why the last attempt failed."""
        return Failure(Cause(self.cause), self.cause_params) if self.cause else None

    @classmethod
    def of(cls, hearing: Hearing) -> HearingView:
        """Return it in the reader's words."""
        failure = hearing.failure
        return cls(
            dead=hearing.dead,
            arrived_at=hearing.arrived_at,
            failing_since=hearing.failing_since,
            failures=hearing.failures,
            given_up=hearing.given_up,
            waiting=hearing.waiting,
            cause=failure.cause.value if failure else "",
            cause_params=dict(failure.params) if failure else {},
            error=say_failure(failure, reader_language()) if failure else "",
        )


class SubscriptionView(BaseModel):
    """A subscription as it stands. Of its own address only the host is shown: a bot's address is its secret."""

    id: str
    name: str
    audience: str
    channel: str
    target: str
    host: Annotated[str, Field(description="Host of its own address; empty when it names a target")]
    minimum_level: str
    kinds: list[str]
    language: str
    author: str
    created_at: AwareDatetime
    paused_at: AwareDatetime | None
    hearing: HearingView


class SubscriptionList(BaseModel):
    """Subscriptions by audience."""

    schema_version: int = 1
    items: list[SubscriptionView]


class TestedView(BaseModel):
    """What came of a test message."""

    __test__ = False

    arrived: bool
    response_code: int | None
    cause: Annotated[str, Field(description="Why it did not arrive, as a code; empty when it did")]
    error: Annotated[str, Field(description="The same in words, in the language asked for (Accept-Language)")]
    tested_at: AwareDatetime

    @classmethod
    def of(cls, trial: Trial) -> TestedView:
        """Return it in the reader's words."""
        failure = trial.failure
        return cls(
            arrived=trial.arrived,
            response_code=trial.response_code,
            cause=failure.cause.value if failure else "",
            error=say_failure(failure, reader_language()) if failure else "",
            tested_at=trial.tested_at,
        )


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
