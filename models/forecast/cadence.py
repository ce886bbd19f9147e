"""What differs between weekly and daily panels, in one place; and the configuration of the whole model."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from models.errors import ModelError, PanelError

SCHEMA_VERSION: Final = 1


@dataclass(frozen=True)
class Cadence:
    """Lags and windows of one frequency, in periods.

    Attributes:
        freq: W or D.
        year: Periods to the same season a year ago (a multiple of the week, so that weekdays match).
        week: Length of the weekly cycle; 0 for weekly data.
        windows: Lengths of trailing means, longest first.
        main: The window that carries the level.
        smooth: Half width of the centred window around last year's target.
        horizons: Steps ahead that the models are trained on; longer ones use the last.
    """

    freq: str
    year: int
    week: int
    windows: tuple[int, ...]
    main: int
    smooth: int
    horizons: tuple[int, ...]


CADENCES: Final = {
    "W": Cadence("W", 52, 0, (104, 52, 26, 13, 8, 4), 52, 2, tuple(range(1, 14))),
    "D": Cadence("D", 364, 7, (364, 182, 91, 56, 28, 14, 7), 56, 7, (1, 2, 3, 5, 7, 9, 12, 14, 21, 28, 42, 63, 91)),
}


def cadence_of(freq: str) -> Cadence:
    """Return the cadence of a frequency.

    Raises:
        PanelError: It is neither W nor D.
    """
    if freq not in CADENCES:
        raise PanelError(f"freq {freq!r} is not known", hint="use W or D")
    return CADENCES[freq]


@dataclass(frozen=True)
class ForecastConfig:
    """One configuration for all cities; chosen on early folds, see docs/forecasting.md.

    Attributes:
        horizon: Longest step that is trained on.
        trees: Trees of each booster.
        leaves: Leaves of a tree.
        learning_rate: Shrinkage of a tree.
        years: Years of origins that are learned from.
        max_rows: Rows of the training design; origins are thinned above it.
        weights: Weight of each member in the geometric mean of a cell's forecasts.
        prophet: Whether Prophet forecasts the levels above the cells.
        dispersion_periods: Trailing periods from which dispersion is learned.
        dispersion_shrink: Series-equivalents of pooled dispersion (k of the notes).
        seed: Of everything random.
    """

    horizon: int = 13
    trees: int = 150
    leaves: int = 15
    learning_rate: float = 0.05
    years: float = 3.5
    max_rows: int = 600_000
    weights: dict[str, float] = field(default_factory=lambda: {"poisson": 0.5, "window": 0.5})
    prophet: bool = True
    dispersion_periods: int = 78
    dispersion_shrink: float = 2.0
    seed: int = 1

    def to_json(self) -> str:
        """Return the configuration as JSON, with its schema version."""
        return json.dumps({"schema_version": SCHEMA_VERSION, **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> ForecastConfig:
        """Read what `to_json` wrote.

        Raises:
            ModelError: It was written by another schema.
        """
        values: dict[str, Any] = json.loads(text)
        if values.pop("schema_version", None) != SCHEMA_VERSION:
            raise ModelError("the forecast configuration has another schema", hint="train again")
        return cls(**values)

    def with_horizon(self, horizon: int) -> ForecastConfig:
        """Return the same configuration for another longest step."""
        return replace(self, horizon=horizon)
