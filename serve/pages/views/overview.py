"""The planner's page: next four weeks with their bands, last year beside them, and how wrong last week was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import pandas as pd
from markupsafe import Markup
from sqlalchemy.orm import Session

from features.branches import is_asked_for
from features.series import LEVELS
from features.settings import Settings
from features.vocabulary import Frequency
from serve.charts.demand import Period, demand_chart, spark
from serve.errors import NotFoundError
from serve.forecasts.accuracy import BandCheck, JudgedSeries, LevelScore, band_checks, join_actual, judge, score_levels
from serve.forecasts.adjusted import adjust_sums
from serve.forecasts.drivers import Driver, calendar_drivers, model_drivers, override_drivers
from serve.forecasts.history import WeeklyHistory, weekly_history
from serve.forecasts.issues import adjusted_frame, issue_before, issue_frame, sum_frame
from serve.forecasts.repository import CATEGORY_LEVELS, current_issue
from serve.number_format import relative_change
from serve.pages.language import Words
from serve.pages.render import Provenance
from serve.pages.views.origin import forecast_origin
from serve.paging import Cut
from serve.registry import model_in_service
from serve.seasons.coming import ComingSeason, coming_seasons

ROWS: Final = 40
SEASONS: Final = 12
WEEKS_WIDE: Final = 26
WEEKS_NARROW: Final = 10
_SEASON_WEEKS: Final = 13


@dataclass(frozen=True)
class Wanted:
    """What the planner asked to see."""

    level: str = "category1"
    category: str = ""
    district: str = ""
    series: str = "total"
    page: int = 1
    all_seasons: bool = False

    @property
    def fitting(self) -> tuple[str, ...]:
        """The levels that are divided by everything that was asked for."""
        asked = {name for name, value in (("category1", self.category), ("district", self.district)) if value}
        return tuple(level for level, dimensions in LEVELS.items() if asked <= set(dimensions))

    @property
    def query(self) -> dict[str, str]:
        """What stands in the address of the same list."""
        return {"level": self.level, "category": self.category, "district": self.district, "series": self.series}


@dataclass(frozen=True)
class SeriesRow:
    """One line of the table: a series, its next week, its last year, its four weeks as a small picture."""

    unique_id: str
    name: str
    mean: float
    p10: float
    p90: float
    last_year: float | None
    change: float | None
    picture: Markup
    said: float | None = None
    """What the model said, where an override touches the number; None elsewhere."""


@dataclass(frozen=True)
class WeekRow:
    """One week of the chosen series."""

    monday: datetime
    mean: float
    p10: float
    p90: float
    last_year: float | None
    change: float | None
    drivers: Sequence[Driver]
    said: float | None = None


@dataclass(frozen=True)
class SumRow:
    """Several weeks of the chosen series together."""

    weeks: int
    mean: float
    p10: float
    p90: float
    last_year: float | None
    change: float | None
    said: float | None = None


@dataclass
class Overview:
    """Everything the page shows."""

    provenance: Provenance
    name: str
    wide: Markup
    narrow: Markup
    periods: Sequence[Period]
    weeks: Sequence[WeekRow]
    sums: Sequence[SumRow]
    rows: Sequence[SeriesRow]
    cut: Cut
    rows_mean: float
    last_actual: float | None
    change_on_last_week: float | None
    judged: JudgedSeries | None = None
    scores: Sequence[LevelScore] = field(default_factory=list)
    checks: Mapping[str, BandCheck] = field(default_factory=dict)
    checked_version: str = ""
    seasons: Sequence[ComingSeason] = field(default_factory=list)
    season_count: int = 0
    has_years: bool = False
    categories: Sequence[str] = field(default_factory=list)
    districts: Sequence[str] = field(default_factory=list)


def overview(session: Session, settings: Settings, words: Words, wanted: Wanted, *, now: datetime) -> Overview | None:
    """Return the page's content; None before the first forecast was published."""
    issue = current_issue(session, Frequency.WEEKLY, now=now)
    if issue is None:
        return None
    adjusted = adjusted_frame(session, issue, settings, now=now)
    forecast = adjusted.rows
    past = weekly_history(settings, as_of=now)
    history = past.weeks
    _check_known(forecast, wanted)
    chosen = _chosen(forecast, wanted)
    known = _known(history, str(chosen["unique_id"].iloc[0]))
    periods = _periods(chosen, known, WEEKS_WIDE)
    name = series_name(chosen.iloc[0], words)
    listed = _listed(forecast, wanted)
    cut = Cut.of(len(listed), page=wanted.page, size=ROWS)
    view = Overview(
        provenance=forecast_origin(issue, words, missing=past.missing),
        name=name,
        wide=demand_chart(periods, title=f"{words('overview.title')}: {name}", name="demand-wide"),
        narrow=demand_chart(
            _periods(chosen, known, WEEKS_NARROW),
            title=f"{words('overview.title')}: {name}",
            name="demand-narrow",
            narrow=True,
        ),
        periods=periods,
        weeks=_weeks(chosen, settings),
        sums=_sums(
            adjust_sums(
                sum_frame(session, issue, settings, now=now, unique_id=str(chosen["unique_id"].iloc[0])), adjusted
            )
        ),
        rows=[_row(group, history, words, place=place) for place, (_, group) in enumerate(listed[cut.rows])],
        cut=cut,
        rows_mean=float(sum(group["mean"].iloc[0] for _, group in listed)),
        last_actual=float(known.iloc[-1]) if len(known) else None,
        change_on_last_week=_on_last_week(chosen, known),
        categories=sorted(set(forecast.loc[forecast["level"] == "category1", "category1"])),
        districts=sorted(set(forecast.loc[forecast["level"] == "district", "district"])),
    )
    if history is not None:
        _look_back(session, settings, view, history, chosen, words, now=now)
    if not wanted.all_seasons:
        view.seasons = view.seasons[:SEASONS]
    return view


