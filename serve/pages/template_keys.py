"""The texts that templates and codes ask for, checked when the program starts: no page finds out first."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Final

from jinja2 import nodes

from features.words import LANGUAGES, UnknownWordsError, catalogue
from serve.families import FAMILIES
from serve.pages.render import environment

_SAYS: Final = "t"
"""What templates call the words of a page."""


def check_texts() -> None:
    """Refuse to start with a text missing.

    Raises:
        UnknownWordsError: Naming the keys that a template or a set of codes asks for and a catalogue lacks.
    """
    asked = template_keys() | set(chain.from_iterable(family.keys for family in FAMILIES.values()))
    missing = sorted({key for language in LANGUAGES for key in asked if key not in catalogue(language)})
    if missing:
        raise UnknownWordsError(f"texts are missing: {', '.join(missing)}", hint="add them to features/words/*.po")


@cache
def template_keys() -> frozenset[str]:
    """Return the keys that stand in the templates, those of `t.of('family', code)` included."""
    return frozenset(chain.from_iterable(_keys_of(name) for name in environment().list_templates()))


def _keys_of(template: str) -> Iterator[str]:
    made = environment()
    assert made.loader is not None
    source, _, _ = made.loader.get_source(made, template)
    for call in made.parse(source).find_all(nodes.Call):
        said = call.node
        if isinstance(said, nodes.Name) and said.name == _SAYS:
            yield from _literals(call.args[0])
        elif isinstance(said, nodes.Getattr) and said.attr == "of":
            for family in _literals(call.args[0]):
                if family not in FAMILIES:
                    raise UnknownWordsError(f"template {template}: no family of codes is called {family!r}")


def _literals(argument: nodes.Expr) -> Iterator[str]:
    """Return the texts that an argument may be; one that a page hands in is no literal and is not among them."""
    if isinstance(argument, nodes.Const):
        yield argument.value
    elif isinstance(argument, nodes.CondExpr):
        yield from _literals(argument.expr1)
        if argument.expr2 is not None:
            yield from _literals(argument.expr2)
