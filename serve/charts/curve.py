"""An alert's curve: counts as bars, what is expected as a line, what is usual as a band, the alert's window marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from serve.charts import svg
from serve.charts.scale import Frame, nice_ticks

WIDE = (760.0, 230.0)
NARROW = (370.0, 220.0)


@dataclass(frozen=True)
class Count:
    """One period of a curve.

    Attributes:
        label: Date as it is written under the axis.
        count: Tickets.
        expected: What its own history explains; None where unknown.
        upper: The most that is usual.
        marked: Whether it lies in the alert's window.
        own: How much of the count is the alert's own; None where the whole is.
        partial: Whether the period is not complete yet; the count is then what is the alert's own.
    """

    label: str
    count: float
    expected: float | None = None
    upper: float | None = None
    marked: bool = False
    own: float | None = None
    partial: bool = False

    @property
    def above(self) -> bool:
        """Whether it is more than usual."""
        return self.upper is not None and self.count > self.upper


def alert_curve(counts: Sequence[Count], *, title: str, name: str, narrow: bool = False) -> Markup:
    """Return the curve of an alert."""
    width, height = NARROW if narrow else WIDE
    ticks = nice_ticks(max((max(one.count, one.upper or 0.0) for one in counts), default=1.0))
    frame = Frame(width, height, ticks[-1], len(counts), left=36.0)
    body = [svg.line(frame.left, frame.y(tick), width - frame.right, frame.y(tick), "grid") for tick in ticks]
    body += [svg.text(frame.left - 6, frame.y(tick) + 4, f"{tick:,.10g}", anchor="end") for tick in ticks]
    body += [_window(frame, counts), _usual(frame, counts)]
    thickness = (width - frame.left - frame.right) / max(len(counts), 1) * 0.7
    body += [_bar(frame, at, one, thickness) for at, one in enumerate(counts)]
    body.append(_expected(frame, counts))
    every = max(len(counts) // (4 if narrow else 7), 1)
    shown = [at for at in range(len(counts)) if (len(counts) - 1 - at) % every == 0]
    body += [svg.text(frame.x(at), height - 8, counts[at].label) for at in shown]
    return svg.picture("".join(body), width=width, height=height, title=title, name=name, kind="curve")


def _window(frame: Frame, counts: Sequence[Count]) -> str:
    """Return the ground under the marked bars: those above the usual are red within the window and outside."""
    marked = [at for at, one in enumerate(counts) if one.marked]
    if not marked:
        return ""
    half = (frame.x(1) - frame.x(0)) / 2 if len(counts) > 1 else 0.0
    left, right = frame.x(marked[0]) - half, frame.x(marked[-1]) + half
    return svg.band(
        [(left, frame.y(frame.top_value)), (right, frame.y(frame.top_value))],
        [(left, frame.base), (right, frame.base)],
        "window",
    )


def _usual(frame: Frame, counts: Sequence[Count]) -> str:
    upper = [(frame.x(at), frame.y(one.upper)) for at, one in enumerate(counts) if one.upper is not None]
    lower = [(x, frame.base) for x, _ in upper]
    return svg.band(upper, lower, "band")


def _expected(frame: Frame, counts: Sequence[Count]) -> str:
    points = [None if one.expected is None else (frame.x(at), frame.y(one.expected)) for at, one in enumerate(counts)]
    return svg.path(points, "p50")


def _bar(frame: Frame, at: int, one: Count, thickness: float) -> str:
    """Return a period's bar; what is the alert's own stands in front, narrower, so that the colour behind is seen."""
    left, label = frame.x(at) - thickness / 2, f"{one.label}: {one.count:g}"
    if one.own is None:
        kind = "bar above" if one.above else "bar marked" if one.marked else "bar"
        return _rect(frame, (left, thickness), one.count, kind, label)
    whole = _rect(frame, (left, thickness), one.count, "bar above" if one.above else "bar", label)
    inner = (left + thickness / 6, thickness * 2 / 3)
    return whole + (_rect(frame, inner, one.own, "bar own", f"{label} ({one.own:g})") if one.own else "")


def _rect(frame: Frame, span: tuple[float, float], count: float, kind: str, label: str) -> str:
    top = frame.y(count)
    return (
        f'<rect x="{span[0]:.1f}" y="{top:.1f}" width="{span[1]:.1f}" '
        f'height="{max(frame.base - top, 0):.1f}" class="{kind}"><title>{label}</title></rect>'
    )
