"""The `[forecast]` section: what was tuned in the forecaster, on early folds of real cities (docs/forecasting.md).

A trained model keeps the values it was trained with; a change here reaches the next training.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import AfterValidator, field_validator

from features.configuration.follow import FollowConfig
from features.configuration.part import ConfigPart, key
from features.vocabulary import Frequency


def _one_of(*names: str) -> AfterValidator:
    def known(name: str) -> str:
        if name not in names:
            raise ValueError(f"{name} is none of {', '.join(names)}")
        return name

    return AfterValidator(known)


Member = Annotated[str, _one_of("onestep", "layered", "season", "window")]
Grouping = Annotated[str, _one_of("category", "district", "total")]

_WEIGHTS: Final[dict[Frequency, dict[Member, float]]] = {
    Frequency.WEEKLY: {"onestep": 3.0, "layered": 2.0, "season": 0.1},
    Frequency.DAILY: {"onestep": 1.0, "layered": 3.0},
}
_POWER: Final[dict[Frequency, float]] = {Frequency.WEEKLY: -0.6, Frequency.DAILY: 0.5}
_SPREAD: Final[dict[Frequency, dict[str, float]]] = {
    Frequency.WEEKLY: {"cell": 1.0, "category": 0.42, "district": 0.6, "total": 0.36, "other": 0.6},
    Frequency.DAILY: {"cell": 1.0, "category": 0.5, "district": 0.6, "total": 0.6, "other": 0.6},
}


class TreeConfig(ConfigPart):
    """The recursive LightGBM."""

    trees: int = key(100, unit="trees", ge=1)
    """Boosting rounds."""
    leaves: int = key(31, unit="leaves", ge=2)
    """Leaves of one tree."""
    learning_rate: float = key(0.07, gt=0, le=1)
    """Weight of one tree."""
    min_leaf: int = key(50, unit="rows", ge=1)
    """Fewest rows in a leaf, where the training is large."""
    rows_per_leaf: int = key(60, unit="rows", ge=1)
    """In a small training, a leaf needs one row in so many."""
    max_bin: int = key(31, unit="bins", ge=2)
    """Histogram bins of one feature."""
    tweedie_power: float = key(1.2, gt=1, lt=2)
    """Variance power of the Tweedie loss: near 1 is Poisson, near 2 gamma."""
    feature_fraction: float = key(0.5, unit="share", gt=0, le=1)
    """Features that a tree sees."""
    bagging_fraction: float = key(0.5, unit="share", gt=0, le=1)
    """Rows that a tree sees."""
    lambda_l2: float = key(10.0, ge=0)
    """L2 regularisation of leaf values."""
    large: int = key(120_000, unit="rows", ge=1)
    """Trainings of fewer rows are steadied: one count more or less must not turn the forecasts of other series."""
    steadied: int = key(8, ge=1)
    """At most so many boosters are averaged in a small training."""
    patience: int = key(4, ge=1)
    """... each of up to so many times the trees, with a learning rate as many times smaller."""
    steady_l2: float = key(100.0, ge=0)
    """L2 regularisation of leaf values where all of that is done."""
    half_believed: int = key(1_000, unit="rows", ge=0)
    """A training of so many rows has half its weight among the members."""
    min_rows: int = key(400, unit="rows", ge=1)
    """Below this many rows no tree is fitted, and the other members forecast alone."""


class SeasonShapeConfig(ConfigPart):
    """How the layered members learn a season, weekly and daily."""

    shrink_tickets: float = key(20.0, unit="tickets", gt=0)
    """Tickets that the season of the layer above is worth."""
    year_decay: float = key(0.85, gt=0, le=1)
    """Weight of a year's season against that of the year after it."""
    fewest_years: int = key(2, unit="years", ge=1)
    """Years of history before a season is learned."""


