"""Privacy at the door: nothing that names a person is stored.

mask_text(text), mask_column(values)   identifiers in free text become the names of their kinds
masking_workers()                      mask_column on all cores, for millions of texts
find_identifiers(text)                 where they are
quotable(value), quoted_columns(names)  what an error may quote of a source
CallerHasher(key).hash_column(values)  callers become keyed hashes
"""

from features.errors import PrivacyError, WeakKeyError
from features.privacy.callers import CallerHasher, key_id_of
from features.privacy.identifiers import PLACEHOLDERS, STRUCTURED, Identifier
from features.privacy.masking import find_identifiers, mask_column, mask_text
from features.privacy.quoting import looks_like_data, quotable, quoted_columns, without_identifiers
from features.privacy.workers import masking_workers

__all__ = [
    "PLACEHOLDERS",
    "STRUCTURED",
    "CallerHasher",
    "Identifier",
    "PrivacyError",
    "WeakKeyError",
    "find_identifiers",
    "key_id_of",
    "looks_like_data",
    "mask_column",
    "mask_text",
    "masking_workers",
    "quotable",
    "quoted_columns",
    "without_identifiers",
]
