"""What differs between weekly and daily panels, in one place; and the configuration of the whole model."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from features.reasons import Reason, ReasonCode
from features.vocabulary import Frequency
from models.errors import PanelError, UnusableModelError

SCHEMA_VERSION: Final = 3


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
        lags: Single past periods that the one-step model sees; 0 is the latest.
        warm_up: Periods before the first origin that is learned from, when the history is long.
    """

    freq: Frequency
    year: int
    week: int
    windows: tuple[int, ...]
    main: int
    smooth: int
    lags: tuple[int, ...]
    warm_up: int

    @property
    def days(self) -> int:
        """Days in a period."""
        return self.freq.length.days

    @property
    def floor(self) -> float:
        """Smallest mean of a cell: about one ticket a year."""
        return 0.02 * self.days / 7


CADENCES: Final = {
    Frequency.WEEKLY: Cadence(
        freq=Frequency.WEEKLY,
        year=52,
        week=0,
        windows=(104, 52, 26, 13, 8, 4),
        main=52,
        smooth=2,
        lags=(0, 1, 2, 3, 4, 7, 12, 25, 51, 52),
        warm_up=60,
    ),
    Frequency.DAILY: Cadence(
        freq=Frequency.DAILY,
        year=364,
        week=7,
        windows=(364, 182, 91, 56, 28, 14, 7),
        main=56,
        smooth=7,
        lags=(0, 1, 2, 3, 4, 5, 6, 13, 20, 27, 363),
        warm_up=400,
    ),
}


def cadence_of(freq: str) -> Cadence:
    """Return the cadence of a frequency.

    Raises:
        PanelError: It is neither W nor D.
    """
    if freq not in CADENCES:
        raise PanelError(f"freq {freq!r} is not known", hint="use W or D")
    return CADENCES[Frequency(freq)]


@dataclass(frozen=True)
class Trees:
    """Size of one LightGBM model."""

    trees: int = 100
    leaves: int = 31
    learning_rate: float = 0.07
    min_leaf: int = 50
    max_bin: int = 31


@dataclass(frozen=True)
class ForecastConfig:
    """One configuration for all cities; chosen on early folds, see docs/forecasting.md.

    Attributes:
        horizon: Longest step that is trained on.
        onestep: The recursive LightGBM.
        years: Years of origins that are learned from.
        max_rows: Rows of a training design; origins are thinned above it.
        weights: Frequency -> weight of each member in the power mean of a cell's forecasts.
        power: Frequency -> exponent of that mean: -1 is harmonic (low where members differ, so in sparse cells), near 0
            geometric, 1 arithmetic.
        pulls: Level (matter, place, total) -> weight with which last year's same periods pull its sums, in this order.
            A level of hardly any weight at the end holds its own sum: categories change shares, not the total.
        prophet: Level -> weight with which Prophet pulls its sums; empty fits none.
        breaks: Move what broke to its level since then, see models/forecast/breaks.py.
        holidays: Move weeks by what their holiday clearly did in earlier years, see models/forecast/holidays.py.
        weather: Use the daily weather that is handed in, see models/forecast/weather.py.
        shock: Spread of the weights that play down pandemics and other breaks, see models/forecast/regimes.py.
        dispersion_periods: Trailing periods from which dispersion is learned.
        dispersion_shrink: Series-equivalents of pooled dispersion (k of the notes).
        spread: Frequency -> level -> factor on its dispersion: the model errs less than the simple members that it is
            learned from.
        seed: Of everything random.
    """

    horizon: int = 13
    onestep: Trees = field(default_factory=Trees)
    years: float = 4.0
    max_rows: int = 300_000
    weights: dict[Frequency, dict[str, float]] = field(
        default_factory=lambda: {
            Frequency.WEEKLY: {"onestep": 3.0, "layered": 2.0, "season": 0.1},
            Frequency.DAILY: {"onestep": 1.0, "layered": 3.0},
        }
    )
    power: dict[Frequency, float] = field(default_factory=lambda: {Frequency.WEEKLY: -0.6, Frequency.DAILY: 0.5})
    pulls: dict[str, float] = field(default_factory=lambda: {"matter": 0.2, "total": 0.01})
    prophet: dict[str, float] = field(default_factory=dict)
    breaks: bool = True
    holidays: bool = True
    weather: bool = False
    shock: float = 0.35
    dispersion_periods: int = 78
    dispersion_shrink: float = 2.0
    spread: dict[Frequency, dict[str, float]] = field(
        default_factory=lambda: {
            Frequency.WEEKLY: {"cell": 1.0, "category": 0.42, "district": 0.6, "total": 0.36, "other": 0.6},
            Frequency.DAILY: {"cell": 1.0, "category": 0.5, "district": 0.6, "total": 0.6, "other": 0.6},
        }
    )
    seed: int = 1

    def to_json(self) -> str:
        """Return the configuration as JSON, with its schema version."""
        return json.dumps({"schema_version": SCHEMA_VERSION, **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> ForecastConfig:
        """Read what `to_json` wrote.

        Raises:
            UnusableModelError: It was written by another schema.
        """
        values: dict[str, Any] = json.loads(text)
        schema = values.pop("schema_version", None)
        if schema != SCHEMA_VERSION:
            raise UnusableModelError(Reason(ReasonCode.MODEL_SCHEMA, {"schema": str(schema)}), hint="train again")
        return cls(onestep=Trees(**values.pop("onestep")), **values)

    def with_horizon(self, horizon: int) -> ForecastConfig:
        """Return the same configuration for another longest step."""
        return replace(self, horizon=horizon)
