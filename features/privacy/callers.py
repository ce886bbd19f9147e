"""Callers as keyed hashes: the same caller is recognised again, and nobody without the key can find out who it is.

Rotation: every hash starts with the id of its key. After a new key is set, new tickets carry the new id, old hashes
stay what they are, and one caller counts as two across the change (re-ingest the open window to join them). Keep
retired keys, though not on the same machine: `hashes_of` needs them to find a caller who asks to be erased.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Any, Final

from features.errors import WeakKeyError
from features.settings import LEAST_KEY_BYTES

_KEY_ID_DIGITS: Final = 4
_HASH_DIGITS: Final = 16
_PHONE: Final = re.compile(r"[+0-9(][0-9 ()./-]*")
_NOT_DIGITS: Final = re.compile(r"[^0-9]")
_MOBILE_WITH_COUNTRY: Final = re.compile(r"(?:00)?86(1[3-9][0-9]{9})")


class CallerHasher:
    """HMAC-SHA256 of callers, as `<key id>-<16 hex digits>`.

    Args:
        key: Secret of at least 8 bytes; `Settings.secret_key()`.
        retired: Earlier keys, newest first; used by `hashes_of` only.

    Raises:
        WeakKeyError: A key is shorter than 8 bytes.
    """

    def __init__(self, key: bytes, *, retired: Sequence[bytes] = ()) -> None:
        if min(map(len, (key, *retired))) < LEAST_KEY_BYTES:
            raise WeakKeyError(
                f"the caller key has fewer than {LEAST_KEY_BYTES} bytes",
                hint="set hmac_key to a random text, e.g. of `openssl rand -hex 32`",
            )
        self._key = key
        self._retired = tuple(retired)

    @property
    def key_id(self) -> str:
        """Four hex digits that name the key without telling it."""
        return key_id_of(self._key)

    def hash(self, caller: str | None) -> str | None:
        """Return the hash of one caller; None for None and for a blank one.

        All writings of one phone number (+86, spaces, dashes, wide digits) have one hash; so have those of a name or
        an id that differ only in case, width or blanks around.
        """
        return _hash(self._key, self.key_id, caller)

    def hash_column(self, values: Any) -> Any:
        """Hash a column of callers (Arrow array or chunked array, strings or integers) into an Arrow string array.

        Each distinct caller is hashed once, so a year of millions of calls costs seconds.
        """
        import pyarrow as pa

        if isinstance(values, pa.ChunkedArray):
            values = values.combine_chunks()
        if not pa.types.is_dictionary(values.type):
            values = values.cast(pa.string()).dictionary_encode()
        key_id = self.key_id
        distinct = [_hash(self._key, key_id, caller) for caller in values.dictionary.cast(pa.string()).to_pylist()]
        return pa.array(distinct, type=pa.string()).take(values.indices)

    def hashes_of(self, caller: str) -> list[str]:
        """Return what a caller may be stored as, under the present key and the retired ones: for legal erasure."""
        hashes = (_hash(key, key_id_of(key), caller) for key in (self._key, *self._retired))
        return [value for value in hashes if value is not None]


def key_id_of(key: bytes) -> str:
    """Return the four hex digits that name a key without telling it."""
    return hmac.digest(key, b"weisu key id", "sha256").hex()[:_KEY_ID_DIGITS]


def _hash(key: bytes, key_id: str, caller: str | None) -> str | None:
    normal = _normal(caller) if caller is not None else ""
    if not normal:
        return None
    return f"{key_id}-{hmac.digest(key, normal.encode(), hashlib.sha256).hex()[:_HASH_DIGITS]}"


def _normal(caller: str) -> str:
    """Return one writing for all writings of a caller."""
    import unicodedata

    text = unicodedata.normalize("NFKC", caller).strip().casefold()
    if not _PHONE.fullmatch(text):
        return text
    digits = _NOT_DIGITS.sub("", text)
    mobile = _MOBILE_WITH_COUNTRY.fullmatch(digits)
    return mobile[1] if mobile else digits
