"""What can go wrong while reading a source.

BadInputError
├── SourceError             a file, sheet, query or address that cannot be read
└── (features.mappings.errors.MappingError)
WeisuError
├── QuarantineError         too many bad rows: nothing was kept
└── FeedError               a remote source that does not answer
"""

from __future__ import annotations

from features.errors import BadInputError, WeisuError


class SourceError(BadInputError):
    """The source cannot be read as a table."""


class QuarantineError(WeisuError):
    """More rows are bad than the mapping allows; nothing was kept."""


class FeedError(WeisuError):
    """A remote source does not answer, or answers nonsense."""
