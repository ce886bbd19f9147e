"""What can be wrong with a crosswalk: every problem with its row, so that a clerk can mend the sheet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

import pandas as pd

from features.csv_tables import lines_of

_TOLERANCE: Final = 1e-6
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class LabelProblem:
    """One problem of a crosswalk.

    Attributes:
        severity: `error` (the crosswalk is refused) or `warning`.
        kind: missing, date, weight, weights, overlap, cycle, unknown, dimension.
        row: Row of the sheet, the header being row 1 (in a CSV the line of the file); 0 where it concerns several.
        message: What is wrong, with the labels.
    """

    severity: str
    kind: str
    row: int
    message: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The problems of a crosswalk, errors first."""

    rows: int
    problems: tuple[LabelProblem, ...]

    @property
    def errors(self) -> tuple[LabelProblem, ...]:
        """The problems that make the crosswalk unusable."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def ok(self) -> bool:
        """Whether the crosswalk can be used."""
        return not self.errors

    def summary(self) -> str:
        """Return the first errors in one line."""
        shown = "; ".join(problem.message for problem in self.errors[:_SHOWN])
        more = len(self.errors) - _SHOWN
        return f"{shown}; and {more} more" if more > 0 else shown

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON document."""
        return {
            "schema_version": 1,
            "ok": self.ok,
            "rows": self.rows,
            "problems": [asdict(problem) for problem in self.problems],
        }


def check_rows(rows: Any, *, known: frozenset[str] | None = None) -> CheckReport:
    """Check typed rows (`features.taxonomy.crosswalk.clean_rows`).

    Args:
        rows: The rows; their lines (`features.csv_tables`) tell the row of the sheet.
        known: Labels that exist in the data; others are warned about.
    """
    rows = rows.set_axis(lines_of(rows))
    problems = [*_check_cells(rows)]
    if not problems:
        problems += [*_check_weights(rows), *_check_overlaps(rows), *_check_cycles(rows)]
    if known is not None:
        problems += _check_known(rows, known)
    return CheckReport(len(rows), tuple(sorted(problems, key=lambda p: (p.severity, p.row))))


def _check_cells(rows: Any) -> Iterator[LabelProblem]:
    wrong = {
        "missing": ("has no old or no new label", (rows["old"] == "") | (rows["new"] == "")),
        "dimension": (
            "is neither about category nor about district",
            ~rows["dimension"].isin(["category", "district"]),
        ),
        "date": ("has no valid valid_from", rows["valid_from"].isna()),
        "weight": ("has a weight outside 0 to 1", ~rows["weight"].between(0, 1, inclusive="right")),
        "order": ("ends before it begins", rows["valid_to"] <= rows["valid_from"]),
        "repeated": ("repeats a row", rows.duplicated(["dimension", "old", "new", "valid_from"])),
    }
    for kind, (message, bad) in wrong.items():
        for row, old, new in rows.loc[bad, ["old", "new"]].itertuples():
            yield LabelProblem("error", kind, row, f"row {row} ({old or new}) {message}")


def _changes(rows: Any) -> Any:
    """Return the rows grouped into changes: all rows of one label on one day."""
    return rows.groupby(["dimension", "old", "valid_from"], sort=True)


def _check_weights(rows: Any) -> Iterator[LabelProblem]:
    for (_, old, day), change in _changes(rows):
        total = change["weight"].sum()
        if abs(total - 1) > _TOLERANCE:
            row = int(change.index[0])
            yield LabelProblem("error", "weights", row, f"weights of {old!r} on {day:%Y-%m-%d} sum to {total:g}, not 1")
        if len(change["valid_to"].unique()) > 1:
            row = int(change.index[0])
            yield LabelProblem("error", "overlap", row, f"rows of {old!r} on {day:%Y-%m-%d} end on different days")


def _check_overlaps(rows: Any) -> Iterator[LabelProblem]:
    """A label may change again only after `valid_to` gave it a new meaning, or if a part of it stayed."""
    firsts = _changes(rows).agg(
        valid_to=("valid_to", "first"), stays=("new", list), row=("old", lambda s: int(s.index[0]))
    )
    firsts = firsts.reset_index()
    for (_, old), group in firsts.groupby(["dimension", "old"]):
        for before, after in zip(group.itertuples(), group.iloc[1:].itertuples(), strict=False):
            ended = pd.notna(before.valid_to) and before.valid_to <= after.valid_from
            if not ended and old not in before.stays:
                message = (
                    f"{old!r} changes on {after.valid_from:%Y-%m-%d}, but was gone from {before.valid_from:%Y-%m-%d} on"
                )
                yield LabelProblem("error", "overlap", after.row, message)


def _check_cycles(rows: Any) -> Iterator[LabelProblem]:
    """At no time may the changes in force lead a label back to itself."""
    moves = rows[rows["old"] != rows["new"]]
    seen: set[frozenset[str]] = set()
    for dimension, day in sorted(set(zip(moves["dimension"], moves["valid_from"], strict=True))):
        known_then = (moves["dimension"] == dimension) & (moves["valid_from"] <= day)
        in_force = moves[known_then & ~(moves["valid_to"] <= day)]
        graph = in_force.groupby("old")["new"].agg(set).to_dict()
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            cycle = [str(label) for label in error.args[1]]
            if frozenset(cycle) not in seen:
                seen.add(frozenset(cycle))
                yield LabelProblem("error", "cycle", 0, f"cycle from {day:%Y-%m-%d} on: {' -> '.join(reversed(cycle))}")


def _check_known(rows: Any, known: frozenset[str]) -> Iterator[LabelProblem]:
    every = known | frozenset(rows["new"])
    for row, old in rows.loc[~rows["old"].isin(every), "old"].items():
        yield LabelProblem("warning", "unknown", row, f"row {row}: no ticket ever had the label {old!r}")
