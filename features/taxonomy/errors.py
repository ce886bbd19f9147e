"""Errors of the taxonomy.

WeisuError
└── BadInputError
    └── TaxonomyError        labels or panels that cannot be worked with
        └── CrosswalkError   a crosswalk file that cannot be read, or whose rows contradict each other
"""

from __future__ import annotations

from features.errors import BadInputError


class TaxonomyError(BadInputError):
    """Labels or panels that cannot be worked with."""


class CrosswalkError(TaxonomyError):
    """A crosswalk cannot be read, or its rows contradict each other."""
