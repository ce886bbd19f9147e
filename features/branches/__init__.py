"""Branches: a category by its whole path. A leaf that stands under two parents is two matters, and is called so.

other_labels      names that say nothing but "other": whose branches are always called by their paths
path_names        how a path is written, read and asked for
naming            what each path of a hotline is called
"""

from features.branches.naming import AS_FILED, PATH, Branches, name_branches
from features.branches.other_labels import SEPARATOR, is_bare, is_unclassified, leaf_of, means_other
from features.branches.path_names import chain_of, is_asked_for, path_name, whole_path
from features.configuration.other_labels import OTHER_LABELS

__all__ = [
    "AS_FILED",
    "OTHER_LABELS",
    "PATH",
    "SEPARATOR",
    "Branches",
    "chain_of",
    "is_asked_for",
    "is_bare",
    "is_unclassified",
    "leaf_of",
    "means_other",
    "name_branches",
    "path_name",
    "whole_path",
]
