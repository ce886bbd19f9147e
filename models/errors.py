"""What can go wrong in models/.

WeisuError
├── ModelError          a model cannot be fitted or restored
└── BadInputError
    └── PanelError      the panel cannot be used: columns, periods, values
"""

from __future__ import annotations

from features.errors import BadInputError, WeisuError


class ModelError(WeisuError):
    """A model could not be fitted, restored or asked for what it was asked."""


class PanelError(BadInputError):
    """A panel of counts does not fit the contract: a column, a period or a value is wrong."""
