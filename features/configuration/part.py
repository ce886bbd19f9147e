"""What every section of `weisu.toml` is made of: frozen, validated, and each key with its sentence and unit."""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class ConfigPart(BaseModel):
    """A section, or a table inside of one.

    The string under each key is its sentence: `weisu config show`, `weisu init` and docs/configuration.md print it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


def key(default: Any, *, unit: str = "", example: Any = None, **limits: Any) -> Any:
    """Declare a key with its unit.

    Args:
        default: Its value where nobody sets it.
        unit: What its numbers count, as printed beside them.
        example: What `weisu init` writes where the default is nothing.
        **limits: Of pydantic's `Field`: `ge`, `gt`, `le`, `lt`, `alias`.
    """
    # What has limits is a number: true and "3" are none.
    strict = bool({"ge", "gt"} & set(limits))
    return Field(default, json_schema_extra={"unit": unit, "example": example}, strict=strict, **limits)


def sentence(model: type[ConfigPart], name: str) -> str:
    """Return the sentence of a key, on one line; '' when it has none."""
    return _sentences(model).get(name, "")


# Pydantic would do so for every class as it is made, which a command that prints no sentence should not wait for.
@cache
def _sentences(model: type[ConfigPart]) -> dict[str, str]:
    body = _class_body(model)
    return {
        field.target.id: " ".join(inspect.cleandoc(text.value.value).split())
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def _class_body(model: type[ConfigPart]) -> list[ast.stmt]:
    module = ast.parse(inspect.getsource(sys.modules[model.__module__]))
    found = (node for node in module.body if isinstance(node, ast.ClassDef) and node.name == model.__name__)
    return next(node.body for node in found)
