"""Errors of the privacy package.

WeisuError
└── BadInputError
    └── PrivacyError      masking or hashing was asked for something it cannot do
        └── WeakKeyError  the key of the caller hash is too short to keep callers unknown
"""

from __future__ import annotations

from features.errors import BadInputError


class PrivacyError(BadInputError):
    """Masking or hashing was asked for something it cannot do."""


class WeakKeyError(PrivacyError):
    """The key of the caller hash is too short to keep callers unknown."""