def _on_last_week(chosen: pd.DataFrame, known: pd.Series) -> float | None:
    return relative_change(float(chosen["mean"].iloc[0]), float(known.iloc[-1])) if len(known) else None


def series_name(row: pd.Series, words: Words) -> str:
    """Return what a series is called: its finest category and its district."""
    category = row["category"] or row["category2"] or row["category1"]
    parts = [part for part in (category, row["district"]) if part]
    if not parts and row["level"] == "department":
        parts = [row["department"]]
    return " · ".join(parts) or words("series_level.total")


def _look_back(
    session: Session,
    settings: Settings,
    view: Overview,
    history: WeeklyHistory,
    chosen: pd.DataFrame,
    words: Words,
    *,
    now: datetime,
) -> None:
    week = history.last_week
    earlier = issue_before(session, week.to_pydatetime(), now=now)
    if earlier is not None:
        said = issue_frame(session, earlier, settings, now=now, week=week.to_pydatetime())
        joined = join_actual(said, history.counts, week)
        view.scores = score_levels(joined)
        if model := model_in_service(session, earlier.model_name):
            view.checks, view.checked_version = band_checks(model.metrics), model.version
        view.judged = judge(joined, str(chosen["unique_id"].iloc[0]))
    names = {row["unique_id"]: series_name(row, words) for row in history.static.to_dict("records")}
    counts = history.level("category")
    view.has_years = len(counts) > 0 and (history.data_through - counts["ds"].min()) >= timedelta(weeks=2 * 52)
    view.seasons = coming_seasons(
        history, after=history.first_to_come, names=names, settings=settings, weeks=_SEASON_WEEKS + 4
    )
    view.season_count = len(view.seasons)


def _chosen(forecast: pd.DataFrame, wanted: Wanted) -> pd.DataFrame:
    chosen = forecast[forecast["unique_id"] == wanted.series]
    if chosen.empty:
        raise NotFoundError("unknown_series", name=wanted.series)
    return chosen.sort_values("ds")


def _check_known(forecast: pd.DataFrame, wanted: Wanted) -> None:
    """Refuse a category or district that the forecast does not know, in place of an empty list."""
    if wanted.category and not _are_asked_for(forecast, wanted.category).any():
        raise NotFoundError("unknown_category", name=wanted.category)
    if wanted.district and wanted.district not in set(forecast["district"]):
        raise NotFoundError("unknown_district", name=wanted.district)


