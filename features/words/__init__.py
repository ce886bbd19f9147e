"""What people read, in Chinese and English: gettext catalogues with symbolic keys (`alert.title`), never sentences."""

from features.words.area_names import AreaNames
from features.words.catalogue import LANGUAGES, Catalogue, Language, UnknownWordsError, catalogue, in_both
from features.words.families import Family

__all__ = ["LANGUAGES", "AreaNames", "Catalogue", "Family", "Language", "UnknownWordsError", "catalogue", "in_both"]
