"""The shapes of forecasts: an issue as the pipelines hand it in, and the page that readers get."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from features.reasons import Reason
from features.vocabulary import ForecastFrequency, Frequency
from serve.civil import CivilTime
from serve.degraded import Degradable

DRIVERS: Final = ("usual_level", "season", "holiday", "weather", "event", "recent_change")
"""What a mean is made of, in tickets; they add up to it."""


class ForecastOrigin(BaseModel):
    """One run of the forecaster: what it knew, and which model spoke.

    `data_through` is the end of the last complete period, naive local civil time.
    """

    model_config = ConfigDict(from_attributes=True, protected_namespaces=())

    freq: ForecastFrequency
    as_of: AwareDatetime
    generated_at: AwareDatetime
    data_through: CivilTime
    model_name: str
    model_version: str
    taxonomy_version: str
    calendar_version: str
    snapshot: Annotated[int, Field(description="Version of the ticket lake that was read")]


class ForecastIssue(ForecastOrigin):
    """A run as the pipelines hand it in; `degraded` says why it is less than it should be, if it is."""

    degraded: tuple[Reason, ...] = ()


class Override(BaseModel):
    """A planner's number beside the model's."""

    value: float
    p10: float | None
    p90: float | None
    author: str
    reason: str


class NumbersInForce(BaseModel):
    """What stands where planners' overrides touch a series: its own, or those of its parts, whole or periods."""

    model_config = ConfigDict(from_attributes=True)

    mean: float
    p10: float
    p50: float
    p90: float


class OfSeries(BaseModel):
    """Which series, from when on: `ds` is the start of the first period in local civil time."""

    model_config = ConfigDict(from_attributes=True)

    unique_id: str
    ds: CivilTime
    level: str
    category1: str
    category2: str
    category: str
    district: str
    department: str


class ForecastItem(OfSeries):
    """One series, one period."""

    horizon: Annotated[int, Field(description="Steps ahead of the last complete period, from 1")]
    mean: float
    p10: float
    p50: float
    p90: float
    last_year: Annotated[float | None, Field(description="Count of the aligned period last year; null when unknown")]
    base_model: Annotated[
        str,
        Field(
            description="What the level is issued from: `weisu`, or a plain one (`same_week_mean`, `seasonal_naive`) "
            "that was better on earlier folds"
        ),
    ]
    usual_level: Annotated[
        float | None, Field(description="Driver: the trailing mean; the drivers add up to `mean`")
    ] = None
    season: Annotated[float | None, Field(description="Driver: what last year's same periods add")] = None
    holiday: Annotated[float | None, Field(description="Driver: what the calendar of the period changes")] = None
    weather: Annotated[float | None, Field(description="Driver: what the weather changes")] = None
    event: Annotated[float | None, Field(description="Driver: what the event register changes")] = None
    recent_change: Annotated[float | None, Field(description="Driver: what recent periods change")] = None
    override: Override | None = None
    in_force: Annotated[
        NumbersInForce | None, Field(description="With the overrides in force; null where none touches this series")
    ] = None


EXAMPLE: dict[str, Any] = {
    "schema_version": 1,
    "freq": Frequency.WEEKLY,
    "as_of": "2026-11-23T00:00:00Z",
    "generated_at": "2026-11-23T00:20:11Z",
    "data_through": "2026-11-23T00:00:00",
    "model_name": "weisu-demand",
    "model_version": "7",
    "taxonomy_version": "sha256:9c1e",
    "calendar_version": "CN-2026.1",
    "snapshot": 412,
    "degraded_reasons": [],
    "degraded": "",
    "items": [
        {
            "unique_id": "category=噪声;district=海口市",
            "ds": "2026-11-23T00:00:00",
            "level": "cell",
            "category1": "生态环境",
            "category2": "噪声污染",
            "category": "噪声",
            "district": "海口市",
            "department": "市生态环境局",
            "horizon": 1,
            "mean": 41.2,
            "p10": 31.0,
            "p50": 40.6,
            "p90": 52.3,
            "last_year": 38.0,
            "base_model": "weisu",
            "usual_level": 37.5,
            "season": 2.1,
            "holiday": 0.0,
            "weather": 0.0,
            "event": 0.0,
            "recent_change": 1.6,
            "override": None,
        }
    ],
    "next_cursor": None,
}


class ForecastPage(ForecastOrigin, Degradable):
    """Rows of the current issue, with everything that says where they come from."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [EXAMPLE]})

    schema_version: int = 1
    items: list[ForecastItem]
    next_cursor: Annotated[str | None, Field(description="Hand it back as `cursor` for the next page")] = None


class ForecastSumItem(OfSeries):
    """One series over several periods together, from `ds` on."""

    periods: Annotated[int, Field(description="Periods summed, the first one included")]
    mean: Annotated[float, Field(description="Sum of the periods' means")]
    p10: Annotated[float, Field(description="Quantile of the sum, from sample paths; not the sum of the quantiles")]
    p50: float
    p90: float
    last_year: Annotated[float | None, Field(description="Count of the aligned periods last year; null when unknown")]
    base_model: str
    in_force: Annotated[
        NumbersInForce | None,
        Field(description="With overrides of single periods; null where none touches this series"),
    ] = None


SUMS_EXAMPLE: dict[str, Any] = {
    **{key: value for key, value in EXAMPLE.items() if key not in ("items", "next_cursor")},
    "items": [
        {
            "unique_id": "category=噪声;district=海口市",
            "ds": "2026-11-23T00:00:00",
            "periods": 4,
            "level": "cell",
            "category1": "生态环境",
            "category2": "噪声污染",
            "category": "噪声",
            "district": "海口市",
            "department": "市生态环境局",
            "mean": 163.4,
            "p10": 139.0,
            "p50": 162.0,
            "p90": 189.0,
            "last_year": 151.0,
            "base_model": "weisu",
        }
    ],
    "next_cursor": None,
}


class ForecastSumsPage(ForecastOrigin, Degradable):
    """Sums over several periods of the current issue."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [SUMS_EXAMPLE]})

    schema_version: int = 1
    items: list[ForecastSumItem]
    next_cursor: Annotated[str | None, Field(description="Hand it back as `cursor` for the next page")] = None
