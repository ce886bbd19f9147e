"""Recognise the encoding of a text file and bring it to UTF-8."""

from __future__ import annotations

import codecs
import gzip
from pathlib import Path
from typing import IO, Final

from features.errors import SourceError

_BOMS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SAMPLE: Final = 1 << 24
_CHUNK: Final = 1 << 22


def detect_encoding(path: Path) -> str:
    """Return `utf-8`, `utf-8-sig`, `utf-16` or `gb18030`, whichever decodes the first 16 MiB.

    A text that is valid UTF-8 is hardly ever anything else, so UTF-8 is tried first; GB18030 covers GBK and GB2312,
    the encodings of Chinese office software. A later line in another encoding ends in quarantine.

    Raises:
        SourceError: No known encoding decodes the file.
    """
    with _open(path) as file:
        sample = file.read(_SAMPLE)
    for mark, name in _BOMS:
        if sample.startswith(mark):
            return name
    for name in ("utf-8", "gb18030"):
        try:
            # Not final: the sample may end in the middle of a character.
            codecs.getincrementaldecoder(name)().decode(sample)
        except UnicodeDecodeError:
            continue
        return name
    raise SourceError(f"{path}: neither UTF-8 nor GB18030", hint="save the file as UTF-8")


def transcode(path: Path, encoding: str, target: Path) -> None:
    """Write `path` as UTF-8 without a byte-order mark to `target`."""
    with _open(path) as source, target.open("w", encoding="utf-8", newline="") as sink:
        reader = codecs.getreader(encoding)(source, "replace")
        while text := reader.read(_CHUNK):
            sink.write(text)


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb")  # type: ignore[return-value]
