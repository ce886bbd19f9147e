"""The words that detection keeps between runs; an erasure takes them along."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from features.settings import Settings
from features.text import KeptWords

_WORDS: Final = "words/window.parquet"


def kept_words(settings: Settings) -> KeptWords:
    """Return the words that the last run cut of its window (`home/words`)."""
    return KeptWords(settings.home / _WORDS)


@contextmanager
def forgetting_words(settings: Settings) -> Iterator[None]:
    """Delete them after an erasure, however it ends: they were read from what leaves the lake."""
    try:
        yield
    finally:
        (settings.home / _WORDS).unlink(missing_ok=True)
