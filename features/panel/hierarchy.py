"""The tree over the cells: one parent for every leaf category, one department for every cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from features.series import DIMENSIONS, LEVELS, UNCLASSIFIED, series_id


def cell_table(groups: pd.DataFrame) -> pd.DataFrame:
    """Return one row per cell (leaf x district), with parents and department.

    Leaves are called so that each stands under one parent (`features.branches`), but where a branch moved or nobody
    named it: then the parent under which it is seen most has it, and a cell the department that handles most of it.

    Args:
        groups: category1, category2, category, district, department (null where unknown), n, first.

    Returns:
        category1, category2, category, district, department, first (earliest period number), sorted by category and
        district.
    """
    item = _most_frequent(groups, ["category"], "category2")
    with_item = groups.assign(category2=groups["category"].map(item))
    klass = _most_frequent(
        groups.groupby(["category2", "category1"], as_index=False, observed=True)["n"].sum(), ["category2"], "category1"
    )
    handled = groups["department"].astype(object).fillna(UNCLASSIFIED)
    department = _most_frequent(groups.assign(department=handled), ["category", "district"], "department")
    cells = with_item.groupby(["category", "district"], as_index=False, observed=True)["first"].min()
    cells["category2"] = cells["category"].map(item)
    cells["category1"] = cells["category2"].map(klass)
    cells["department"] = pd.MultiIndex.from_frame(cells[["category", "district"]]).map(department)
    return cells[[*DIMENSIONS, "first"]]


def _most_frequent(groups: pd.DataFrame, by: list[str], wanted: str) -> Any:
    """Return, per group, the value of `wanted` with the most tickets; ties go to the first in order."""
    counts = groups.groupby([*by, wanted], as_index=False, observed=True)["n"].sum()
    best = counts.sort_values(["n", wanted], ascending=[False, True], kind="stable").drop_duplicates(by)
    return best.set_index(by)[wanted]


def level_codes(cells: pd.DataFrame, level: str) -> tuple[np.ndarray, pd.DataFrame]:
    """Return, for a level, the series of each cell and the static rows of its series.

    Args:
        cells: As `cell_table` returns them.
        level: A name of `features.series.LEVELS`.

    Returns:
        Codes, shape (cells,), and a frame `unique_id, level, *DIMENSIONS`, one row per code.
    """
    named = LEVELS[level]
    if not named:
        codes, keys = np.zeros(len(cells), dtype=np.int64), cells.iloc[:1]
    else:
        grouped = cells.groupby(list(named), sort=True)
        codes = grouped.ngroup().to_numpy()
        keys = cells.iloc[np.unique(codes, return_index=True)[1]]
    shown = {*named, "department"} if level == "cell" else set(named)
    static = pd.DataFrame(
        {name: keys[name].to_numpy() if name in shown else "" for name in DIMENSIONS}, index=range(len(keys))
    )
    names = [series_id(level, row) for row in static.to_dict("records")]
    static.insert(0, "unique_id", names)
    static.insert(1, "level", level)
    return codes, static


def known_levels(levels: Sequence[str] | None) -> list[str]:
    """Return the levels asked for in the order of `LEVELS`; all when None."""
    return [level for level in LEVELS if levels is None or level in levels]
