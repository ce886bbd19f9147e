"""API keys: made once, shown once, kept as a hash.

A key is 32 random bytes, so a plain SHA-256 is enough: there is nothing to guess, unlike a password.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select

from features.words import Coded
from serve.access.roles import ROLES, Role
from serve.errors import NotFoundError, UnauthorizedError, UnprocessableError
from serve.invalid import Invalid
from serve.store import Store
from serve.store.columns import new_id
from serve.store.tables import ApiKey
from serve.values import Name

KEY_PREFIX: Final = "weisu_"
_NAME: Final[TypeAdapter[str]] = TypeAdapter(Name)


@dataclass(frozen=True)
class KeyInfo:
    """A key as it may be shown: never the key itself."""

    id: str
    name: str
    role: Role
    department: str
    hint: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True)
class NewKey:
    """A key that was just made; `secret` is shown this once and not stored."""

    info: KeyInfo
    secret: str

    def __repr__(self) -> str:
        return f"NewKey({self.info!r})"


def hash_key(secret: str) -> str:
    """Return what is stored of a key."""
    return hashlib.sha256(secret.encode()).hexdigest()


def add_key(
    store: Store,
    *,
    name: str,
    role: Role | str,
    department: str = "",
    now: datetime,
    valid_for: timedelta | None = None,
) -> NewKey:
    """Make a key.

    Args:
        store: Where its hash is kept.
        name: The person or machine it is for; it signs every action.
        role: What it may do.
        department: The department it is bound to: required for the role `department`, refused for any other.
        now: Present moment.
        valid_for: Life time; for ever when None.

    Raises:
        UnprocessableError: A name that is none, an unknown role, or a department where none belongs (or none where one
            does).
    """
    name, department = _cleaned("name", name), _cleaned("department", department)
    try:
        known = Role(role)
    except ValueError as error:
        raise UnprocessableError("unknown_role", role=role, roles=list(Role)) from error
    if (known is Role.DEPARTMENT) != bool(department):
        raise UnprocessableError(
            "department_key_needs_department" if known is Role.DEPARTMENT else "key_takes_no_department",
            role=Coded(ROLES, known),
        )
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    row = ApiKey(
        id=new_id("key"),
        name=name,
        role=known.value,
        department=department,
        key_hash=hash_key(secret),
        key_hint=secret[-4:],
        created_at=now,
        expires_at=now + valid_for if valid_for else None,
    )
    with store.session() as session:
        session.add(row)
    return NewKey(_info(row), secret)


def _cleaned(field: str, value: str) -> str:
    try:
        return _NAME.validate_python(value)
    except ValidationError as error:
        raise UnprocessableError("form_field", field=field, why=Invalid.of(error.errors()[0])) from error


def list_keys(store: Store) -> list[KeyInfo]:
    """Return every key, revoked ones too, oldest first."""
    with store.reading() as session:
        return [_info(row) for row in session.scalars(select(ApiKey).order_by(ApiKey.created_at, ApiKey.id))]


def revoke_key(store: Store, key_id: str, *, now: datetime) -> KeyInfo:
    """Take a key out of service, and with it every browser session it opened.

    Raises:
        NotFoundError: There is no such key.
    """
    with store.session() as session:
        row = session.get(ApiKey, key_id)
        if row is None:
            raise NotFoundError("no_key", key=key_id)
        row.revoked_at = row.revoked_at or now
        return _info(row)


def authenticate(store: Store, secret: str, *, now: datetime) -> KeyInfo:
    """Return whose key this is.

    Raises:
        UnauthorizedError: The key is unknown, revoked or expired; the message does not tell which.
    """
    with store.reading() as session:
        row = session.scalar(select(ApiKey).where(ApiKey.key_hash == hash_key(secret)))
        if row is None or not is_valid(row, now):
            raise UnauthorizedError("key_invalid")
        return _info(row)


def is_valid(row: ApiKey, now: datetime) -> bool:
    """Tell whether a key may still be used."""
    return row.revoked_at is None and (row.expires_at is None or now < row.expires_at)


def _info(row: ApiKey) -> KeyInfo:
    return KeyInfo(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        department=row.department,
        hint=f"...{row.key_hint}",
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
