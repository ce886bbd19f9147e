"""Offer SQL the district of a point, from the outlines that a mapping names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from features.areas import locate, read_areas
from features.mappings import Mapping


def register_areas(connection: Any, mapping: Mapping) -> None:
    """Register `district_of(lat, lon)`, the name of the area a point lies in, NULL where none does.

    Raises:
        AreaError: The outlines cannot be read, or contradict each other.
    """
    areas = read_areas(Path(mapping.areas))
    names = {row.code: row.name or row.code for row in areas.table.itertuples(index=False)}

    def district_of(lat: Any, lon: Any) -> pa.Array:
        codes = locate(_degrees(lat), _degrees(lon), areas, level=mapping.area_level)
        return pa.array([names.get(code) for code in codes], pa.string())

    connection.create_function(
        "district_of", district_of, ["DOUBLE", "DOUBLE"], "VARCHAR", type="arrow", null_handling="special"
    )


def _degrees(column: Any) -> Any:
    flat = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return flat.to_numpy(zero_copy_only=False)
