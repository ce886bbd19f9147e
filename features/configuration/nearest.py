"""The nearest known name, for whoever mistyped one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_ALIKE: Final = 0.6
"""Share of letters that two names must have in common for one to be a slip of the other."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like `name`, None when none is much like it.

    >>> nearest("alrets", ["alerts", "rules"])
    'alerts'
    """
    by_letters = {one.lower(): one for one in known}
    found = get_close_matches(name.lower(), list(by_letters), n=1, cutoff=_ALIKE)
    return by_letters[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str], *, frame: str = "{}") -> str:
    """Return ": did you mean X?", or what there is when nothing is like it; `frame` is put around each name."""
    names = list(known)
    found = nearest(name, names)
    if found:
        return f": did you mean {frame.format(found)}?"
    return f"; there are {', '.join(frame.format(one) for one in names)}" if names else ""
