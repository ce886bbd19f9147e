"""Taxonomy: labels that change over time, brought to one language as of a date.

read_crosswalk(path), check_file(path)         the versioned table of changes
apply_crosswalk(counts, crosswalk, as_of)      restate counts; splits share history, merges add it up
relabel_tickets(tickets, crosswalk, as_of)     the same for single tickets
propose_changes(counts)                        births and deaths that look like one change
suggest_aliases(labels)                        spellings of one label
crosswalk_for(settings), install_crosswalk     the crosswalk of an installation
labels_in_force(settings, moment)              the labels that it puts in force at a moment
"""

from features.configuration import ChangeConfig
from features.errors import CrosswalkError, TaxonomyError
from features.taxonomy.aliases import alias_rows, normal_label, suggest_aliases
from features.taxonomy.apply import apply_crosswalk, relabel_tickets
from features.taxonomy.changes import propose_changes, proposed_rows
from features.taxonomy.checks import CheckReport, LabelProblem, check_rows
from features.taxonomy.crosswalk import (
    NO_CROSSWALK,
    Crosswalk,
    check_file,
    content_hash,
    empty_crosswalk,
    make_crosswalk,
    read_crosswalk,
)
from features.taxonomy.installed import crosswalk_for, install_crosswalk, taxonomy_version
from features.taxonomy.labels import Labels, changes_since, labels_in_force, labels_of

__all__ = [
    "NO_CROSSWALK",
    "ChangeConfig",
    "CheckReport",
    "Crosswalk",
    "CrosswalkError",
    "LabelProblem",
    "Labels",
    "TaxonomyError",
    "alias_rows",
    "apply_crosswalk",
    "changes_since",
    "check_file",
    "check_rows",
    "content_hash",
    "crosswalk_for",
    "empty_crosswalk",
    "install_crosswalk",
    "labels_in_force",
    "labels_of",
    "make_crosswalk",
    "normal_label",
    "propose_changes",
    "proposed_rows",
    "read_crosswalk",
    "relabel_tickets",
    "suggest_aliases",
    "taxonomy_version",
]
