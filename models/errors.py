"""What can go wrong in models/.

WeisuError
├── ModelError             a model cannot be fitted or restored
│   └── UnusableModelError  one that was fitted cannot be used here: why is a `Reason`
└── BadInputError
    └── PanelContractError  of features: the panel cannot be used: columns, periods, values
"""

from __future__ import annotations

from features.errors import PanelContractError, WeisuError
from features.reasons import ReasonedError

__all__ = ["ModelError", "PanelContractError", "UnusableModelError"]


class ModelError(WeisuError):
    """A model could not be fitted, restored or asked for what it was asked."""


class UnusableModelError(ReasonedError, ModelError):
    """A fitted model does not fit what it is asked to do, or its files are not whole."""
