"""Who is asking and what they may do: roles, API keys, and the caller of a request."""

from __future__ import annotations

from serve.access.caller import Caller, CallerDep, allow
from serve.access.keys import KeyInfo, NewKey, add_key, authenticate, list_keys, revoke_key
from serve.access.roles import Role

__all__ = [
    "Caller",
    "CallerDep",
    "KeyInfo",
    "NewKey",
    "Role",
    "add_key",
    "allow",
    "authenticate",
    "list_keys",
    "revoke_key",
]
