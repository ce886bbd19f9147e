"""The `[surge]` section: what was tuned in the surge detector.

P-values are calibrated for the shipped values: after a change run `benchmarks/hotspots/calibrate.py`. A trained
detector keeps the values it was registered with.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import field_validator, model_validator

from features.configuration.part import ConfigPart, key
from features.vocabulary import Frequency


class FreqConfig(ConfigPart):
    """Settings of one frequency."""

    harmonics: int = key(..., unit="pairs", ge=0)
    """Pairs of yearly sine and cosine terms."""
    windows: tuple[int, ...] = key(..., unit="periods")
    """Lengths of the scan windows that end at the judged period."""
    window_weights: tuple[float, ...]
    """Weight of each window in the combined p-value (harmonic mean); they sum to 1."""
    guard: int = key(..., unit="periods", ge=0)
    """Last periods left out of the fit, so that a growing outbreak cannot raise its own baseline."""
    refit_every: int = key(..., unit="periods", ge=1)
    """Periods between two fits; fits happen at fixed calendar positions, whatever the start."""
    memory: int = key(..., unit="periods", ge=1)
    """Periods of history used at most."""
    outlier: float = key(2.58, unit="standard deviations", gt=0)
    """Standardised Anscombe residual above which a past period is downweighted by its inverse square."""
    outlier_span: int = key(1, unit="periods", ge=1)
    """Neighbouring periods whose residuals are also judged together."""
    level_discounts: tuple[float, ...] = ()
    """Discounts of the local level that compete with a constant one (empty: constant only)."""
    week_discounts: tuple[float, ...] = ()
    """Discounts, a week, of the weekdays' own levels that compete with the regression's weekdays."""
    dispersion_season: int = key(0, unit="weeks", ge=0)
    """Weeks around the same week of past years whose errors make a day's dispersion; 0 for a constant one."""
    season_sd: float = key(1.0, unit="log ratio", gt=0)
    """Prior standard deviation of a seasonal coefficient."""
    day_sd: float = key(1.0, unit="log ratio", gt=0)
    """Prior standard deviation of a weekday or holiday coefficient."""
    young: int = key(52, unit="periods", ge=0)
    """Periods of history under which a series borrows its season from its relatives."""
    cap: float = key(0.0, unit="probability", ge=0, lt=1)
    """Raw one-period p-value at which an earlier period's count is cut within a window; 0 for never."""
    shrink: bool = False
    """Whether trend, season and weekdays count only as far as the series itself shows them."""

    @model_validator(mode="after")
    def _weighed(self) -> FreqConfig:
        if len(self.windows) != len(self.window_weights):
            raise ValueError(f"{len(self.windows)} windows and {len(self.window_weights)} window_weights")
        return self


class LendingConfig(ConfigPart):
    """Strength from relatives: a young or sparse cell takes its season and weekdays from its category or district."""

    unseen_sd: float = key(0.05, unit="log ratio", gt=0)
    """Prior standard deviation of a seasonal coefficient while less than a year is known and nobody lends a season."""
    sparse: float = key(30.0, unit="tickets", ge=0)
    """Tickets in the fitted history under which a cell borrows from known kin."""
    rich: float = key(200.0, unit="tickets", ge=0)
    """Tickets that a lender needs."""
    lent_sd: float = key(0.2, unit="log ratio", gt=0)
    """How far a borrower may stray from the lent coefficients."""
    fewest_unrelated: int = key(10, unit="series", ge=1)
    """Series in a panel before all of them may lend to the young where no hierarchy is known."""


class ServiceConfig(ConfigPart):
    """When a series exists, and when the service is shut."""

    sure: float = key(8.0, unit="tickets", gt=0)
    """Expected tickets without a single one before a weekday, or all holidays, count as closed."""
    unseen: float = key(4.0, unit="tickets", gt=0)
    """Expected tickets in the zeros before the first one: above it the series was not born yet."""
    fewest_weekdays: int = key(8, unit="days", ge=1)
    """Days of a weekday that must be known before it counts as closed."""
    fewest_holidays: int = key(3, unit="days", ge=1)
    """Holidays that must be known before they count as closed."""
    closure_weeks: int = key(8, unit="weeks", ge=1)
    """Weeks of the same weekday that tell what is usual, where a common closure is inferred."""
    closure_usual: float = key(6.0, unit="tickets", gt=0)
    """Mean count from which a zero cannot be chance."""
    closure_fewest: int = key(3, unit="series", ge=1)
    """Busy series that must fall silent together."""
    closure_share: float = key(0.2, unit="share", gt=0, le=1)
    """Share of the busy series that must fall silent together."""


class YearConfig(ConfigPart):
    """How long the year is: 365.2425 days, or the 52 weeks of systems that number their weeks; the panel decides."""

    sample: int = key(256, unit="series", ge=1)
    """Series that vote, spread evenly over the panel."""
    volume: float = key(200.0, unit="tickets", ge=0)
    """Tickets before a series may vote."""
    sure: float = key(3.0, unit="standard errors", gt=0)
    """Mean gain before the civil year is given up."""
    years: float = key(3.0, unit="years", gt=0)
    """Years of history before the two can be told apart."""


