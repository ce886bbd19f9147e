"""Codes that have words: which keys a catalogue must hold for the members of an enumeration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """The words of a set of codes: those of `code` stand under the key `prefix.code`.

    Keys are built here only, so that a test can list every key that code may ask for.

    >>> Family.of("channel", ["wecom", "email"]).keys
    ('channel.wecom', 'channel.email')
    """

    prefix: str
    codes: tuple[str, ...]

    @classmethod
    def of(cls, prefix: str, codes: Iterable[str]) -> Family:
        """Return the family of an enumeration, or of any other list of codes."""
        return cls(prefix, tuple(str(code) for code in codes))

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that the catalogues hold for these codes."""
        return tuple(f"{self.prefix}.{code}" for code in self.codes)
