"""Groups of tickets with one cause (多人同诉) and topics that history does not know (首发), found in their texts."""

from __future__ import annotations

from models.hotspots.textgroups.find import GROUP_COLUMNS, find_groups
from models.hotspots.textgroups.grouping import group_texts
from models.hotspots.textgroups.memory import TopicMemory
from models.hotspots.textgroups.vectors import WordedTexts, word_texts

__all__ = [
    "GROUP_COLUMNS",
    "TopicMemory",
    "WordedTexts",
    "find_groups",
    "group_texts",
    "word_texts",
]
