"""What people read, in Chinese and English: gettext catalogues with symbolic keys (`alert.title`), never sentences."""

from features.words.area_names import AreaNames
from features.words.catalogue import (
    LANGUAGES,
    Catalogue,
    Coded,
    Language,
    Name,
    UnknownWordsError,
    catalogue,
    code_in_both,
    in_both,
    language_named,
)
from features.words.families import Family

__all__ = [
    "LANGUAGES",
    "AreaNames",
    "Catalogue",
    "Coded",
    "Family",
    "Language",
    "Name",
    "UnknownWordsError",
    "catalogue",
    "code_in_both",
    "in_both",
    "language_named",
]
