"""How a path of categories is written, read and asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from features.branches.other_labels import SEPARATOR, leaf_of, means_other

_LONGEST: Final = 200
"""Letters that a name may have where it is stored."""


def path_name(parts: Sequence[str]) -> str:
    """Return the name of a category by its whole path.

    A class that stands again as its item (a source with two levels) is said once. What is too long to be stored keeps
    its leaf, and a hash in place of its parents.

    >>> path_name(["城建", "城乡规划", "其他"]), path_name(["Parks", "Parks", "Other"]), path_name(["Other"] * 3)
    ('城建 > 城乡规划 > 其他', 'Parks > Other', 'Other')
    """
    if len(set(parts)) == 1:
        return parts[0]
    said = [part for place, part in enumerate(parts) if place != 1 or len(parts) == 2 or part != parts[0]]  # noqa: PLR2004 - class and item
    name = SEPARATOR.join(said)
    if len(name) <= _LONGEST:
        return name
    return SEPARATOR.join([hashlib.sha256(name.encode()).hexdigest()[:12], said[-1]])


def chain_of(category1: str, category2: str, category: str) -> list[str]:
    """Return every name by which a rule, a route or a silence may mean a category, the finest first.

    The category as it is called and its whole path, of "other" all its branches at once, then its item and its class.

    >>> chain_of("城建", "城乡规划", "城建 > 城乡规划 > 其他")
    ['城建 > 城乡规划 > 其他', '其他', '城乡规划', '城建 > 城乡规划', '城建']
    """
    names = [category, whole_path(category1, category2, category), *_all_branches(category)]
    names += [category2, whole_path(category1, category2), *_all_branches(category2), category1]
    return [name for name in dict.fromkeys(names) if name]


def is_asked_for(asked: str, category1: str, category2: str, category: str) -> bool:
    """Tell whether a filter by category, of any level, means a series or an alert.

    A name means what is called so, and a whole path that branch, also where its leaf alone would do. Only a label that
    means "other" means all its branches: none of them is called by it alone.
    """
    return bool(asked) and asked in chain_of(category1, category2, category)


def whole_path(category1: str, category2: str, category: str | None = None) -> str:
    """Return the whole path of a leaf, or of an item when None; '' where not all of it is known."""
    if not (category1 and category2) or category == "":
        return ""
    return path_name([category1, leaf_of(category2), *([leaf_of(category)] if category else [])])


def _all_branches(name: str) -> list[str]:
    """Return the label that means every branch which is called by its path; none for a label that means one of them."""
    leaf = leaf_of(name)
    return [leaf] if leaf != name and means_other(leaf) else []
