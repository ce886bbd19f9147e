"""Hand a path to libraries that take it for an address, so that any folder may be a home: 海口, `a b`, `%41`, `[1]`.

SQLAlchemy and MLflow read a URL, deltalake makes one of every path and loses some characters on the way, DuckDB reads a
pattern (`features.lake.duck.parquet`). Each of them gets its path from here or from there, and from nowhere else.
"""

from __future__ import annotations

import atexit
import functools
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from features.errors import LakeError

_URL_SIGNS: Final = re.compile(r"[%?]")
_DELTA_CANNOT: Final = re.compile(r"[%#?\[\]\\^|<>{}\"`\x00-\x1f\x7f]")
"""deltalake 1.6 decodes a folder's name once too often, makes a host of it, or forgets the notes of its commits."""
_PLAIN_PLACES: Final = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - only folders made by mkdtemp are used in them


def sqlite_url(path: Path) -> str:
    """Return the SQLAlchemy URL of a SQLite file, which MLflow understands as well.

    >>> sqlite_url(Path("/srv/海口 12345/weisu.db"))
    'sqlite:////srv/海口 12345/weisu.db'
    >>> sqlite_url(Path("/srv/%41/weisu.db"))
    'sqlite+pysqlite:////srv/%2541/weisu.db'
    """
    if not _URL_SIGNS.search(str(path)):
        return f"sqlite:///{path}"
    # With the driver named, MLflow does not make a folder called like the quoted path.
    return f"sqlite+pysqlite:///{quote(str(path))}"


def sqlite_file(url: str) -> Path | None:
    """Return the file of such a URL, None of any other."""
    for scheme, read in (("sqlite:///", str), ("sqlite+pysqlite:///", unquote)):
        if url.startswith(scheme):
            return Path(read(url.removeprefix(scheme)))
    return None


def file_of_uri(uri: str) -> str:
    """Return the name of the file that deltalake names by a URI; the files of our tables lie in the table's folder."""
    return unquote(uri.rpartition("/")[2])


def delta_can_read(folder: Path) -> bool:
    """Return whether deltalake takes the path of a folder for what it is."""
    return not _DELTA_CANNOT.search(str(folder.resolve()))


@functools.cache
def stand_in(folder: Path) -> Path:
    """Return a folder with a plain name whose `_delta_log` is that of `folder` (absolute); it goes with this process.

    deltalake follows no link to the folder itself, but writes through one to the log. Data files are not there.
    """
    plain = plain_folder()
    atexit.register(shutil.rmtree, plain, ignore_errors=True)
    (plain / "_delta_log").symlink_to(folder / "_delta_log")
    return plain


def plain_folder() -> Path:
    """Make a folder whose name deltalake can read, outside the home.

    Raises:
        LakeError: There is no place for one.
    """
    for place in (tempfile.gettempdir(), *_PLAIN_PLACES):
        if Path(place).is_dir() and delta_can_read(Path(place)):
            return Path(tempfile.mkdtemp(prefix="weisu-", dir=place))
    raise LakeError("no folder for temporary files has a plain name", hint="set TMPDIR to a folder without % [ ] ^ |")
