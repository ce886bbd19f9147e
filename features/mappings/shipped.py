"""Find a mapping by name among the shipped ones, or read the user's own TOML file."""

from __future__ import annotations

import difflib
import tomllib
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from features.errors import MappingError
from features.mappings.mapping import Mapping


def mapping_names() -> list[str]:
    """Return the names of the shipped mappings, sorted."""
    return sorted(
        entry.name.removesuffix(".toml")
        for entry in resources.files("features.mappings").iterdir()
        if entry.name.endswith(".toml")
    )


def load_mapping(name: str | Path) -> Mapping:
    """Return the mapping of a shipped name or of a TOML file.

    Raises:
        MappingError: There is no such name or file, it is not TOML, or it does not describe a source.
    """
    text = str(name)
    if text.endswith(".toml"):
        path = Path(text)
        if not path.is_file():
            raise MappingError(f"no mapping file at {path}", hint="`weisu mapping suggest FILE` writes a first one")
        mapping = parse_mapping(path.read_text(encoding="utf-8"), where=text)
        return mapping.model_copy(update={"areas": str(path.parent / mapping.areas)}) if mapping.areas else mapping
    names = mapping_names()
    if text not in names:
        near = difflib.get_close_matches(text, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"shipped are {', '.join(names)}; or give a .toml file"
        raise MappingError(f"no mapping called {text!r}", hint=hint)
    resource = resources.files("features.mappings") / f"{text}.toml"
    return parse_mapping(resource.read_text(encoding="utf-8"), where=text)


def parse_mapping(text: str, *, where: str) -> Mapping:
    """Return the mapping written in TOML; `where` names it in messages.

    Raises:
        MappingError: The text is not TOML or does not describe a source.
    """
    try:
        return Mapping(**tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"mapping {where} is not valid TOML: {error}") from error
    except (ValidationError, TypeError) as error:
        problems = (
            "; ".join(f"{'.'.join(map(str, e['loc'])) or 'mapping'}: {e['msg']}" for e in error.errors())
            if isinstance(error, ValidationError)
            else str(error)
        )
        raise MappingError(f"mapping {where}: {problems}", hint="docs/ingest.md lists every key") from error
