"""What can be wrong with a mapping.

BadInputError
└── MappingError            a mapping that is not there, not TOML, or does not fit the file's columns
"""

from __future__ import annotations

from features.errors import BadInputError


class MappingError(BadInputError):
    """The mapping is missing, malformed, or names columns that the source does not have."""
