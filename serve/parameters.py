"""Parameters nobody asked for: an address that names one that its page does not know is refused, by name.

What is not known would be left out in silence, and the answer would be to another question: a department's name
misspelt shows everybody's numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from features.configuration.nearest import nearest
from serve.errors import UnprocessableError

MACHINES: Final = "health"
"""Tag of what machines ask for, which add parameters of their own (probes, scrapers): there they are let pass."""


def only_known_parameters(request: Request) -> None:
    """Refuse a parameter that the operation does not have, and one given twice where it takes one value.

    Raises:
        UnprocessableError: There is such a parameter; it is named, with the ones there are.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or MACHINES in route.tags:
        return
    known = parameters_of(route)
    for name in dict.fromkeys(request.query_params):
        if name not in known:
            raise _unknown(name, list(known))
        if not known[name] and len(request.query_params.getlist(name)) > 1:
            raise UnprocessableError("parameter_twice", name=name)


def parameters_of(route: APIRoute) -> dict[str, bool]:
    """Return the parameters of an operation, each with whether it takes several values."""
    return dict(_parameters(route.dependant))


def _parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    for field in dependant.query_params:
        yield field.alias, _takes_several(field.field_info.annotation)
    for needed in dependant.dependencies:
        yield from _parameters(needed)


def _takes_several(annotation: Any) -> bool:
    schema = TypeAdapter(annotation).json_schema()
    return "array" in {one.get("type") for one in (schema, *schema.get("anyOf", ()))}


def _unknown(name: str, known: list[str]) -> UnprocessableError:
    if not known:
        return UnprocessableError("no_parameters", name=name)
    if (meant := nearest(name, known)) is not None:
        return UnprocessableError("parameter_unknown_nearest", name=name, meant=meant)
    return UnprocessableError("parameter_unknown", name=name, known=known)