def _are_asked_for(rows: pd.DataFrame, category: str) -> pd.Series:
    paths = rows[list(CATEGORY_LEVELS)].drop_duplicates()
    asked = paths[[is_asked_for(category, *path) for path in paths.itertuples(index=False, name=None)]]
    found = pd.MultiIndex.from_frame(rows[list(CATEGORY_LEVELS)]).isin(pd.MultiIndex.from_frame(asked))
    return pd.Series(found, index=rows.index)


def _listed(forecast: pd.DataFrame, wanted: Wanted) -> list[tuple[str, pd.DataFrame]]:
    """Return the series of the wanted level, largest next week first."""
    rows = forecast[forecast["level"] == wanted.level]
    if wanted.category:
        rows = rows[_are_asked_for(rows, wanted.category)]
    if wanted.district:
        rows = rows[rows["district"] == wanted.district]
    order = rows[rows["horizon"] == rows["horizon"].min()].sort_values("mean", ascending=False)["unique_id"]
    groups = dict(list(rows.sort_values("ds").groupby("unique_id", sort=False)))
    return [(name, groups[name]) for name in order]


def _periods(chosen: pd.DataFrame, known: pd.Series, weeks: int) -> list[Period]:
    first = chosen["ds"].iloc[0]
    past = known[known.index < first].tail(weeks)
    if len(past):
        # Weeks that are over and not counted yet have their place, and nothing in it.
        past = past.reindex(pd.date_range(past.index[0], first, freq="7D", inclusive="left"))
    named = chosen.rename(columns={"mean": "mean_"})[["ds", "mean_", "p10", "p90", "last_year"]]
    year_ago = known.copy()
    year_ago.index = year_ago.index + pd.Timedelta(days=364)
    return [
        *(
            Period(ds.strftime("%m-%d"), actual=_or_none(y), last_year=_or_none(year_ago.get(ds)))
            for ds, y in past.items()
        ),
        *(
            Period(
                row.ds.strftime("%m-%d"), mean=row.mean_, p10=row.p10, p90=row.p90, last_year=_or_none(row.last_year)
            )
            for row in named.itertuples(index=False)
        ),
    ]


def _weeks(chosen: pd.DataFrame, settings: Settings) -> list[WeekRow]:
    from features.calendars import calendar_frame

    first, last = chosen["ds"].iloc[0], chosen["ds"].iloc[-1]
    calendar = calendar_frame(settings.country, first.date(), (last + pd.Timedelta(days=6)).date())
    return [
        WeekRow(
            monday=row.ds.to_pydatetime(),
            mean=row.mean_,
            p10=row.p10,
            p90=row.p90,
            last_year=_or_none(row.last_year),
            change=relative_change(row.mean_, _or_none(row.last_year)),
            drivers=[
                *override_drivers(row),
                *model_drivers(row, float(row.model_mean)),
                *calendar_drivers(calendar, row.ds.date()),
            ],
            said=_said(row),
        )
        for row in chosen.rename(columns={"mean": "mean_"}).itertuples(index=False)
    ]


def _sums(sums: pd.DataFrame) -> list[SumRow]:
    return [
        SumRow(row.periods, row.total, row.p10, row.p90, year_ago, relative_change(row.total, year_ago), _said(row))
        for row in sums.rename(columns={"mean": "total"}).itertuples(index=False)
        for year_ago in (_or_none(row.last_year),)
    ]


def _row(group: pd.DataFrame, history: WeeklyHistory | None, words: Words, *, place: int) -> SeriesRow:
    first = group.iloc[0]
    known = _known(history, str(first["unique_id"]))
    name = series_name(first, words)
    last_year = _or_none(first["last_year"])
    return SeriesRow(
        unique_id=str(first["unique_id"]),
        name=name,
        mean=float(first["mean"]),
        p10=float(first["p10"]),
        p90=float(first["p90"]),
        last_year=last_year,
        change=relative_change(float(first["mean"]), last_year),
        picture=spark(_periods(group, known, 12), title=name, name=f"spark-{place}"),
        said=_said(first),
    )


def _known(history: WeeklyHistory | None, unique_id: str) -> pd.Series:
    if history is None:
        return pd.Series(dtype=float, index=pd.DatetimeIndex([]))
    return history.series(unique_id)


def _said(row: Any) -> float | None:
    return float(row.model_mean) if row.touched else None


def _or_none(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
