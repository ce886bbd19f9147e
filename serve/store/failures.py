"""What a database says when it fails, as an error with the way out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DatabaseError, DataError, DBAPIError, IntegrityError

from serve.errors import StoreError

_SAID: Final = {
    "store_damaged": ("malformed", "not a database", "disk i/o error", "could not read block", "invalid page"),
    "store_full": ("disk is full", "no space left"),
    "store_read_only": ("readonly", "read-only"),
    "store_lacks": ("no such column", "no such table", "does not exist", "has no column"),
}
"""Words of SQLite and PostgreSQL, in small letters, by the code of what they mean."""


@contextmanager
def in_our_words(shown: str) -> Iterator[None]:
    """Put what the database says into our words; what is wrong with single values passes.

    Args:
        shown: Address of the store without its password.

    Raises:
        StoreError: The database is away, busy, full, damaged, read-only, or lacks a table or column.
    """
    try:
        yield
    except (IntegrityError, DataError):
        raise
    except DatabaseError as error:
        raise StoreError(code_of(error, "store_unreachable"), url=shown, why=reason(error)) from error


def code_of(error: Exception, otherwise: str) -> str:
    """Return the code of what a database said."""
    said = str(error).lower()
    return next((code for code, words in _SAID.items() if any(word in said for word in words)), otherwise)


def reason(error: Exception) -> str:
    """Return what the database itself said, on one line, without the statement and its values."""
    own = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    lines = [line.strip() for line in str(own).splitlines() if line.strip()]
    return lines[0] if lines else type(own).__name__
