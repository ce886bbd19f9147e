"""What can go wrong with the lake.

WeisuError
└── LakeError               the table is damaged, locked for too long, or a version is gone
BadInputError
└── LakeInputError          a batch or a request that does not fit the lake
"""

from __future__ import annotations

from features.errors import BadInputError, WeisuError


class LakeError(WeisuError):
    """The lake cannot do what was asked of it."""


class LakeInputError(BadInputError):
    """The batch or the request does not fit the lake."""
