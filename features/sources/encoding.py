"""Recognise the encoding of a text file by what its bytes would say, and bring it to UTF-8."""

from __future__ import annotations

import codecs
import gzip
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from features.errors import SourceError

LOST: Final = "\x1a"
"""Stands in a transcoded copy for bytes that are no character: a row that has it is unreadable."""

MARK_LOST: Final = "mark-lost"
"""How to decode so that `LOST` stands for such bytes."""
codecs.register_error(MARK_LOST, lambda error: (LOST, error.end))  # type: ignore[attr-defined]

_BOMS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SAMPLE: Final = 1 << 24
_JUDGED: Final = 1 << 20
_CHUNK: Final = 1 << 22
_SURE: Final = 0.8
_AHEAD: Final = 0.25
_FEW: Final = 4

# What each encoding's bytes look like in the texts that it is used for.
_RUN: Final = re.compile(rb"[\x80-\xff]+")
_UTF8: Final = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_PAIR: Final = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
_GB_COMMON: Final = re.compile(rb"[\xb0-\xd7][\xa1-\xfe]|[\xa1-\xa9][\xa1-\xfe]")
_BIG5_COMMON: Final = re.compile(rb"[\xa4-\xc6][\x40-\x7e\xa1-\xfe]|[\xa1-\xa3][\x40-\x7e\xa1-\xfe]")
_ACCENTED: Final = rb"[\x80\x85\x8a\x8c\x8e\x91-\x97\x9a\x9c\x9e\x9f\xa7\xb0\xb4\xbf-\xd6\xd8-\xf6\xf8-\xff]{1,2}"
_LETTER: Final = re.compile(rb"(?<![\x80-\xff])" + _ACCENTED + rb"(?![\x80-\xff])")


@dataclass(frozen=True)
class Encoding:
    """An encoding, what else the bytes could be ('' where there is no doubt), and whether the mapping says it."""

    name: str
    rival: str = ""
    stated: bool = False


def detect_encoding(path: Path) -> str:
    """Return the encoding that the bytes of a file speak for; see `judge_encoding`."""
    return judge_encoding(path).name


def judge_encoding(path: Path) -> Encoding:
    """Return `utf-8`, `utf-8-sig`, `utf-16` (with or without mark), `gb18030`, `big5` or `cp1252`, and the doubt.

    Nearly any bytes are valid GB18030, so what decodes proves nothing. Chinese texts are made of common characters,
    which lie together in GB18030 and in Big5; letters with accents stand alone between plain ones. A text that is
    mostly valid UTF-8 is UTF-8 with damaged bytes.

    Raises:
        SourceError: The bytes look like no text in a known encoding.
    """
    sample = _telling(path)
    for mark, name in _BOMS:
        if sample.startswith(mark):
            return Encoding(name)
    if sample.isascii() and b"\x00" not in sample:
        return Encoding("utf-8")
    if wide := _without_mark(sample):
        return Encoding(wide)
    lines = b"\n".join(line for line in sample.split(b"\n") if not line.isascii())[:_JUDGED]
    high = sum(len(run) for run in _RUN.findall(lines)) or 1
    if sum(map(len, _UTF8.findall(lines))) / high > _SURE:
        return Encoding("utf-8")
    scores = {"gb18030": _share(lines, _GB_COMMON), "big5": _share(lines, _BIG5_COMMON)}
    scores["cp1252"] = sum(map(len, _LETTER.findall(lines))) / high
    best, second = sorted(scores, key=lambda name: -scores[name])[:2]
    if scores[best] < _SURE / 2:
        raise SourceError(
            f"{path}: its encoding is not UTF-8, and looks like no other", hint='say encoding = "..." in the mapping'
        )
    doubtful = scores[best] < _SURE or scores[best] - scores[second] < _AHEAD or high < _FEW
    return Encoding(best, second if doubtful else "")


def transcode(path: Path, encoding: str, target: Path) -> None:
    """Write `path` as UTF-8 without a byte-order mark to `target`, with `LOST` for what is no character.

    Raises:
        SourceError: There is no such encoding.
    """
    try:
        reader_of = codecs.getreader(encoding)
    except LookupError as error:
        raise SourceError(f"{path}: no encoding called {encoding!r}", hint="such as gb18030, big5, cp1252") from error
    with _open(path) as source, target.open("w", encoding="utf-8", newline="") as sink:
        reader = reader_of(source, MARK_LOST)
        first = True
        while text := reader.read(_CHUNK):
            sink.write(text.removeprefix("\ufeff") if first else text)
            first = False


def opened(path: Path) -> IO[bytes]:
    """Open a file to read its bytes, unpacked if its name ends in `.gz`."""
    return _open(path)


def _telling(path: Path) -> bytes:
    """Return the first 16 MiB, or later ones where those are all ASCII."""
    with _open(path) as file:
        first = sample = file.read(_SAMPLE)
        while len(sample) == _SAMPLE and sample.isascii():
            sample = file.read(_SAMPLE)
    # The last line of a sample may end in the middle of a character.
    return sample or first


def _without_mark(sample: bytes) -> str:
    """Return UTF-16 without a mark, which plain characters betray: every other byte of theirs is NUL."""
    even, odd = sample[0:_JUDGED:2].count(0), sample[1:_JUDGED:2].count(0)
    if max(even, odd) * 20 < min(len(sample), _JUDGED) // 2 or min(even, odd) * 10 > max(even, odd):
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _share(lines: bytes, common: re.Pattern[bytes]) -> float:
    """Return how many of the pairs of bytes are common characters of an encoding."""
    pairs = _PAIR.findall(lines)
    return sum(1 for pair in pairs if common.fullmatch(pair)) / (len(pairs) or 1)


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb")  # type: ignore[return-value]
