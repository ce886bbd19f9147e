"""Idempotency-Key: the same key and the same request get the same reply, and the work is done once.

The reply is remembered in the transaction that did the work, so a crash leaves either both or neither.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Header
from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.access import Caller
from serve.errors import ConflictError
from serve.store.tables import IdempotentReply

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[ -~]+$",
        description="Repeat a request safely with the same key",
    ),
]


@dataclass(frozen=True)
class Attempt:
    """One request that may be a repetition; without a key it never is."""

    caller: Caller
    key: str | None
    request_hash: str

    @classmethod
    def of(cls, caller: Caller, key: str | None, *parts: Any) -> Attempt:
        """Return the attempt of a request that consists of these parts (what is done, to what, with which values)."""
        text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str)
        return cls(caller, key, hashlib.sha256(text.encode()).hexdigest())

    def earlier_reply(self, session: Session) -> dict[str, Any] | None:
        """Return the reply that this request got before, None when it is new.

        Raises:
            ConflictError: The key was used for another request.
        """
        if self.key is None:
            return None
        row = session.scalar(
            select(IdempotentReply).where(
                IdempotentReply.api_key_id == self.caller.key_id, IdempotentReply.idempotency_key == self.key
            )
        )
        if row is None:
            return None
        if row.request_hash != self.request_hash:
            raise ConflictError("key_reused")
        return row.reply

    def remember(self, session: Session, reply: dict[str, Any], *, now: datetime, status: int = 200) -> None:
        """Keep the reply for a repetition."""
        if self.key is None:
            return
        session.add(
            IdempotentReply(
                api_key_id=self.caller.key_id,
                idempotency_key=self.key,
                request_hash=self.request_hash,
                status=status,
                reply=reply,
                created_at=now,
            )
        )
