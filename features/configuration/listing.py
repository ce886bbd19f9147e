"""Every key of a configuration, one by one: its table, value, unit and sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo

from features.configuration.part import ConfigPart, sentence
from features.configuration.toml import toml_key


@dataclass(frozen=True)
class Key:
    """One key.

    Attributes:
        table: Path of the table it stands in; empty at the top of the file.
        name: As the file spells it.
        value: What is in force.
        unit: What its numbers count; '' where that is nothing.
        sentence: What it is for.
        example: What might be set where the default is nothing.
    """

    table: tuple[str, ...]
    name: str
    value: Any
    unit: str
    sentence: str
    example: Any

    @property
    def path(self) -> tuple[str, ...]:
        """Table and name."""
        return (*self.table, self.name)

    @property
    def meaning(self) -> str:
        """The sentence, with the unit in it."""
        return f"{self.sentence.removesuffix('.')} ({self.unit})." if self.unit else self.sentence

    @property
    def header(self) -> str:
        """The table as TOML writes it; '' at the top of the file."""
        return f"[{'.'.join(map(toml_key, self.table))}]" if self.table else ""


def keys_of(part: ConfigPart, table: tuple[str, ...] = ()) -> Iterator[Key]:
    """Yield every key of a part, those of the tables inside of it after its own."""
    inner: list[tuple[ConfigPart, tuple[str, ...]]] = []
    for name, field in type(part).model_fields.items():
        value, spelled = getattr(part, name), field.alias or name
        if isinstance(value, ConfigPart):
            inner.append((value, (*table, spelled)))
        elif isinstance(value, Mapping) and value and all(isinstance(one, ConfigPart) for one in value.values()):
            inner += [(one, (*table, spelled, item)) for item, one in value.items()]
        else:
            yield key_of(type(part), name, value, table)
    for one, below in inner:
        yield from keys_of(one, below)


def key_of(model: type[ConfigPart], name: str, value: Any, table: tuple[str, ...]) -> Key:
    """Return a key of a class with a value."""
    field = model.model_fields[name]
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    unit, example = str(extra.get("unit", "")), extra.get("example")
    return Key(table, field.alias or name, value, unit, sentence(model, name), example)


def named_part(field: FieldInfo) -> type[ConfigPart] | None:
    """Return the part that a table of named tables holds, as `[delivery.targets.NAME]`; None for any other field."""
    found = get_args(field.annotation)[-1] if get_origin(field.annotation) is dict else None
    return found if isinstance(found, type) and issubclass(found, ConfigPart) else None


def is_set(tables: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    """Tell whether a file's tables hold a key at a path."""
    at: Any = tables
    for name in path:
        if not isinstance(at, Mapping) or name not in at:
            return False
        at = at[name]
    return True
