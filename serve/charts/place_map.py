"""A small map without a basemap: where the tickets are, as circles on a grid; a circle never stands for fewer than 5.

Cells below five tickets are merged into their nearest neighbour, so that no single caller's place can be read off.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from serve.charts import svg

SMALLEST: Final = 5
SIZE: Final = (370.0, 260.0)
_CELL_DEGREES: Final = 0.01
_MARGIN: Final = 36.0


@dataclass(frozen=True)
class MapPlace:
    """A circle on the map: its middle and how many tickets it stands for."""

    lat: float
    lon: float
    count: int


def merged_cells(points: Iterable[tuple[float, float]], *, smallest: int = SMALLEST) -> list[MapPlace]:
    """Return cells of about a kilometre, each with at least `smallest` tickets; none when there are fewer in all.

    Args:
        points: (latitude, longitude) of tickets.
        smallest: Fewer than this in a cell are merged into the nearest cell.
    """
    grid = Counter((round(lat / _CELL_DEGREES), round(lon / _CELL_DEGREES)) for lat, lon in points)
    cells = [MapPlace(row * _CELL_DEGREES, column * _CELL_DEGREES, count) for (row, column), count in grid.items()]
    if sum(cell.count for cell in cells) < smallest:
        return []
    while (small := min(cells, key=lambda cell: (cell.count, cell.lat, cell.lon))).count < smallest:
        cells.remove(small)
        near = min(cells, key=lambda cell: _distance(cell, small))
        cells.remove(near)
        cells.append(_merged(near, small))
    return sorted(cells, key=lambda cell: -cell.count)


def place_map(places: Sequence[MapPlace], *, title: str, name: str) -> Markup:
    """Return the map; north is up, one degree of longitude is drawn as long as it is at that latitude."""
    width, height = SIZE
    middle_lat = sum(place.lat for place in places) / len(places)
    shrink = math.cos(math.radians(middle_lat))
    xs = [place.lon * shrink for place in places]
    ys = [place.lat for place in places]
    span = max(max(xs) - min(xs), max(ys) - min(ys), 4 * _CELL_DEGREES)
    scale = (min(width, height) - 2 * _MARGIN) / span
    centre = ((max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2)
    largest = max(place.count for place in places)
    body = [f'<rect width="{width:g}" height="{height:g}" class="ground"/>', *_graticule(width, height, scale, span)]
    for place, x, y in zip(places, xs, ys, strict=True):
        at = (width / 2 + (x - centre[0]) * scale, height / 2 - (y - centre[1]) * scale)
        radius = 8 + 20 * math.sqrt(place.count / largest)
        body.append(svg.dot(at[0], at[1], radius, "place", str(place.count)))
        body.append(svg.text(at[0], at[1] + 4, str(place.count), kind="placecount"))
    return svg.picture("".join(body), width=width, height=height, title=title, name=name, kind="map")


def _graticule(width: float, height: float, scale: float, span: float) -> list[str]:
    """Return a grid whose cells are a round number of kilometres, and the scale bar that says so."""
    kilometres = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500) if step >= span * 111 / 6)
    step = kilometres / 111 * scale
    pieces = [svg.line(x * step, 0, x * step, height, "grid") for x in range(1, int(width / step) + 1)]
    pieces += [svg.line(0, y * step, width, y * step, "grid") for y in range(1, int(height / step) + 1)]
    pieces.append(svg.line(12, height - 12, 12 + step, height - 12, "scalebar"))
    pieces.append(svg.text(16, height - 17, f"{kilometres} km", anchor="start"))
    return pieces


def _merged(one: MapPlace, other: MapPlace) -> MapPlace:
    total = one.count + other.count
    lat = (one.lat * one.count + other.lat * other.count) / total
    lon = (one.lon * one.count + other.lon * other.count) / total
    return MapPlace(lat, lon, total)


def _distance(one: MapPlace, other: MapPlace) -> float:
    shrink = math.cos(math.radians(one.lat))
    return (one.lat - other.lat) ** 2 + ((one.lon - other.lon) * shrink) ** 2
