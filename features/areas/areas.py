"""Districts and what they belong to: a table `code, name, parent, level`, with or without outlines.

A CSV has these columns; a GeoJSON feature has them as properties, and its geometry is the outline (WGS 84, longitude
first). `parent` is the code of a coarser area and is empty at the top; `level` names the kind (province, city,
district, street).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from features.bounds import check_size, parse_json
from features.configuration import BoundsConfig
from features.csv_tables import CsvTableError, read_csv_table
from features.errors import AreaError

COLUMNS: Final = ("code", "name", "parent", "level")
_HINT: Final = f"columns or properties {', '.join(COLUMNS)}; see docs/taxonomy.md"
_LEAST_OVERLAP: Final = 0.01
_WORLD: Final = (-180.0, -90.0, 180.0, 90.0)


@dataclass(frozen=True, slots=True)
class AreaProblem:
    """One problem of an area file: `error` (unusable) or `warning`, with the code it is about."""

    severity: str
    kind: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Areas:
    """Areas and their outlines.

    Attributes:
        table: `code, name, parent, level`, one row per area.
        outlines: shapely geometries beside the rows, None where an area has none.
    """

    table: Any
    outlines: Any

    def parents_of(self, codes: Any, level: str) -> Any:
        """Return, for each code, the code of its area on `level`: itself, a parent, or '' where there is none."""
        parent = self.table.set_index("code")["parent"].to_dict()
        kind = self.table.set_index("code")["level"].to_dict()

        def climb(code: str) -> str:
            while code and kind.get(code) != level:
                code = parent.get(code, "")
            return code

        column = pd.Series(codes, dtype="object")
        return column.map({code: climb(code) for code in column.unique()}).to_numpy()


def read_areas(path: Path) -> Areas:
    """Read areas from CSV or GeoJSON.

    Raises:
        AreaError: The file cannot be read, or holds errors; `weisu areas check` lists them.
    """
    areas = load_areas(path)
    errors = [problem.message for problem in check_areas(areas) if problem.severity == "error"]
    if errors:
        raise AreaError(f"areas {path}: {'; '.join(errors[:5])}", hint="weisu areas check FILE lists every problem")
    return areas


def load_areas(path: Path) -> Areas:
    """Read areas without judging them.

    Raises:
        AreaError: The file is missing, is neither table nor GeoJSON, or lacks a column.
    """
    try:
        return _from_geojson(path) if path.suffix.lower() in {".geojson", ".json"} else _from_csv(path)
    except (OSError, ValueError, KeyError, CsvTableError) as error:
        raise AreaError(f"areas {path} cannot be read: {error}", hint=_HINT) from error


def check_areas(areas: Areas) -> list[AreaProblem]:
    """Return what is wrong: codes, parents, cycles, outlines that are broken, off the globe or on top of each other."""
    return [*_check_table(areas.table), *_check_outlines(areas)]


def check_report(areas: Areas) -> dict[str, Any]:
    """Return the check as a JSON document."""
    problems = check_areas(areas)
    return {
        "schema_version": 1,
        "ok": not any(problem.severity == "error" for problem in problems),
        "areas": len(areas.table),
        "levels": areas.table["level"].value_counts(sort=False).to_dict(),
        "outlines": int(sum(outline is not None for outline in areas.outlines)),
        "problems": [asdict(problem) for problem in problems],
    }


def locate(lat: Any, lon: Any, areas: Areas, *, level: str | None = None) -> Any:
    """Return the code of the area each point lies in, '' where none does; vectorised over millions of points.

    Args:
        lat: Latitudes in degrees (WGS 84); NaN is nowhere.
        lon: Longitudes in degrees.
        areas: Areas with outlines.
        level: Only areas of this level; all with an outline when None.

    On a shared border the area that comes first in the file counts.
    """
    import shapely

    chosen = np.array([outline is not None for outline in areas.outlines], dtype=bool)
    if level is not None:
        chosen &= (areas.table["level"] == level).to_numpy()
    codes = areas.table["code"].to_numpy(dtype=object)[chosen]
    lat, lon = np.asarray(lat, dtype="float64"), np.asarray(lon, dtype="float64")
    found = np.full(len(lat), "", dtype=object)
    known = np.flatnonzero(np.isfinite(lat) & np.isfinite(lon))
    tree = shapely.STRtree(areas.outlines[chosen])
    points, hits = tree.query(shapely.points(lon[known], lat[known]), predicate="intersects")
    order = np.lexsort((-hits, points))  # last assignment wins, so the first area of the file comes last
    found[known[points[order]]] = codes[hits[order]]
    return found


def _from_csv(path: Path) -> Areas:
    raw = read_csv_table(path)
    return Areas(_table(raw), np.full(len(raw), None, dtype=object))


def _from_geojson(path: Path) -> Areas:
    import shapely

    check_size(path, BoundsConfig())
    document = parse_json(path.read_text(encoding="utf-8-sig").encode())
    if document.get("type") != "FeatureCollection":
        raise ValueError(f"a FeatureCollection is needed, not {document.get('type')!r}")
    features = document["features"]
    numbers = pd.RangeIndex(1, len(features) + 1, name="feature")
    raw = pd.DataFrame([feature.get("properties") or {} for feature in features], index=numbers)
    outlines = np.full(len(features), None, dtype=object)
    for place, feature in enumerate(features):
        if feature.get("geometry"):
            outlines[place] = shapely.from_geojson(json.dumps(feature["geometry"]))
    return Areas(_table(raw), outlines)


def _table(raw: Any) -> Any:
    missing = [name for name in ("code", "name") if name not in raw.columns]
    if missing:
        raise ValueError(f"it has no {missing}")
    table = pd.DataFrame({name: raw[name] if name in raw.columns else "" for name in COLUMNS}, index=raw.index)
    for name in COLUMNS:
        table[name] = table[name].astype(object).where(table[name].notna(), "").astype(str).str.strip()
    return table


def _check_table(table: Any) -> list[AreaProblem]:
    unit = table.index.name or "row"
    problems = [AreaProblem("error", "code", "", f"{unit} {at} has no code") for at in table.index[table["code"] == ""]]
    twice = table.loc[table["code"].duplicated() & (table["code"] != ""), "code"].unique()
    problems += [AreaProblem("error", "code", code, f"code {code!r} is given twice") for code in twice]
    orphans = table[(table["parent"] != "") & ~table["parent"].isin(table["code"])]
    problems += [
        AreaProblem("error", "parent", row.code, f"parent {row.parent!r} of {row.code!r} does not exist")
        for row in orphans.itertuples()
    ]
    try:
        TopologicalSorter({row.code: [row.parent] for row in table.itertuples() if row.parent}).prepare()
    except CycleError as error:
        problems.append(AreaProblem("error", "cycle", "", f"areas contain each other: {' -> '.join(error.args[1])}"))
    same = table[table.duplicated(["parent", "name"], keep=False) & (table["name"] != "")]
    problems += [
        AreaProblem("warning", "name", row.code, f"{row.name!r} shares its name")
        for row in same.itertuples(index=False)
    ]
    return problems


def _check_outlines(areas: Areas) -> list[AreaProblem]:
    import shapely

    codes = areas.table["code"].to_numpy(dtype=object)
    there = np.array([outline is not None for outline in areas.outlines], dtype=bool)
    problems = []
    for place in np.flatnonzero(there & ~shapely.is_valid(areas.outlines)):
        reason = shapely.is_valid_reason(areas.outlines[place])
        problems.append(AreaProblem("error", "outline", codes[place], f"outline of {codes[place]!r}: {reason}"))
    box = shapely.box(*_WORLD)
    for place in np.flatnonzero(there & ~shapely.covered_by(areas.outlines, box)):
        message = f"outline of {codes[place]!r} leaves the globe: degrees, longitude first?"
        problems.append(AreaProblem("error", "globe", codes[place], message))
    if not problems:
        problems += _check_overlaps(areas, there)
    return problems


def _check_overlaps(areas: Areas, there: Any) -> list[AreaProblem]:
    """Areas of one level should share borders, not ground."""
    import shapely

    places = np.flatnonzero(there)
    level = areas.table["level"].to_numpy(dtype=object)
    left, right = shapely.STRtree(areas.outlines[places]).query(areas.outlines[places], predicate="intersects")
    left, right = places[left], places[right]
    pairs = (left < right) & (level[left] == level[right])
    left, right = left[pairs], right[pairs]
    shared = shapely.area(shapely.intersection(areas.outlines[left], areas.outlines[right]))
    smaller = np.minimum(shapely.area(areas.outlines[left]), shapely.area(areas.outlines[right]))
    codes = areas.table["code"].to_numpy(dtype=object)
    return [
        AreaProblem("warning", "overlap", codes[one], f"{codes[one]!r} and {codes[other]!r} overlap by {part:.0%}")
        for one, other, part in zip(left, right, shared / np.maximum(smaller, 1e-12), strict=True)
        if part > _LEAST_OVERLAP
    ]
