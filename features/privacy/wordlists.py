"""Word lists that ship with the package: words divided by blanks, comments from `#` to the line's end."""

from __future__ import annotations

from importlib.resources import files


def read_words(name: str) -> frozenset[str]:
    """Return the words of a list of this package, such as `not_names_zh.txt`."""
    lines = files("features.privacy").joinpath(name).read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines for word in line.partition("#")[0].split())