class LayerConfig(ConfigPart):
    """The layered member of weekly panels: season and level of city, category and cell."""

    shrink_weeks: float = key(8.0, unit="weeks", gt=0)
    """Weeks that a cell's slow level is worth beside its recent one."""
    shortest_life: int = key(26, unit="weeks", ge=1)
    """A cell's level is measured over at least this long, however young it is."""
    city_reach: int = key(1, unit="weeks", ge=0)
    """Half width over which the city's season is smoothed."""
    city_half_life: float = key(26.0, unit="weeks", gt=0)
    """After so long a count says half as much about the city's level."""
    category_reach: int = key(3, unit="weeks", ge=0)
    """Half width over which a category's season is smoothed."""
    category_half_life: float = key(13.0, unit="weeks", gt=0)
    """After so long a count says half as much about a category's level."""
    cell_reach: int = key(4, unit="weeks", ge=0)
    """Half width over which a cell's season is smoothed."""
    cell_half_life: float = key(26.0, unit="weeks", gt=0)
    """After so long a count says half as much about a cell's level."""
    long_run: float = key(156.0, unit="weeks", gt=0)
    """Half-life of a cell's slow level."""


class DailyLayerConfig(ConfigPart):
    """The layered member of daily panels: season, weekday and level."""

    city_reach: int = key(9, unit="days", ge=0)
    """Half width over which the city's season is smoothed."""
    category_reach: int = key(22, unit="days", ge=0)
    """Half width over which a category's season is smoothed."""
    weekday_tickets: float = key(200.0, unit="tickets", gt=0)
    """Tickets before a category's weekdays are believed half against the city's."""
    recent: float = key(9.0, unit="days", gt=0)
    """Half-life of what a category has done lately."""
    slow: float = key(120.0, unit="days", gt=0)
    """Half-life of a cell's level."""
    shrink_days: float = key(5.0, unit="days", gt=0)
    """Days that the slow level is worth beside the recent one."""
    burst: float = key(3.0, unit="standard deviations", gt=0)
    """Counts farther above the slow level are cut to this."""
    overdispersion: float = key(0.1, ge=0)
    """Variance beyond Poisson, in squares of the mean, in those standard deviations."""
    quiet: float = key(0.3, unit="tickets", gt=0)
    """Smallest expected count that those standard deviations are worked out from."""
    shortest_life: int = key(60, unit="days", ge=1)
    """A cell's level is measured over at least this long, however young it is."""


class MemberConfig(ConfigPart):
    """The two plain members: the recent level, and last year's same periods."""

    young: int = key(8, unit="periods", ge=1)
    """A young cell is averaged over its own life, and over no fewer periods than this."""
    season_share: float = key(0.6, ge=0, le=1)
    """Weight of last year's periods against the recent level."""
    weeks: int = key(8, unit="weeks", ge=1)
    """Weeks of the same weekday that make a daily level."""


class BreakConfig(ConfigPart):
    """Breaks of level at the end of the history: an office that left, a category that died."""

    enabled: bool = True
    """Move what broke to its level since then."""
    shortest_before: int = key(13, unit="weeks", ge=1)
    """Weeks that must be known before a break."""
    shortest_fall: int = key(3, unit="weeks", ge=1)
    """Weeks since a fall before it is believed."""
    shortest_rise: int = key(6, unit="weeks", ge=1)
    """Weeks since a rise before it is believed."""
    longest: int = key(26, unit="weeks", ge=1)
    """Older breaks are the members' business."""
    factor: float = key(3.0, gt=1)
    """A break moves the level at least so many times, against the year before and against last year's season."""
    fall_evidence: float = key(4.0, unit="log likelihood", gt=0)
    """Evidence that a fall needs."""
    rise_evidence: float = key(6.0, unit="log likelihood", gt=0)
    """Evidence that a rise needs."""
    memory: float = key(2.0, unit="weeks", gt=0)
    """Neighbouring weeks are alike: so many of them are worth one independent week."""
    certain_after: float = key(1.0, unit="weeks", ge=0)
    """Weeks since the break by which its level is believed half."""
    largest_factor: float = key(20.0, gt=1)
    """A rise moves a forecast at most so many times."""


class HolidayConfig(ConfigPart):
    """What a named holiday does to its week, where earlier years show it clearly."""

    enabled: bool = True
    """Move weeks by what their holiday did in earlier years."""
    reach: int = key(2, unit="weeks", ge=1)
    """Weeks to each side that a holiday week is set against."""
    years: int = key(8, unit="years", ge=1)
    """Earlier years that are looked at."""
    ordinary_years: int = key(4, unit="years", ge=1)
    """Years of ordinary weeks that tell how much a week scatters."""
    fewest: int = key(2, unit="years", ge=1)
    """Earlier holidays that must be known."""
    standard_errors: float = key(2.0, unit="standard errors", ge=0)
    """What is smaller is taken for chance."""
    ordinary_degrees: float = key(3.0, unit="degrees of freedom", gt=0)
    """What the scatter of ordinary weeks counts for, beside that of the holiday's own few years."""
    smallest_noise: float = key(0.03, unit="log ratio", gt=0)
    """A week scatters at least so much."""


