"""Restate a panel in the labels in force: splits share the history of their label, merges add histories up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

import pandas as pd

from features.branches import leaf_of
from features.panel.build import Panel
from features.panel.hierarchy import known_levels, level_codes
from features.series import DIMENSIONS
from features.taxonomy import Crosswalk, apply_crosswalk

_VALUES: Final = ("y", "callers")
_CELL: Final = ["category", "district"]


def restate_panel(panel: Panel, crosswalk: Crosswalk, day: date, *, levels: Sequence[str] | None = None) -> Panel:
    """Return the panel in the labels that are in force on a day.

    Args:
        panel: Counts with the level `cell`; other levels are summed anew.
        crosswalk: Changes of categories and districts; empty leaves every label as it is.
        day: Civil day of the run: later changes are not known yet.
        levels: Levels wanted; all when None.

    Returns:
        The panel; where a split shares history, `y` and `callers` are fractions. Totals of every period stay.
    """
    static = panel.static[panel.static["level"] == "cell"]
    rows = panel.y.merge(static[["unique_id", *_CELL]], on="unique_id").drop(columns="unique_id")
    for dimension in _CELL:
        rows = apply_crosswalk(rows, crosswalk, day, dimension=dimension, values=_VALUES)
    cells = described_cells(rows[_CELL].drop_duplicates(), static, crosswalk)
    rows = rows.merge(cells.reset_index()[["index", *_CELL]], on=_CELL)
    frames, statics = [], []
    for level in known_levels(levels):
        codes, described = level_codes(cells, level)
        summed = rows.assign(code=codes[rows["index"]]).groupby(["code", "ds"], sort=True)[list(_VALUES)].sum()
        summed = summed.reset_index()
        summed.insert(0, "unique_id", described["unique_id"].to_numpy()[summed["code"]])
        frames.append(summed.drop(columns="code"))
        statics.append(described)
    y = pd.concat(frames, ignore_index=True)[["unique_id", "ds", *_VALUES]]
    return replace(panel, y=y, static=pd.concat(statics, ignore_index=True))


def described_cells(cells: pd.DataFrame, static: pd.DataFrame, crosswalk: Crosswalk) -> pd.DataFrame:
    """Give every restated cell its parents and department: its own where it had them, else those it came from."""
    origin = crosswalk.rows.drop_duplicates(["dimension", "new"]).set_index(["dimension", "new"])["old"].to_dict()
    parents = static.drop_duplicates("category").set_index("category")[["category1", "category2"]].to_dict("index")
    named = crosswalk.rows[crosswalk.rows["dimension"] == "category"].set_index("new")[["category1", "category2"]]
    for label, row in named.iterrows():
        stated = {name: value for name, value in row.items() if value}
        parents[label] = {**parents.get(label, parents.get(origin.get(("category", label)), {})), **stated}
    department = static.set_index(_CELL)["department"].to_dict()
    described = [_row(cell, origin, parents, department) for cell in cells.itertuples(index=False)]
    return pd.DataFrame(described)[list(DIMENSIONS)].sort_values(_CELL, ignore_index=True)


def _came_of(category: str, origin: dict[Any, str]) -> str:
    """Return what a category was called before; a branch may have been renamed with all others of its leaf."""
    leaf = leaf_of(category)
    if ("category", category) in origin or ("category", leaf) not in origin:
        return origin.get(("category", category), category)
    return category[: -len(leaf)] + origin["category", leaf]


def _row(cell: Any, origin: dict[Any, str], parents: dict[Any, Any], department: dict[Any, str]) -> dict[str, str]:
    before = (_came_of(cell.category, origin), origin.get(("district", cell.district), cell.district))
    known = parents.get(cell.category) or parents.get(before[0]) or {}
    candidates = ((cell.category, cell.district), (cell.category, before[1]), (before[0], cell.district), before)
    handled = next((department[key] for key in candidates if key in department), "")
    own = {"category1": cell.category, "category2": cell.category}
    return {**own, **known, "category": cell.category, "district": cell.district, "department": handled}
