"""What each path of a hotline is called: its leaf, where that is enough, else its whole path.

A label that means "other" is always called by its path. Of another label that stands under several parents the branch
that was known first keeps the bare name, so that nothing that had a name gets another one because a second branch
appears. A branch that took over when an earlier one ended is the same matter under new parents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from features.branches.other_labels import SEPARATOR, is_bare, leaf_of
from features.branches.path_names import path_name
from features.configuration.other_labels import OTHER_LABELS

PATH: Final = ("category1", "category2", "category")
_SPAN: Final = ("known", "first", "last")
_STRAGGLERS: Final = pd.Timedelta(days=28)
"""A branch that moved to new parents may still be filed under the old ones for so long..."""
_SETTLED: Final = pd.Timedelta(days=56)
"""... and the new one must have gone on for so long before both are one."""

_Key = tuple[str, ...]


@dataclass(frozen=True)
class Branches:
    """The paths whose names or parents are others than as filed.

    Attributes:
        renamed: Index: the path as filed (`PATH`); columns: the same as it is called.
    """

    renamed: pd.DataFrame

    @property
    def as_filed(self) -> bool:
        """Whether every path is called as it was filed."""
        return bool(self.renamed.empty)

    def rename(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return rows with the columns of `PATH` as their branches are called, in their order."""
        if self.as_filed or frame.empty:
            return frame
        filed = pd.MultiIndex.from_frame(frame[list(PATH)].fillna("").astype("str"))
        place = self.renamed.index.get_indexer(filed)
        touched = place >= 0
        if not touched.any():
            return frame
        columns = {}
        for name in PATH:
            column = frame[name].astype(object)
            column[touched] = self.renamed[name].to_numpy()[place[touched]]
            columns[name] = column.astype(frame[name].dtype)
        return frame.assign(**columns)

    def rename_table(self, table: pa.Table) -> pa.Table:
        """Do the same for an Arrow table."""
        if self.as_filed or not table.num_rows:
            return table
        codes = table.select(list(PATH)).combine_chunks().to_pandas()
        found = self.rename(codes)
        for name in PATH if found is not codes else ():
            field = table.schema.field(name)
            column = pa.array(found[name], field.type, from_pandas=True)
            table = table.set_column(table.column_names.index(name), field, column)
        return table

    def sql(self, connection: Any, tickets: str) -> str:
        """Return the SELECT of tickets with the columns of `PATH` as their branches are called.

        Args:
            connection: DuckDB; gets the table of names.
            tickets: A SELECT that has the columns of `PATH`.
        """
        if self.as_filed:
            return tickets
        filed = {f"filed_{name}": self.renamed.index.get_level_values(name) for name in PATH}
        named = {f"named_{name}": self.renamed[name].to_numpy() for name in PATH}
        connection.register(
            "branch_names", pa.Table.from_pandas(pd.DataFrame({**filed, **named}), preserve_index=False)
        )
        same = " AND ".join(f"coalesce({name}, '') = filed_{name}" for name in PATH)
        said = ", ".join(f"coalesce(named_{name}, {name}) AS {name}" for name in PATH)
        hidden = ", ".join(f"{kind}_{name}" for kind in ("filed", "named") for name in PATH)
        return f"""SELECT * EXCLUDE ({hidden}) REPLACE ({said})
            FROM ({tickets}) LEFT JOIN branch_names ON {same}"""


AS_FILED: Final = Branches(pd.DataFrame(columns=list(PATH), index=pd.MultiIndex.from_arrays([[], [], []], names=PATH)))
"""No path has another name."""


def name_branches(paths: pd.DataFrame, others: Sequence[str] = OTHER_LABELS) -> Branches:
    """Name the paths that a hotline files tickets under.

    Args:
        paths: `PATH` as filed, and of each path `known` (when it was first known), `first` and `last` (when its first
            and last ticket were opened).
        others: Labels that mean "other".
    """
    if paths.empty:
        return AS_FILED
    rows = paths.assign(**{name: paths[name].fillna("").astype("str") for name in PATH})
    items = _level(rows.rename(columns={"category2": "label"}), ["category1"], others)
    moved = [items[one, two] for one, two in zip(rows["category1"], rows["category2"], strict=True)]
    placed = rows.assign(category1=[parents[0] for parents, _ in moved], category2=[name for _, name in moved])
    leaves = _level(placed.rename(columns={"category": "label"}), ["category1", "category2"], others)
    keys = zip(placed["category1"], placed["category2"], placed["category"], strict=True)
    named = [(*parents, name) for parents, name in (leaves[key] for key in keys)]
    found = pd.DataFrame(named, columns=list(PATH), index=pd.MultiIndex.from_frame(rows[list(PATH)]))
    changed = [tuple(filed) != tuple(said) for filed, said in zip(found.index, named, strict=True)]
    return Branches(found[changed])


def _level(rows: pd.DataFrame, parents: list[str], others: Sequence[str]) -> dict[_Key, tuple[_Key, str]]:
    """Return, by parents and label, under which parents the branch stands now and what it is called."""
    spans = rows.groupby([*parents, "label"], sort=True).agg({"known": "min", "first": "min", "last": "max"})
    found: dict[_Key, tuple[_Key, str]] = {}
    for label, several in spans.groupby(level="label", sort=False):
        ordered = several.sort_values(["known", "first"], kind="stable")
        bare = is_bare(str(label), others)
        for place, keys in enumerate(_one_matter(ordered, apart=bare)):
            at = keys[-1][:-1]
            name = path_name([*(leaf_of(parent) for parent in at), str(label)]) if bare or place else str(label)
            if place and name == label:  # all of its path is one word, and an earlier branch is called so
                name = SEPARATOR.join([name, name])
            found.update(dict.fromkeys(keys, (at, name)))
    return found


def _one_matter(ordered: pd.DataFrame, *, apart: bool) -> list[list[_Key]]:
    """Return the paths of one label as branches: each the paths that it stood under one after the other."""
    branches: list[list[_Key]] = []
    ends: list[pd.Timestamp] = []
    for key, first, last in zip(ordered.index, ordered["first"], ordered["last"], strict=True):
        over = (place for place, end in enumerate(ends) if end <= first + _STRAGGLERS)
        taken = None if apart or last < first + _SETTLED else next(over, None)
        if taken is None:
            branches.append([key])
            ends.append(last)
        else:
            branches[taken].append(key)
            ends[taken] = max(ends[taken], last)
    return branches
