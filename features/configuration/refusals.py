"""What is wrong with a configuration, in sentences that name the table, the key and the nearest known name."""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from features.configuration.nearest import did_you_mean, nearest

_TOML_WORDS: Final = {
    "tuple_type": "should be a list",
    "list_type": "should be a list",
    "dict_type": "should be a table",
    "model_type": "should be a table",
    "path_type": "should be a path",
    "int_type": "should be a whole number",
    "float_type": "should be a number",
    "missing": "is missing",
}
"""What pydantic says in words of Python, in those of TOML."""


def refusals(error: ValidationError, model: type[BaseModel], *, table: str = "") -> list[str]:
    """Return one sentence per thing that is wrong.

    Args:
        error: Of the validation.
        model: What was validated.
        table: Where in the file the model stands; the top when empty.
    """
    return [_sentence(details, model, table) for details in error.errors()]


def _sentence(details: ErrorDetails, model: type[BaseModel], table: str) -> str:
    path = [str(part) for part in details["loc"]]
    if details["type"] == "extra_forbidden":
        return _unknown(path, details["input"], model, table)
    where = _table([*table.split("."), *path[:-1]])
    said = _TOML_WORDS.get(details["type"], details["msg"].removeprefix("Value error, ").removeprefix("Input "))
    return f"{where} {path[-1]}: {said}" if where and path else f"{where}{'.'.join(path)}: {said}"


def _unknown(path: list[str], value: Any, model: type[BaseModel], table: str) -> str:
    name, parents = path[-1], [part for part in (*table.split("."), *path[:-1]) if part]
    known = known_names(_at(model, path[:-1]))
    if isinstance(value, Mapping) and not parents:
        return f"[{name}] is not a section{did_you_mean(name, _tables(model), frame='[{}]')}"
    if parents:
        return f"{name} is not a key of {_table(parents)}{did_you_mean(name, known)}"
    owners = [one for one in _tables(model) if name in known_names(_at(model, [one]))]
    if owners and not nearest(name, known):
        return f"{name} is a key of {' and '.join(f'[{one}]' for one in owners)}, and stands before the first section"
    return f"{name} is not a key{did_you_mean(name, [one for one in known if one not in _tables(model)])}"


def _table(parts: list[str]) -> str:
    inner = ".".join(part for part in parts if part)
    return f"[{inner}]" if inner else ""


def known_names(model: Any) -> list[str]:
    """Return the names of a model's keys as a file spells them."""
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _tables(model: type[BaseModel]) -> list[str]:
    """Return the keys of a model that are tables."""
    fields = model.model_fields
    return [name for name, field in fields.items() if _model(field.annotation) or get_origin(field.annotation) is dict]


def _at(model: Any, path: list[str]) -> Any:
    """Return the model that stands at a path below another: through keys, names of tables, and items of lists."""
    for name in path:
        if _model(model):
            model = next((f.annotation for key, f in model.model_fields.items() if name in (key, f.alias)), None)
        else:
            model = get_args(model)[-1 if get_origin(model) is dict else 0] if get_args(model) else None
        model = _plain(model)
    return model


def _plain(annotation: Any) -> Any:
    """Take `Annotated` and `| None` off an annotation."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return next((_plain(one) for one in get_args(annotation) if one is not type(None)), None)
    return annotation


def _model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
