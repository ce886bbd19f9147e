"""Read `weisu.toml` as editors write it, and the `WEISU_*` variables beside it."""

from __future__ import annotations

import codecs
import logging
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from features.configuration.nearest import nearest
from features.errors import BadInputError

PREFIX: Final = "WEISU_"
OTHER_VARIABLES: Final = ("BACKUP_PASSPHRASE", "CONFIG", "PEERS_PYTHON", "REAL_DATA", "SHOTS", "SHOW", "TRACEBACK")
"""Variables that are no keys: the file's place, a passphrase, tracebacks, the peers' Python, and what tests ask for."""

_LOG: Final = logging.getLogger(__name__)
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables and keys of a TOML file: UTF-8, with or without the mark that Windows editors put in front.

    UTF-16 with its mark is read too. What an editor saved in its country's own encoding is refused: guessing it would
    turn one department's name into another's.

    Raises:
        BadInputError: It cannot be read, is in another encoding, or is no TOML.
    """
    try:
        text = _decoded(path.read_bytes(), path)
        return tomllib.loads(text.replace("\r\n", "\n"))
    except OSError as error:
        raise BadInputError(f"configuration {path} cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise BadInputError(f"configuration {path} is not valid TOML: {error}") from error


def _decoded(content: bytes, path: Path) -> str:
    encoding = "utf-16" if content.startswith(_UTF_16) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        guess = _legacy(content)
        raise BadInputError(
            f"configuration {path}, line {line}: not UTF-8{f', probably {guess}' if guess else ''}",
            hint=f"save it as UTF-8 in your editor, or: iconv -f {guess or 'THE-ENCODING'} -t UTF-8 {path} > new.toml",
        ) from error


def _legacy(content: bytes) -> str:
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    return "GB18030" if any("\u4e00" <= letter <= "\u9fff" for letter in text) else ""


def from_environment(environ: Mapping[str, str], known: Collection[str]) -> dict[str, str]:
    """Return the keys that variables set, by the key's name; one that sets nothing is warned of by name.

    Args:
        environ: The environment; a variable that is empty sets nothing.
        known: Names of the keys that a variable may set.
    """
    variables = {f"{PREFIX}{name.upper()}": name for name in known}
    others = [f"{PREFIX}{name}" for name in OTHER_VARIABLES]
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in variables and name not in others:
            close = nearest(name.removeprefix(PREFIX), known)
            meant = f": did you mean {PREFIX}{close.upper()}?" if close else "; `weisu config show` lists the variables"
            _LOG.warning("%s sets nothing%s", name, meant)
    return {name: environ[variable] for variable, name in variables.items() if environ.get(variable)}