class LevelConfig(ConfigPart):
    """The local level, the weekdays' own levels and the season's dispersion."""

    prior_count: float = key(3.0, unit="overdispersed counts", gt=0)
    """Strength of "the level is 1"."""
    limit: float = key(2.5, unit="standard deviations", gt=0)
    """Residuals are cut here, so that past outbreaks do not look like runs."""
    evidence: float = key(6.0, unit="log likelihood", gt=0)
    """What is local must gain so much over what is constant."""
    clip: float = key(9.0, unit="squared standardised errors", gt=0)
    """Larger errors count as this, so that one outbreak does not choose."""
    prior_errors: float = key(5.0, unit="days", gt=0)
    """Days that the constant dispersion is worth in the season's."""


class HourConfig(ConfigPart):
    """How a daily baseline is spread over the hours."""

    profile_days: int = key(182, unit="days", ge=7)
    """Days of history behind a profile of the day."""
    dispersion_days: int = key(56, unit="days", ge=7)
    """Days of history behind the hourly dispersion."""
    lean: float = key(48.0, unit="tickets", ge=0)
    """Tickets that the common profile is worth."""
    clip: float = key(25.0, unit="squared standardised errors", gt=0)
    """Larger errors count as this."""


class RegressionConfig(ConfigPart):
    """Priors of the regression, and the widest expectation."""

    trend_sd: float = key(0.25, unit="log ratio a year", gt=0)
    """Prior standard deviation of the trend."""
    level_precision: float = key(0.05, gt=0)
    """Prior precision of the log mean; .05 is as good as flat."""
    least_effect: float = key(0.01, unit="log ratio", gt=0)
    """Standard deviation that a block of coefficients keeps, however little speaks for it."""
    reporting_cv: float = key(0.5, ge=0)
    """How far the reported share of an incomplete period may be off, when nothing is reported yet."""
    widest: float = key(1.0, gt=0)
    """Largest variance of the log mean: beyond it a negative binomial would put all its mass on zero."""


_WEEKLY: Final = FreqConfig(
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
_DAILY: Final = FreqConfig(
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
_HOURLY: Final = FreqConfig(
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


class StandInConfig(ConfigPart):
    """The stand-in for the first weeks: daily sums against their last days."""

    days: int = key(56, unit="days", ge=14)
    """Days before the judged one that it looks back on."""
    fewest_days: int = key(10, unit="days", ge=7)
    """Days that a hotline must know before anything is judged."""
    bound_times: float = key(2.0, unit="medians", gt=0)
    """A past day counts for at most so many times the median of the days..."""
    bound_plus: float = key(2.0, unit="tickets", ge=0)
    """... and so many tickets more: a storm does not teach the next one to be usual."""
    dispersion: float = key(2.0, gt=1)
    """Variance over mean of a usual day, at least."""
    common: float = key(0.35, unit="share", gt=0)
    """How far a whole day may lie off for reasons that no ticket shows, as a share of its mean."""
    least: float = key(0.1, unit="tickets", gt=0)
    """No usual day has fewer tickets."""
    busy: float = key(2.0, unit="tickets", gt=0)
    """Sums with so many tickets on a usual day say how far the whole city rose today..."""
    fewest_busy: int = key(5, unit="sums", ge=1)
    """... if there are so many of them."""
    enough: float = key(0.5, unit="share", gt=0, le=1)
    """Once the surge detector judges such a share of the sums, a new label waits until it can be judged itself."""
    alpha: float = key(0.01, unit="probability", gt=0, lt=1)
    """What is exceeded more seldom is unusual: the upper bound that sentences name."""


class SurgeConfig(ConfigPart):
    """Settings of the surge detector for all frequencies."""

    weekly: FreqConfig = _WEEKLY
    """Weekly counts."""
    daily: FreqConfig = _DAILY
    """Daily counts."""
    hourly: FreqConfig = _HOURLY
    """Hourly counts: the daily baseline (periods are days), and windows in hours."""
    regression: RegressionConfig = RegressionConfig()
    """Priors of the regression."""
    lending: LendingConfig = LendingConfig()
    """Strength from relatives."""
    service: ServiceConfig = ServiceConfig()
    """Births and closed days."""
    year: YearConfig = YearConfig()
    """The length of the year."""
    level: LevelConfig = LevelConfig()
    """Local levels and dispersion."""
    hours: HourConfig = HourConfig()
    """Profiles of the day."""
    stand_in: StandInConfig = StandInConfig()
    """The stand-in for the first weeks."""

    @field_validator("weekly", mode="before")
    @classmethod
    def _over_weekly(cls, value: Any) -> Any:
        return _over(_WEEKLY, value)

    @field_validator("daily", mode="before")
    @classmethod
    def _over_daily(cls, value: Any) -> Any:
        return _over(_DAILY, value)

    @field_validator("hourly", mode="before")
    @classmethod
    def _over_hourly(cls, value: Any) -> Any:
        return _over(_HOURLY, value)

    def at(self, freq: Frequency) -> FreqConfig:
        """Return the settings of a frequency."""
        return {Frequency.WEEKLY: self.weekly, Frequency.DAILY: self.daily, Frequency.HOURLY: self.hourly}[freq]


def _over(shipped: FreqConfig, value: Any) -> Any:
    """Keep what a table does not say as shipped."""
    return {**shipped.model_dump(), **value} if isinstance(value, dict) else value
