"""Axes: round ticks and the mapping from values to the drawing."""

from __future__ import annotations

import math
from dataclasses import dataclass


def nice_ticks(highest: float, *, count: int = 4) -> list[float]:
    """Return round tick values from 0 to at least `highest`: whole ones from 1 on, because counts are.

    >>> nice_ticks(97)
    [0.0, 25.0, 50.0, 75.0, 100.0]
    >>> nice_ticks(10)
    [0.0, 5.0, 10.0]
    >>> nice_ticks(0)
    [0.0, 1.0]
    """
    if highest <= 0:
        return [0.0, 1.0]
    rough = highest / count
    magnitude = 10.0 ** math.floor(math.log10(rough))
    steps = [factor * magnitude for factor in (1, 2, 2.5, 5, 10)]
    if highest >= 1:
        steps = [step for step in steps if step.is_integer()] or [1.0]
    step = next(step for step in steps if step >= rough * (1 - 1e-9))
    return [step * position for position in range(math.ceil(highest / step - 1e-9) + 1)]


@dataclass(frozen=True)
class Frame:
    """The plotting area of a drawing.

    Attributes:
        width: Width of the drawing in its own units.
        height: Height of it.
        left: Margin for the value axis; `right`, `top` and `bottom` likewise.
        top_value: Value at the upper edge.
        steps: Number of periods along the time axis.
    """

    width: float
    height: float
    top_value: float
    steps: int
    left: float = 44.0
    right: float = 10.0
    top: float = 12.0
    bottom: float = 26.0

    def x(self, position: float) -> float:
        """Return the horizontal place of a period."""
        span = self.width - self.left - self.right
        return self.left + span * (position + 0.5) / max(self.steps, 1)

    def y(self, value: float) -> float:
        """Return the vertical place of a value; values off the scale stay inside the drawing."""
        span = self.height - self.top - self.bottom
        share = min(max(value / self.top_value, 0.0), 1.0) if self.top_value else 0.0
        return self.top + span * (1 - share)

    @property
    def base(self) -> float:
        """The vertical place of zero."""
        return self.y(0.0)
