"""Who may ask: API keys, browser sessions, the log of evidence reads, and remembered replies to repeated requests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from serve.store.columns import Base, free_text


class ApiKey(Base):
    """One key of one person or machine. The key itself is shown once; only its hash is kept."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    department: Mapped[str] = mapped_column(String(200), default="")
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    key_hint: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class BrowserSession(Base):
    """A browser that exchanged a key (or a signed link) for a cookie; the cookie's hash is kept."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    csrf_token: Mapped[str] = mapped_column(String(64))
    api_key_id: Mapped[str] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class LoginAttempt(Base):
    """A login that failed or is under way: hashes of its address and of the beginning of its key, while it counts."""

    __tablename__ = "login_attempts"
    __table_args__ = (Index(None, "address", "at"), Index(None, "key_prefix", "at"))

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    address: Mapped[str] = mapped_column(String(64))
    key_prefix: Mapped[str] = mapped_column(String(64))


class AccessLog(Base):
    """Who looked at the tickets behind an alert, and when."""

    __tablename__ = "access_log"
    __table_args__ = (Index(None, "alert_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(index=True)
    api_key_id: Mapped[str] = mapped_column(String(40))
    actor: Mapped[str] = mapped_column(String(200))
    department: Mapped[str] = mapped_column(String(200), default="")
    action: Mapped[str] = mapped_column(String(40))
    alert_id: Mapped[str] = mapped_column(String(40))
    tickets: Mapped[int] = mapped_column(default=0)


class IdempotentReply(Base):
    """The reply to a request that carried an Idempotency-Key; the same key gets the same reply, once done."""

    __tablename__ = "idempotent_replies"
    __table_args__ = (UniqueConstraint("api_key_id", "idempotency_key"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    api_key_id: Mapped[str] = mapped_column(String(40))
    idempotency_key: Mapped[str] = mapped_column(String(200))
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    reply: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)

    _masked = free_text("reply")