class MarkedDayConfig(ConfigPart):
    """What holidays, their eves and worked weekends do to single days."""

    weeks_around: int = key(4, unit="weeks", ge=1)
    """Ordinary days of the same weekday within so many weeks say what is usual."""
    longest: int = key(14, unit="days", ge=1)
    """Days from the first to the last day of one holiday, at most."""
    city_tickets: float = key(10.0, unit="tickets", gt=0)
    """Tickets before a kind of day is believed half, in the city."""
    category_tickets: float = key(30.0, unit="tickets", gt=0)
    """Tickets before a kind of day is believed half, in a category against the city."""


class EventConfig(ConfigPart):
    """What registered events and policies do."""

    around_days: int = key(28, unit="days", ge=7)
    """Quiet days within this reach say what an event's days would have been."""
    before_days: int = key(364, unit="days", ge=7)
    """Days before a policy that its effect is measured against."""
    tickets: float = key(10.0, unit="tickets", gt=0)
    """Tickets that an effect must have before it is believed half."""
    largest: float = key(2.5, unit="log ratio", gt=0)
    """No effect is larger."""


class WeatherEffectConfig(ConfigPart):
    """What the weather does to each category."""

    enabled: bool = False
    """Use the weather file (`[weather] file`); worth it where that holds forecasts, see docs/forecasting.md."""
    half_season: int = key(15, unit="days", ge=1)
    """Days to each side of a day of the year that say what weather is usual then."""
    ridge: float = key(20.0, unit="weeks", gt=0)
    """Weeks of evidence that the absence of an effect is worth."""
    tickets: float = key(20.0, unit="tickets", gt=0)
    """Tickets a period at which it counts half."""
    largest: float = key(0.7, unit="log ratio", gt=0)
    """No effect is larger."""


class LessonConfig(ConfigPart):
    """How far a past moment may teach the trees: pandemics and moves of the whole city teach little."""

    shock: float = key(0.35, unit="log ratio", gt=0)
    """A target so far from the periods around it counts half."""
    level_spread: float = key(0.4, unit="log ratio", gt=0)
    """An origin whose level had just moved so far counts half."""
    pad: float = key(5.0, unit="tickets", gt=0)
    """Added to both sides of those ratios."""


class WildConfig(ConfigPart):
    """When a lone count is too wild to be believed, and is cut."""

    far: float = key(3.0, unit="standard deviations", gt=0)
    """How far above the median around it, in its series' own scatter (at least Poisson's), on Anscombe's scale."""
    harmless: float = key(10.0, unit="tickets", ge=0)
    """No count up to this is cut, however empty its series: a new office comes in cells of few tickets."""
    around: int = key(13, unit="periods", ge=2)
    """Periods to each side of that median; of days, weeks with the same weekday."""
    lasts: int = key(3, unit="periods", ge=2)
    """A rise that lasts so long is followed, not cut."""
    shared: int = key(3, unit="cells", ge=2)
    """What so many cells of a category or a district show in one period is no mistake of one of them."""
    returns_within: int = key(2, unit="weeks", ge=0)
    """A peak that came within so many weeks of the same time of another year is a season."""
    beyond: float = key(2.0, gt=1)
    """What is believed for one of these reasons is at most so many times what speaks for it."""


class BaseConfig(ConfigPart):
    """When a level is issued from a plain forecast (last year's week, the same-week mean) instead of the model."""

    fewest_folds: int = key(3, unit="folds", ge=2)
    """Fewer folds decide nothing."""
    margin: float = key(0.05, unit="share", ge=0)
    """The plain forecast must have lost less by this share of the model's loss."""
    significance: float = key(2.0, unit="standard errors", ge=0)
    """... and by so many standard errors, over folds."""
    wape_from: float = key(1.0, unit="tickets", ge=0)
    """WAPE judges a level from so many tickets per series and period on; below, a forecast of nothing would win it."""


