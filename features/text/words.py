"""Word lists that the tokeniser reads, from `words.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


@cache
def word_list(name: str) -> frozenset[str]:
    """Return one list of `words.toml`."""
    lists = tomllib.loads(files("features.text").joinpath("words.toml").read_text(encoding="utf-8"))
    return frozenset(lists[name].split())
