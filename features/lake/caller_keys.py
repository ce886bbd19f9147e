"""Under which keys the callers of a lake are hashed: one that it does not know makes a stranger of everybody."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from features.durable import write_whole
from features.errors import PrivacyError
from features.lake.erasure import caller_key_ids
from features.privacy import key_id_of
from features.settings import CALLER_KEYS, Settings

if TYPE_CHECKING:
    from features.lake.lake import Lake


class UnknownKeyError(PrivacyError):
    """The key in force is none of those that the lake knows its callers by."""


def key_for(lake: Lake, settings: Settings) -> bytes:
    """Return the key under which callers are hashed into a lake, and note it there.

    Raises:
        PrivacyError: The key is short, damaged or gone, or one that the lake does not know.
    """
    key = settings.secret_key()
    if key_id_of(key) not in _noted(lake):
        known = refuse_unknown_key(lake, settings, key)
        write_whole(lake.path / CALLER_KEYS, json.dumps(sorted({*known, key_id_of(key)})).encode())
    return key


def refuse_unknown_key(lake: Lake, settings: Settings, key: bytes) -> frozenset[str]:
    """Return the ids of the keys that the lake's callers are hashed under.

    Raises:
        UnknownKeyError: The key is none of them, and no earlier one was declared retired.
    """
    known, own = caller_key_ids(lake), key_id_of(key)
    retired = {key_id_of(old.get_secret_value().encode()) for old in settings.privacy.retired_keys}
    retired |= set(settings.privacy.retired_key_ids)
    if known and own not in known and not known <= retired:
        named = ", ".join(sorted(known - retired))
        raise UnknownKeyError(
            f"the callers of {lake.path} are hashed under the key {named}, and the one in force is {own}: "
            "everybody would become a stranger",
            hint="bring the key back (hmac_key, or `weisu restore FILE`); if it is changed on purpose, "
            f"name the old one: [privacy] retired_key_ids = {json.dumps(sorted(known))}",
        )
    return known


def _noted(lake: Lake) -> frozenset[str]:
    try:
        return frozenset(json.loads((lake.path / CALLER_KEYS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return frozenset()
