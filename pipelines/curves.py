"""Give each candidate a curve: the counts of one series, with what was expected where a detector said so."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import pandas as pd

from features.series import series_id

_SEASON_WEEKS: Final = 60
"""Weeks shown of a seasonal problem: its last return is among them."""
_NAMED: Final = ("category1", "category2", "category")


def with_curves(
    candidates: pd.DataFrame, surges: Mapping[str, pd.DataFrame], weekly: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Add to each candidate's evidence a curve: `freq` and rows `ds, y, expected, upper`.

    A surge is shown in the periods it was found in; a season by its weekly counts alone (`expected` and `upper` are
    null); a cluster, a text group or a rule by the days of a cell it touches, else of its matter in its district, else
    of its matter. A candidate without any such series has no curve.

    Args:
        candidates: Of `merge_candidates`.
        surges: Frequency -> the surge detector's whole output.
        weekly: Weekly counts `unique_id, ds, y` of the series that seasons are about.
    """
    if candidates.empty:
        return candidates
    rows = candidates.to_dict("records")
    wanted = [[] if row["kind"] == "预告" else _wanted(row) for row in rows]
    curves = _curves(surges, {series for several in wanted for series in several})
    evidence = []
    for row, several in zip(rows, wanted, strict=True):
        judged = next((curves[series] for series in several if series in curves), None)
        curve = _season(row, weekly) if row["kind"] == "预告" else judged
        evidence.append({**row["evidence"], **({"curve": curve} if curve else {})})
    return candidates.assign(evidence=evidence)


def _wanted(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the series (frequency, unique_id) that would show a candidate, the best first."""
    lead = row["evidence"]["signals"][0]
    own = [(str(lead.get("freq", "D")), cell) for cell in lead["cells"]]
    return [*own, *(("D", cell) for cell in [*row["cells"], *_matter(row)])]


def _curves(
    surges: Mapping[str, pd.DataFrame], wanted: Collection[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the curves of those of the wanted series that were judged."""
    found = {}
    for freq, frame in surges.items():
        rows = frame[frame["unique_id"].isin([cell for period, cell in wanted if period == freq])]
        for cell, known in rows.groupby("unique_id", sort=False):
            found[freq, str(cell)] = {"freq": freq, "rows": _rows(known)}
    return found


def _matter(row: Mapping[str, Any]) -> list[str]:
    """Return the series of a candidate's matter in its district, and of its matter anywhere."""
    if not row["category"]:
        return []
    dims = {**{name: row[name] for name in _NAMED}, "district": row["area"]}
    return [series_id("cell", dims), series_id("category", dims)]


def _season(row: Mapping[str, Any], weekly: pd.DataFrame | None) -> dict[str, Any] | None:
    if weekly is None:
        return None
    known = weekly[weekly["unique_id"].isin(row["cells"][:1])].tail(_SEASON_WEEKS)
    if known.empty:
        return None
    return {"freq": "W", "rows": _rows(known.assign(expected=float("nan"), upper=float("nan")))}


def _rows(known: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"ds": ds.isoformat(), "y": int(y), "expected": _number(mean), "upper": _number(upper)}
        for ds, y, mean, upper in known[["ds", "y", "expected", "upper"]].itertuples(index=False)
    ]


def _number(value: float) -> float | None:
    return None if pd.isna(value) else round(float(value), 2)
