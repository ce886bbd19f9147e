"""Values and tables as TOML, for people to read and to edit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, SecretStr

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_PASSWORD: Final = re.compile(r"(?<=://)([^:/@\s]*):[^@\s]+@")
MASKED: Final = "**********"


def masked(value: Any) -> Any:
    """Return a value as plain numbers, texts, lists and tables; secrets, and passwords in addresses, are masked."""
    if isinstance(value, SecretStr):
        return MASKED if value.get_secret_value() else ""
    if isinstance(value, BaseModel):
        return masked(plain_table(value))
    if isinstance(value, Mapping):
        return {str(name): masked(inner) for name, inner in value.items()}
    if isinstance(value, str | Path):
        return _PASSWORD.sub(rf"\1:{MASKED}@", str(value))
    return [masked(one) for one in value] if isinstance(value, Iterable) else value


def toml_value(value: Any) -> str:
    """Return a value as TOML on one line, masked.

    >>> toml_value(("a", 1, True))
    '["a", 1, true]'
    """
    plain = masked(value)
    if isinstance(plain, dict):
        inner = ", ".join(f"{toml_key(name)} = {toml_value(inner)}" for name, inner in plain.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(plain, list):
        return f"[{', '.join(map(toml_value, plain))}]"
    return json.dumps(plain, ensure_ascii=False)


def plain_table(part: BaseModel) -> dict[str, Any]:
    """Return the keys of a part that were set, as a file spells them."""
    fields = type(part).model_fields
    return {fields[name].alias or name: getattr(part, name) for name in fields if name in part.model_fields_set}


def toml_key(name: str) -> str:
    """Return a key as TOML: quoted where it must be."""
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)
