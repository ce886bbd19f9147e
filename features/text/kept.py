"""Words of texts that an earlier run cut, kept in a file: the same three days are cut every morning otherwise."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from features.text.tokens import Tokens, tokenise

_KEY_BYTES: Final = 12
_BETWEEN: Final = "\0"
"""No token holds it."""
_CUT_BY: Final = b"cut_by"
_COLUMNS: Final = ["text", "words"]


class KeptWords:
    """What `tokenise` returns, from a file where an earlier run left it.

    A file that another tokeniser left is as good as none. Texts are known by their digests, so that the file holds the
    words of a text and never finds the text.

    Args:
        path: The file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = _read(path)
        self._new: dict[bytes, str] = {}

    def peek(self, texts: Sequence[str]) -> list[Tokens]:
        """Return the words of each text, like `tokenise`; nothing is kept of them."""
        return self._words(texts, {})

    def cut(self, texts: Sequence[str]) -> list[Tokens]:
        """Return the words of each text, like `tokenise`, to be kept by `keep`."""
        return self._words(texts, self._new)

    def keep(self) -> None:
        """Write the words of all that `cut` was asked for since the file was read, and of nothing else."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(f".{os.getpid()}.part")
        table = pa.table([pa.array(self._new.keys(), pa.binary(_KEY_BYTES)), list(self._new.values())], names=_COLUMNS)
        pq.write_table(table.replace_schema_metadata({_CUT_BY: _tokeniser()}), part, compression="zstd")
        part.replace(self._path)

    def _words(self, texts: Sequence[str], noted: dict[bytes, str]) -> list[Tokens]:
        found = []
        for text in texts:
            key = hashlib.blake2b(text.encode(), digest_size=_KEY_BYTES).digest()
            said = self._kept.get(key)
            if said is None:
                said = _BETWEEN.join(tokenise([text])[0])
            noted[key] = said
            found.append(said.split(_BETWEEN) if said else [])
        return found


def _read(path: Path) -> dict[bytes, str]:
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid):
        return {}
    if (table.schema.metadata or {}).get(_CUT_BY) != _tokeniser():
        return {}
    return dict(zip(*(table[name].to_pylist() for name in _COLUMNS), strict=True))


def _tokeniser() -> bytes:
    """Return what tells this tokeniser from another: its code, its lists and its dictionary."""
    own = sorted((file for file in files("features.text").iterdir() if file.is_file()), key=lambda file: file.name)
    said = b"".join(file.read_bytes() for file in own)
    return hashlib.blake2b(said + version("jieba").encode(), digest_size=_KEY_BYTES).hexdigest().encode()
