"""Names of series: one `unique_id` per cell or aggregate, and the levels they live on.

A static frame describes the hierarchy: `unique_id, level`, then the dimensions of `DIMENSIONS` (empty string where a
level sums over the dimension). A cell is the finest level: leaf category x district.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

UNCLASSIFIED: Final = "未分类"
"""Stands in for an empty category or district, so that totals stay true."""

ONE_HAND: Final = "\x1fhand"
"""How the caller begins that stands for one hand which typed in a list: no hash of a caller does."""

TOTAL: Final = "total"

DIMENSIONS: Final = ("category1", "category2", "category", "district", "department")
"""Columns of a static frame: three category levels (class, item, leaf), district, and the department of a cell."""

LEVELS: Final[dict[str, tuple[str, ...]]] = {
    "total": (),
    "district": ("district",),
    "department": ("department",),
    "category1": ("category1",),
    "category2": ("category1", "category2"),
    "category": ("category1", "category2", "category"),
    "category1_district": ("category1", "district"),
    "cell": ("category1", "category2", "category", "district"),
}
"""Level -> the dimensions that identify a series on it. Upper levels first."""

SeriesLevel = Literal[
    "total", "district", "department", "category1", "category2", "category", "category1_district", "cell"
]
"""A level by its name, as addresses take it."""

_NAMED: Final[dict[str, tuple[str, ...]]] = {
    **LEVELS,
    "category2": ("category2",),
    "category": ("category",),
    "cell": ("category", "district"),
}


def series_id(level: str, values: Mapping[str, str]) -> str:
    """Return the `unique_id` of a series, readable and stable.

    >>> series_id("cell", {"category": "噪声", "district": "海口市"})
    'category=噪声;district=海口市'
    >>> series_id("total", {})
    'total'
    """
    return ";".join(f"{name}={values[name]}" for name in _NAMED[level]) or TOTAL


def parse_series_id(unique_id: str) -> dict[str, str]:
    """Return the dimensions named in a `unique_id` made by `series_id`.

    >>> parse_series_id("category=噪声;district=海口市")
    {'category': '噪声', 'district': '海口市'}
    """
    if unique_id == TOTAL:
        return {}
    pairs = (part.partition("=") for part in unique_id.split(";"))
    return {name: value for name, _, value in pairs}
