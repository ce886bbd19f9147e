"""Errors of the quality report.

WeisuError
└── BadInputError
    └── QualityError  a report cannot be made from what was given
"""

from __future__ import annotations

from features.errors import BadInputError


class QualityError(BadInputError):
    """A report cannot be made from what was given."""
