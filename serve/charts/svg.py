"""Small pieces of SVG: escaped text, polylines with gaps, bands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

Point = tuple[float, float]


def picture(body: str, *, width: float, height: float, title: str, name: str, kind: str = "") -> Markup:
    """Return an `<svg>` that screen readers announce by its title.

    Args:
        body: The drawing, already escaped.
        width: Width of the view box.
        height: Height of it.
        title: What it shows, in one sentence.
        name: Id of the title element, unique on the page.
        kind: CSS classes.
    """
    return Markup(  # noqa: S704 - every text in `body` went through `text`
        f'<svg class="chart {escape(kind)}" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-labelledby="{escape(name)}" preserveAspectRatio="xMidYMid meet">'
        f'<title id="{escape(name)}">{escape(title)}</title>{body}</svg>'
    )


def text(x: float, y: float, words: str, *, anchor: str = "middle", kind: str = "tick") -> str:
    """Return a text element."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """Return a straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def path(points: Iterable[Point | None], kind: str) -> str:
    """Return a polyline; None breaks it."""
    commands, pen_down = [], False
    for point in points:
        if point is None:
            pen_down = False
            continue
        commands.append(f"{'L' if pen_down else 'M'}{point[0]:.1f} {point[1]:.1f}")
        pen_down = True
    return f'<path d="{" ".join(commands)}" class="{kind}"/>' if commands else ""


def band(upper: Sequence[Point], lower: Sequence[Point], kind: str) -> str:
    """Return the area between two lines."""
    if not upper:
        return ""
    corners = [*upper, *reversed(lower)]
    return f'<path d="M{" L".join(f"{x:.1f} {y:.1f}" for x, y in corners)} Z" class="{kind}"/>'


def dot(x: float, y: float, radius: float, kind: str, label: str = "") -> str:
    """Return a circle, with a label for the pointer."""
    inside = f"<title>{escape(label)}</title>" if label else ""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" class="{kind}">{inside}</circle>'
