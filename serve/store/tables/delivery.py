"""Messages on their way: subscriptions, the transactional outbox, and one row per delivery attempt."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from serve.store.columns import Base, free_text


class Subscription(Base):
    """Where messages for one audience go: channel, address, filters. Secrets stay in the configuration file.

    `audience` is a department, or `role:supervisor`, `duty` (the duty desk), `all`; the ladder names these too.
    `author_role` is the role of who last said where its messages go. An ended one stays for its deliveries' sake.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (Index(None, "audience", "channel"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    audience: Mapped[str] = mapped_column(String(200))
    channel: Mapped[str] = mapped_column(String(40))
    config: Mapped[dict[str, Any]]
    minimum_level: Mapped[str] = mapped_column(String(10), default="")
    kinds: Mapped[list[str]]
    language: Mapped[str] = mapped_column(String(10), default="zh-CN")
    author: Mapped[str] = mapped_column(String(200))
    author_role: Mapped[str] = mapped_column(String(20), default="")
    created_at: Mapped[datetime]
    paused_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    tested_at: Mapped[datetime | None]

    _masked = free_text("name")


class OutboxMessage(Base):
    """A message to an audience, written in the transaction of the event that caused it.

    `id` is the idempotency id that every copy on the wire carries. `channel` is '' for all of the audience's
    subscriptions, or the one that the escalation ladder asked for. `body` holds facts for rendering: no personal data,
    no raw text. `expanded_at` is set by the delivery worker once there is a queued delivery per subscription.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("event_id", "audience", "channel"),
        Index(None, "expanded_at", "not_before"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alerts.id"), index=True)
    event_id: Mapped[str] = mapped_column(ForeignKey("alert_events.id"))
    reason: Mapped[str] = mapped_column(String(30))
    msg_type: Mapped[str] = mapped_column(String(10))
    revision: Mapped[int]
    level: Mapped[str] = mapped_column(String(10))
    kind: Mapped[str] = mapped_column(String(20))
    audience: Mapped[str] = mapped_column(String(200))
    channel: Mapped[str] = mapped_column(String(40), default="")
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    not_before: Mapped[datetime]
    expanded_at: Mapped[datetime | None]

    _masked = free_text("body")


class Delivery(Base):
    """One attempt to hand one message to one subscription.

    `status`: queued, sending, sent, retry (a later attempt follows), dead (given up: the dead-letter list), skipped.
    `cause` with its parameters says why it failed, '' when it did not; `said` is what the receiver said about it;
    `paused_bot` that the receiver asked to be left alone: everything for the same bot waits with the next attempt.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("outbox_id", "subscription_id", "attempt"),
        Index(None, "status", "due_at"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    outbox_id: Mapped[str] = mapped_column(ForeignKey("outbox.id"))
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id"), index=True)
    attempt: Mapped[int] = mapped_column(default=1)
    status: Mapped[str] = mapped_column(String(20))
    due_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    response_code: Mapped[int | None]
    cause: Mapped[str] = mapped_column(String(40), default="")
    cause_params: Mapped[dict[str, Any]] = mapped_column(default=dict)
    said: Mapped[str] = mapped_column(Text, default="")
    paused_bot: Mapped[bool] = mapped_column(default=False)
    digest_id: Mapped[str] = mapped_column(String(40), default="")
