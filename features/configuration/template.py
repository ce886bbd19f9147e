"""The declared keys as a commented `weisu.toml`, and as the tables of docs/configuration.md."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic.fields import FieldInfo

from features.configuration.listing import Key, key_of, named_part
from features.configuration.part import ConfigPart, sentence
from features.configuration.toml import masked, plain_table, toml_key, toml_value

ANY_NAME: Final = "NAME"
"""Stands for the name that an installation gives."""

_WIDTH: Final = 110
_INTRODUCTION: Final = """\
The configuration of weisu. Every key stands here at its default, behind a #: take the # away to change one.
`weisu config check` tells what is wrong with this file, `weisu config show` what is in force."""


def commented_file(settings: ConfigPart) -> str:
    """Return a `weisu.toml` that changes nothing and shows everything."""
    lines = [*_said(_INTRODUCTION), "", *_table(settings, ())]
    return "\n".join(lines) + "\n"


def _table(part: ConfigPart, table: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines of a table: its own keys, then the tables inside of it."""
    later: list[Iterator[str]] = []
    for name, field in type(part).model_fields.items():
        value, spelled, text = getattr(part, name), field.alias or name, sentence(type(part), name)
        below = (*table, spelled)
        if isinstance(value, ConfigPart):
            later.append(_section(below, text, _table(value, below)))
        elif named := named_part(field):
            later.append(_named(below, text, named, value))
        elif isinstance(value, Mapping) and not table:
            entries = value or key_of(type(part), name, value, table).example
            later.append(_section(below, text, iter([f"#{toml_key(k)} = {toml_value(v)}" for k, v in entries.items()])))
        else:
            yield from _commented(key_of(type(part), name, value, table))
    for lines in later:
        yield from lines


def _section(table: tuple[str, ...], text: str, lines: Iterator[str]) -> Iterator[str]:
    yield ""
    yield from _said(text)
    yield _header(table)
    yield from lines


def _named(
    table: tuple[str, ...], text: str, model: type[ConfigPart], value: Mapping[str, ConfigPart]
) -> Iterator[str]:
    """Yield the tables that an installation names, or the pattern of one."""
    yield ""
    yield from _said(text)
    if not value:
        yield f"#{_header((*table, ANY_NAME))}"
        for one in declared(model, (*table, ANY_NAME)):
            yield from _commented(one)
        return
    for one in declared(model, table):
        yield from _said(f"{one.name}: {one.meaning}")
    for name, part in value.items():
        yield f"#{_header((*table, name))}"
        yield from (f"#{key} = {toml_value(one)}" for key, one in plain_table(part).items())


def _commented(key: Key) -> Iterator[str]:
    yield from _said(key.meaning)
    shown = key.example if key.example is not None and key.value in (None, {}) else key.value
    yield f"#{toml_key(key.name)} = {toml_value(shown)}"


def _header(table: tuple[str, ...]) -> str:
    return f"[{'.'.join(map(toml_key, table))}]"


def _said(text: str) -> Iterator[str]:
    for paragraph in text.splitlines():
        yield from (f"# {line}" for line in textwrap.wrap(paragraph, _WIDTH, break_on_hyphens=False))


def declared(model: type[ConfigPart], table: tuple[str, ...] = (), shipped: ConfigPart | None = None) -> Iterator[Key]:
    """Yield the keys of a class at their defaults, those of the tables inside of it with a path of names.

    Args:
        model: The class.
        table: Where it stands.
        shipped: What stands there by default; the class's own defaults when None.
    """
    for name, field in model.model_fields.items():
        default = getattr(shipped, name, None if field.is_required() else field.default)
        below = (*table, field.alias or name)
        if isinstance(default, ConfigPart):
            yield from declared(type(default), below, default)
        elif named := named_part(field):
            yield from declared(named, (*below, ANY_NAME))
        else:
            yield key_of(model, name, default, table)


def reference(model: type[ConfigPart]) -> str:
    """Return every key as tables of Markdown: those outside of sections with their variable, then each section."""
    tops = [key for key in declared(model) if not key.table and not isinstance(key.value, Mapping)]
    rows = [f"| `{key.name}` | `WEISU_{key.name.upper()}` | {_default(key)} | {_meaning(key)} |" for key in tops]
    lines = ["| key | variable | default | meaning |", "|---|---|---|---|", *rows]
    for name, field in model.model_fields.items():
        if isinstance(field.default, ConfigPart | Mapping):
            lines += ["", f"### [{name}]", "", sentence(model, name), "", *_rows(model, name, field)]
    return "\n".join(lines)


def _rows(model: type[ConfigPart], name: str, field: FieldInfo) -> Iterator[str]:
    yield "| key | default | meaning |"
    yield "|---|---|---|"
    keys = [key for key in declared(model) if key.path[0] == name]
    if isinstance(field.default, Mapping) and not named_part(field):
        keys = [Key((name,), one, value, "", "an example", None) for one, value in keys[0].example.items()]
    for key in keys:
        yield f"| `{'.'.join(map(toml_key, key.path[1:]))}` | {_default(key)} | {_meaning(key)} |"


def _default(key: Key) -> str:
    value = masked(key.value)
    return "" if value in (None, "", {}, []) else f"`{toml_value(value)}`".replace("|", "\\|")


def _meaning(key: Key) -> str:
    return key.meaning.replace("|", "\\|")
