"""The headings of a report: Chinese first, English beside it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from features.series import LEVELS
from features.words import AreaNames, Family, code_in_both
from serve.alerts.levels import LEVEL_WORDS

SERIES_LEVELS: Final = Family.of("series_level", LEVELS)
COLUMNS: Final = Family.of(
    "column",
    (
        "level", "unique_id", "category1", "category2", "category", "district", "department", "ds", "periods", "p10",
        "p50", "p90", "mean", "last_year", "change_on_last_year", "last_week", "base_model", "model_mean",
        "override", "reason",
    ),
)  # fmt: skip
BASES: Final = Family.of("base", ("weisu", "stand_in", "same_week_mean", "seasonal_naive"))
"""What a row is issued from."""


@cache
def columns(names: AreaNames) -> Mapping[str, str]:
    """Return column of the forecast table -> its heading, the same in XLSX and CSV."""
    return {name: code_in_both(COLUMNS, name, names=names) for name in COLUMNS.codes}


def column(name: str) -> str:
    """Return the heading of a column that names no part of the area."""
    return code_in_both(COLUMNS, name)


def series_level(level: str, names: AreaNames) -> str:
    """Return what a level of the hierarchy is called, by the names that the installation gives its area."""
    return code_in_both(SERIES_LEVELS, level, names=names)


def alert_level(level: str) -> str:
    """Return what a level of an alert is called."""
    return code_in_both(LEVEL_WORDS, level)


def base_of(base: str) -> str:
    """Return what a row is issued from; a name that is not ours (a public library's) stays as it is."""
    return code_in_both(BASES, base) if base in BASES.codes else base
