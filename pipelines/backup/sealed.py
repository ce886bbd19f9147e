"""Keys and configuration under a passphrase: scrypt makes a key of it, AES-256-GCM seals."""

from __future__ import annotations

import os
from typing import Final

from pipelines.errors import BackupInputError

LEAST_LETTERS: Final = 12
_MAGIC: Final = b"weisu sealed 1\n"
_SALT: Final = 16
_NONCE: Final = 12
_LOG_N: Final = 17
"""128 MiB and some tenths of a second for each guess, as OWASP asks (RFC 7914)."""


def seal(content: bytes, passphrase: str) -> bytes:
    """Return the content under a passphrase.

    Raises:
        BackupInputError: The passphrase is short enough to be guessed.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(passphrase) < LEAST_LETTERS:
        raise BackupInputError(f"the passphrase has fewer than {LEAST_LETTERS} letters", hint="take a sentence")
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    return _MAGIC + salt + nonce + AESGCM(_key(passphrase, salt)).encrypt(nonce, content, _MAGIC)


def unseal(sealed: bytes, passphrase: str) -> bytes:
    """Return what was sealed.

    Raises:
        BackupInputError: The passphrase is another one, or the content was changed.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    wrong = BackupInputError("the passphrase is not the one of this backup", hint="it was chosen when it was made")
    if not sealed.startswith(_MAGIC):
        raise wrong
    body = sealed[len(_MAGIC) :]
    salt, nonce, content = body[:_SALT], body[_SALT : _SALT + _NONCE], body[_SALT + _NONCE :]
    try:
        return AESGCM(_key(passphrase, salt)).decrypt(nonce, content, _MAGIC)
    except InvalidTag as error:
        raise wrong from error


def _key(passphrase: str, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt=salt, length=32, n=1 << _LOG_N, r=8, p=1).derive(passphrase.encode())
