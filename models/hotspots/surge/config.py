"""What the surge detector is set to: one frozen value per frequency, kept as JSON beside the trained bundle."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from features.vocabulary import Frequency
from models.errors import ModelError
from models.hotspots.surge.baseline import Robust

SCHEMA_VERSION: Final = 1


@dataclass(frozen=True)
class FreqConfig:
    """Settings of one frequency.

    Attributes:
        harmonics: Pairs of yearly sine and cosine terms.
        windows: Lengths of the scan windows, in periods, ending at the judged period.
        window_weights: Weight of each window in the combined p-value (harmonic mean); sums to 1.
        cap: Raw one-period p-value at which an earlier period's count is cut within a window; 0 for never.
        shrink: Whether trend, season and weekdays count only as far as the series itself shows them.
        guard: Last periods left out of the fit, so that a growing outbreak cannot raise its own baseline.
        refit_every: Periods between two fits; fits happen at fixed calendar positions, whatever the start.
        memory: Periods of history used at most.
        outlier: Standardised Anscombe residual above which a past period is downweighted by its inverse square.
        outlier_span: Neighbouring periods whose residuals are also judged together.
        level_discounts: Discounts of the local level that compete with a constant one (empty: constant only).
        week_discounts: Discounts, a week, of the weekdays' own levels that compete with the regression's weekdays.
        dispersion_season: Weeks around the same week of past years whose errors make a day's dispersion; 0 for a
            constant one.
        season_sd: Prior standard deviation of a seasonal coefficient on the log scale.
        day_sd: Prior standard deviation of a weekday or holiday coefficient on the log scale.
        young: Periods of history under which a series borrows its season from its relatives.
    """

    harmonics: int
    windows: tuple[int, ...]
    window_weights: tuple[float, ...]
    guard: int
    refit_every: int
    memory: int
    outlier: float = 2.58
    outlier_span: int = 1
    level_discounts: tuple[float, ...] = ()
    week_discounts: tuple[float, ...] = ()
    dispersion_season: int = 0
    season_sd: float = 1.0
    day_sd: float = 1.0
    young: int = 52
    cap: float = 0.0
    shrink: bool = False

    @property
    def robust(self) -> Robust:
        """When a past period counts as an outbreak."""
        return Robust(self.outlier, self.outlier_span)


@dataclass(frozen=True)
class SurgeConfig:
    """Settings of the surge detector for all frequencies; round-trips through JSON.

    >>> SurgeConfig.from_json(SurgeConfig().to_json()) == SurgeConfig()
    True
    """

    weekly: FreqConfig = field(
        default_factory=lambda: FreqConfig(
            harmonics=2,
            windows=(1, 2, 3),
            window_weights=(0.35, 0.45, 0.2),
            guard=13,
            refit_every=4,
            memory=624,
            outlier_span=3,
            level_discounts=(0.9,),
            cap=0.005,
            shrink=True,
        )
    )
    daily: FreqConfig = field(
        default_factory=lambda: FreqConfig(
            harmonics=4,
            windows=(1, 2, 3, 5, 7),
            window_weights=(0.4, 0.15, 0.15, 0.15, 0.15),
            guard=28,
            refit_every=28,
            memory=2548,
            level_discounts=(0.98, 0.93, 0.8),
            week_discounts=(0.9, 0.7),
            dispersion_season=2,
            young=364,
        )
    )
    hourly: FreqConfig = field(
        default_factory=lambda: FreqConfig(
            harmonics=2,
            windows=(1, 2, 3, 6, 12, 24),
            window_weights=(0.3, 0.15, 0.15, 0.15, 0.125, 0.125),
            guard=7,
            refit_every=7,
            memory=1095,
            outlier_span=7,
            level_discounts=(0.98, 0.93, 0.8),
            young=364,
        )
    )

    def at(self, freq: Frequency) -> FreqConfig:
        """Return the settings of a frequency."""
        by_freq = {Frequency.WEEKLY: self.weekly, Frequency.DAILY: self.daily, Frequency.HOURLY: self.hourly}
        return by_freq[freq]

    def to_json(self) -> str:
        """Return the configuration as a JSON document."""
        return json.dumps({"schema_version": SCHEMA_VERSION, **asdict(self)}, indent=2)

    @classmethod
    def from_json(cls, text: str) -> SurgeConfig:
        """Read a configuration written by `to_json`.

        Raises:
            ModelError: The document has another schema version or unknown keys.
        """
        document = json.loads(text)
        version = document.pop("schema_version", None)
        if version != SCHEMA_VERSION:
            raise ModelError(f"surge configuration has schema version {version}, this code reads {SCHEMA_VERSION}")
        try:
            return cls(**{name: _freq_config(values) for name, values in document.items()})
        except TypeError as error:
            raise ModelError(f"surge configuration: {error}", hint="retrain, or remove the unknown key") from error


def _freq_config(values: dict[str, Any]) -> FreqConfig:
    tuples = {f.name for f in fields(FreqConfig) if str(f.type).startswith("tuple")}
    settings: dict[str, Any] = {name: tuple(v) if name in tuples else v for name, v in values.items()}
    return FreqConfig(**settings)
