"""Labels that say nothing but "other": they are no matter of their own, and no season is told of them."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

from features.configuration.other_labels import OTHER_LABELS
from features.series import UNCLASSIFIED

SEPARATOR: Final = " > "
"""Between the parts of a path: class, item, leaf."""


def leaf_of(name: str) -> str:
    """Return the label as it was filed, without the path before it.

    >>> leaf_of("城建 > 其他"), leaf_of("噪声")
    ('其他', '噪声')
    """
    return name.rpartition(SEPARATOR)[2]


def means_other(label: str, labels: Sequence[str] = OTHER_LABELS) -> bool:
    """Tell whether a label says no more than "other"; of a path its leaf is looked at, case does not matter.

    >>> means_other("城建 > 其他"), means_other("BWSC General Request"), means_other("其他垃圾")
    (True, True, False)
    """
    return _means_other(leaf_of(label).strip().casefold(), tuple(labels))


def is_bare(label: str, labels: Sequence[str] = OTHER_LABELS) -> bool:
    """Tell whether a label is one of the words themselves: only its path tells one such branch from another."""
    said = label.strip().casefold()
    return said == UNCLASSIFIED or said in _plain(tuple(labels))


def is_unclassified(label: str) -> bool:
    """Tell whether nobody classified it, under whatever parents."""
    return leaf_of(label) == UNCLASSIFIED


@lru_cache(maxsize=4096)
def _means_other(said: str, labels: tuple[str, ...]) -> bool:
    return said == UNCLASSIFIED or any(fnmatchcase(said, label.casefold()) for label in labels)


@lru_cache(maxsize=8)
def _plain(labels: tuple[str, ...]) -> frozenset[str]:
    return frozenset(label.casefold() for label in labels if "*" not in label)
