"""Mappings: which column of a source is which fact about a ticket, and how its times are to be read.

Shipped mappings are the TOML files beside this module; `load_mapping` also reads one of the user's own.
"""

from features.errors import MappingError
from features.mappings.mapping import KnownAt, Mapping, Protocol, SourceClock
from features.mappings.shipped import load_mapping, mapping_names

__all__ = ["KnownAt", "Mapping", "MappingError", "Protocol", "SourceClock", "load_mapping", "mapping_names"]
