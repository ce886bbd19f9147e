"""Reports for data scientists as HTML files, from the templates beside this module; nothing is loaded from outside."""

from __future__ import annotations

from functools import cache
from typing import Any


def render_template(name: str, **values: Any) -> str:
    """Return a template of `pipelines/templates` with values, which are escaped unless they are `Markup`."""
    return str(_environment().get_template(name).render(**values)) + "\n"


@cache
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(loader=PackageLoader("pipelines"), autoescape=True, undefined=StrictUndefined)