class ForecastConfig(ConfigPart):
    """What was tuned in the forecaster; one configuration for all cities."""

    horizon: int = key(13, unit="periods", ge=1)
    """Longest step that is trained on."""
    years: float = key(4.0, unit="years", gt=0)
    """Years of origins that are learned from."""
    max_rows: int = key(300_000, unit="rows", ge=1)
    """Rows of a training design; origins are thinned above it."""
    weights: dict[Frequency, dict[Member, float]] = key(_WEIGHTS)
    """Frequency -> weight of each member in the power mean of a cell's forecasts."""
    power: dict[Frequency, float] = key(_POWER)
    """Frequency -> exponent of that mean: -1 is harmonic (low where members differ), near 0 geometric, 1 arithmetic."""
    pulls: dict[Grouping, float] = key({})
    """Grouping -> weight with which last year's same periods pull its sums, beyond what `follow` gives them."""
    doubt: float = key(2.0, unit="tickets", ge=0)
    """Doubt about one week of last year, in those pulls."""
    prophet: dict[Grouping, float] = key({})
    """Grouping -> weight with which Prophet pulls its sums; empty fits none."""
    dispersion_periods: int = key(78, unit="weeks", ge=1)
    """Trailing weeks from which dispersion is learned."""
    dispersion_shrink: float = key(2.0, unit="series", ge=0)
    """How many typical series the pooled dispersion is worth."""
    lead_growth: float = key(0.05, unit="per week", ge=0)
    """Share by which dispersion grows with each week that the newest counts are late."""
    spread: dict[Frequency, dict[str, float]] = key(_SPREAD)
    """Frequency -> level -> factor on its dispersion: the model errs less than the members that it is learned from."""
    lasting: float = key(0.5, unit="correlation", ge=0, le=1)
    """Correlation of a shared factor between two periods of the horizon, in sample paths."""
    seed: int = 1
    """Of everything random."""
    onestep: TreeConfig = TreeConfig()
    """The recursive LightGBM."""
    seasons: SeasonShapeConfig = SeasonShapeConfig()
    """Seasons of the layered members."""
    layers: LayerConfig = LayerConfig()
    """The layered member of weekly panels."""
    daily_layers: DailyLayerConfig = DailyLayerConfig()
    """The layered member of daily panels."""
    follow: FollowConfig = FollowConfig()
    """Levels that are forecast on their own."""
    members: MemberConfig = MemberConfig()
    """The plain members."""
    breaks: BreakConfig = BreakConfig()
    """Breaks of level at the end of the history."""
    holidays: HolidayConfig = HolidayConfig()
    """Named holidays in weekly panels."""
    marked_days: MarkedDayConfig = MarkedDayConfig()
    """Holidays and worked weekends in daily panels."""
    events: EventConfig = EventConfig()
    """Registered events and policies."""
    weather: WeatherEffectConfig = WeatherEffectConfig()
    """Effects of the weather."""
    wild: WildConfig = WildConfig()
    """Lone counts that are too wild to be believed."""
    lessons: LessonConfig = LessonConfig()
    """Which past moments teach."""
    bases: BaseConfig = BaseConfig()
    """When a level is issued from a plain forecast."""

    @field_validator("weights", mode="before")
    @classmethod
    def _every_weight(cls, value: Any) -> Any:
        return _over(_WEIGHTS, value)

    @field_validator("power", mode="before")
    @classmethod
    def _every_power(cls, value: Any) -> Any:
        return _over(_POWER, value)

    @field_validator("spread", mode="before")
    @classmethod
    def _every_spread(cls, value: Any) -> Any:
        return _over(_SPREAD, value)

    @field_validator("spread")
    @classmethod
    def _spread_of_others(cls, value: dict[Frequency, dict[str, float]]) -> dict[Frequency, dict[str, float]]:
        lacking = [freq for freq, levels in value.items() if "other" not in levels]
        if lacking:
            raise ValueError(f"{lacking[0]} needs a factor for `other`, the levels that it does not name")
        return value

    @property
    def further(self) -> int:
        """Weeks forecast beyond those asked for, so that a week's mean does not depend on how many are asked for."""
        return 2 * self.holidays.reach


def _over(shipped: dict[Any, Any], value: Any) -> Any:
    """Keep the shipped value of every frequency that a table does not name."""
    return {**shipped, **value} if isinstance(value, dict) else value
