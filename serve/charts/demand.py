"""The forecast picture: recent weeks as they were, the weeks to come with their band, and the same week last year."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from serve.charts import svg
from serve.charts.scale import Frame, nice_ticks

WIDE = (760.0, 270.0)
NARROW = (370.0, 250.0)
SPARK = (120.0, 34.0)
_LABELS = 8


@dataclass(frozen=True)
class Period:
    """One period of a forecast picture; what is unknown is None."""

    label: str
    actual: float | None = None
    p10: float | None = None
    mean: float | None = None
    p90: float | None = None
    last_year: float | None = None


def demand_chart(periods: Sequence[Period], *, title: str, name: str, narrow: bool = False) -> Markup:
    """Return the chart: actual counts, then the mean forecast inside the 80 % band; last year as a dashed line."""
    width, height = NARROW if narrow else WIDE
    highest = max((value for one in periods for value in (one.actual, one.p90, one.last_year) if value), default=1.0)
    ticks = nice_ticks(highest * 1.02)
    frame = Frame(width, height, ticks[-1], len(periods), left=48.0)
    body = [*_grid(frame, ticks), *_labels(frame, periods, every=math.ceil(len(periods) / (4 if narrow else _LABELS)))]
    first_ahead = next((at for at, one in enumerate(periods) if one.mean is not None), None)
    if first_ahead is not None:
        edge = (frame.x(first_ahead - 1) + frame.x(first_ahead)) / 2
        body.append(svg.line(edge, frame.top, edge, frame.base, "now"))
    body += _lines(frame, periods, first_ahead)
    return svg.picture("".join(body), width=width, height=height, title=title, name=name, kind="demand")


def spark(periods: Sequence[Period], *, title: str, name: str) -> Markup:
    """Return a word-sized picture of a series: recent weeks and the band ahead."""
    width, height = SPARK
    highest = max((value for one in periods for value in (one.actual, one.p90) if value), default=1.0)
    frame = Frame(width, height, highest * 1.1, len(periods), left=2, right=2, top=3, bottom=3)
    first_ahead = next((at for at, one in enumerate(periods) if one.mean is not None), None)
    body = "".join(_lines(frame, periods, first_ahead, last_year=False, dots=False))
    return svg.picture(body, width=width, height=height, title=title, name=name, kind="spark")


def _grid(frame: Frame, ticks: Sequence[float]) -> list[str]:
    pieces = []
    for tick in ticks:
        pieces.append(svg.line(frame.left, frame.y(tick), frame.width - frame.right, frame.y(tick), "grid"))
        pieces.append(svg.text(frame.left - 6, frame.y(tick) + 4, f"{tick:,.10g}", anchor="end"))
    return pieces


def _labels(frame: Frame, periods: Sequence[Period], *, every: int) -> list[str]:
    last = len(periods) - 1
    shown = [at for at in range(len(periods)) if (last - at) % every == 0]
    return [svg.text(frame.x(at), frame.height - 8, periods[at].label) for at in shown]


def _lines(
    frame: Frame, periods: Sequence[Period], first_ahead: int | None, *, last_year: bool = True, dots: bool = True
) -> list[str]:
    def points(name: str) -> list[svg.Point | None]:
        values = ((at, getattr(one, name)) for at, one in enumerate(periods))
        return [None if value is None else (frame.x(at), frame.y(value)) for at, value in values]

    pieces = []
    upper = [point for point in points("p90") if point]
    lower = [point for point in points("p10") if point]
    pieces.append(svg.band(upper, lower, "band"))
    if last_year:
        pieces.append(svg.path(points("last_year"), "lastyear"))
    pieces.append(svg.path(points("actual"), "actual"))
    ahead = points("mean")
    if first_ahead and periods[first_ahead - 1].actual is not None:
        # The dashed line starts where the known counts end.
        ahead[first_ahead - 1] = points("actual")[first_ahead - 1]
    pieces.append(svg.path(ahead, "p50"))
    if dots:
        pieces += [
            svg.dot(frame.x(at), frame.y(one.mean), 3.2, "p50dot", f"{one.label}: {one.mean:,.0f}")
            for at, one in enumerate(periods)
            if one.mean is not None
        ]
    return pieces
