"""Hold what comes from outside to its bounds: how much it unpacks to, how deep it is nested, how many rows it claims.

Every reader of a foreign file or answer asks here, before it spends memory on it; workbooks are read in a process of
their own (`features.workbook_process`).
"""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any, Final

from features.configuration import BoundsConfig
from features.errors import BoundError, SourceError

MIB: Final = 1 << 20
_BEST_RATIO: Final = 1032
"""Deflate packs no better than this."""
_CHUNK: Final = 1 << 20
_NO_BRACKETS: Final = bytes(code for code in range(256) if code not in b"[]{}")
_KEY: Final = "in [bounds] of weisu.toml"


def check_unpacked(path: Path, bounds: BoundsConfig) -> None:
    """Refuse a `.gz` that unpacks to more than may be read; small ones cannot, and are not looked at.

    Raises:
        BoundError: It unpacks to more than `[bounds] file_unpacked`.
        SourceError: It is no whole gzip file.
    """
    most = bounds.file_unpacked * MIB
    if not path.name.lower().endswith(".gz") or path.stat().st_size * _BEST_RATIO <= most:
        return
    unpacked = 0
    try:
        with gzip.open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                unpacked += len(chunk)
                if unpacked > most:
                    raise BoundError(
                        f"{path}: unpacks to more than {bounds.file_unpacked:,} MiB",
                        hint=f"split the file, or raise file_unpacked {_KEY}",
                    )
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{path}: {error}", hint="was it still being written?") from error


def check_size(path: Path, bounds: BoundsConfig) -> None:
    """Refuse a file that is read as a whole and too large for that.

    Raises:
        BoundError: It is larger than `[bounds] page_size`.
    """
    size = path.stat().st_size
    if size > bounds.page_size * MIB:
        raise BoundError(
            f"{path}: {size / MIB:,.0f} MiB, and at most {bounds.page_size:,} are read as a whole",
            hint=f"is it the right file? else raise page_size {_KEY}",
        )


def check_parquet(path: Path, bounds: BoundsConfig) -> list[str]:
    """Refuse a Parquet file that claims more rows than may be read; returns the names of its columns.

    Raises:
        BoundError: It has more rows than `[bounds] file_rows`.
        SourceError: It is no Parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        rows, names = int(file.metadata.num_rows), list(file.schema_arrow.names)
    except (pa.ArrowException, OSError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise SourceError(f"{path}: {first}", hint="is it what its ending says, and whole?") from error
    if not 0 <= rows <= bounds.file_rows:
        raise BoundError(
            f"{path}: claims {rows:,} rows, and at most {bounds.file_rows:,} are read",
            hint=f"split the file, or raise file_rows {_KEY}",
        )
    return names


class TooDeepError(ValueError):
    """JSON is nested deeper than may be read."""


def parse_json(content: bytes, *, depth: int = BoundsConfig().json_depth) -> Any:
    """Return decoded JSON, if it is not nested too deep.

    Raises:
        TooDeepError: It is nested deeper than `depth`.
        ValueError: It is no JSON.
    """
    if nesting(content, most=depth) > depth:
        raise TooDeepError(f"nested deeper than {depth:,} levels")
    return json.loads(content)


def nesting(content: bytes, *, most: int = 1_000_000) -> int:
    """Return how deep brackets are nested, strings left out; beyond `most` nobody counts.

    >>> nesting(b'{"a": [1, {"b": "[[["}]}')
    3
    """
    outside = content.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2]
    level = deepest = 0
    for sign in b"".join(outside).translate(None, _NO_BRACKETS):
        level += 1 if sign in b"[{" else -1
        if level > deepest:
            deepest = level
            if deepest > most:
                break
    return deepest
