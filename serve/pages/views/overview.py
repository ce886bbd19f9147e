"""The planner's page: next four weeks with their bands, last year beside them, and how wrong last week was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import pandas as pd
from markupsafe import Markup
from sqlalchemy.orm import Session

from features.settings import Settings
from features.vocabulary import Frequency
from serve.charts.demand import Period, demand_chart, spark
from serve.forecasts.accuracy import JudgedSeries, LevelScore, join_actual, judge, score_levels
from serve.forecasts.drivers import Driver, calendar_drivers, model_drivers
from serve.forecasts.history import WeeklyHistory, weekly_history
from serve.forecasts.issues import issue_before, issue_frame, sum_frame
from serve.forecasts.repository import current_issue
from serve.number_format import relative_change
from serve.pages.language import Words
from serve.pages.render import Provenance
from serve.pages.views.origin import forecast_origin
from serve.seasons.coming import ComingSeason, coming_seasons

LEVELS: Final = ("total", "district", "department", "category1", "category2", "category", "cell")
ROWS: Final = 40
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


@dataclass(frozen=True)
class SeriesRow:
    """One line of the table: a series, its next week, its last year, its four weeks as a small picture."""

    unique_id: str
    name: str
    p10: float
    p50: float
    p90: float
    mean: float
    last_year: float | None
    change: float | None
    picture: Markup


@dataclass(frozen=True)
class WeekRow:
    """One week of the chosen series."""

    monday: datetime
    p10: float
    p50: float
    p90: float
    mean: float
    last_year: float | None
    change: float | None
    drivers: Sequence[Driver]


@dataclass(frozen=True)
class SumRow:
    """Several weeks of the chosen series together."""

    weeks: int
    p10: float
    p50: float
    p90: float
    mean: float
    last_year: float | None
    change: float | None


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
    row_count: int
    last_actual: float | None
    change_on_last_week: float | None
    judged: JudgedSeries | None = None
    scores: Sequence[LevelScore] = field(default_factory=list)
    seasons: Sequence[ComingSeason] = field(default_factory=list)
    has_years: bool = False
    categories: Sequence[str] = field(default_factory=list)
    districts: Sequence[str] = field(default_factory=list)


def overview(session: Session, settings: Settings, words: Words, wanted: Wanted, *, now: datetime) -> Overview | None:
    """Return the page's content; None before the first forecast was published."""
    issue = current_issue(session, Frequency.WEEKLY)
    if issue is None:
        return None
    forecast = issue_frame(session, issue, settings, now=now)
    past = weekly_history(settings, as_of=now)
    history = past.weeks
    chosen = _chosen(forecast, wanted)
    known = _known(history, str(chosen["unique_id"].iloc[0]))
    periods = _periods(chosen, known, WEEKS_WIDE)
    name = series_name(chosen.iloc[0], words)
    listed = _listed(forecast, wanted)
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
        sums=_sums(sum_frame(session, issue, settings, now=now, unique_id=str(chosen["unique_id"].iloc[0]))),
        rows=[_row(group, history, words, place=place) for place, (_, group) in enumerate(listed[:ROWS])],
        row_count=len(listed),
        last_actual=float(known.iloc[-1]) if len(known) else None,
        change_on_last_week=_on_last_week(chosen, known),
        categories=sorted(set(forecast.loc[forecast["level"] == "category1", "category1"])),
        districts=sorted(set(forecast.loc[forecast["level"] == "district", "district"])),
    )
    if history is not None:
        _look_back(session, settings, view, history, chosen, words, now=now)
    return view


def _on_last_week(chosen: pd.DataFrame, known: pd.Series) -> float | None:
    return relative_change(float(chosen["p50"].iloc[0]), float(known.iloc[-1])) if len(known) else None


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
        view.judged = judge(joined, str(chosen["unique_id"].iloc[0]))
    names = {row["unique_id"]: series_name(row, words) for row in history.static.to_dict("records")}
    counts = history.level("category")
    view.has_years = len(counts) > 0 and (history.data_through - counts["ds"].min()) >= timedelta(weeks=2 * 52)
    view.seasons = coming_seasons(
        history, after=history.first_to_come, names=names, settings=settings, weeks=_SEASON_WEEKS + 4, limit=12
    )


def _chosen(forecast: pd.DataFrame, wanted: Wanted) -> pd.DataFrame:
    chosen = forecast[forecast["unique_id"] == wanted.series]
    if chosen.empty:
        chosen = forecast[forecast["unique_id"] == forecast["unique_id"].iloc[0]]
    return chosen.sort_values("ds")


def _listed(forecast: pd.DataFrame, wanted: Wanted) -> list[tuple[str, pd.DataFrame]]:
    """Return the series of the wanted level, largest next week first."""
    rows = forecast[forecast["level"] == (wanted.level if wanted.level in LEVELS else "category1")]
    if wanted.category:
        rows = rows[(rows[["category1", "category2", "category"]] == wanted.category).any(axis=1)]
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
    ahead = chosen[["ds", "p10", "p50", "p90", "last_year"]].itertuples(index=False)
    year_ago = known.copy()
    year_ago.index = year_ago.index + pd.Timedelta(days=364)
    return [
        *(
            Period(ds.strftime("%m-%d"), actual=_or_none(y), last_year=_or_none(year_ago.get(ds)))
            for ds, y in past.items()
        ),
        *(
            Period(row.ds.strftime("%m-%d"), p10=row.p10, p50=row.p50, p90=row.p90, last_year=_or_none(row.last_year))
            for row in ahead
        ),
    ]


def _weeks(chosen: pd.DataFrame, settings: Settings) -> list[WeekRow]:
    from features.calendars import calendar_frame

    first, last = chosen["ds"].iloc[0], chosen["ds"].iloc[-1]
    calendar = calendar_frame(settings.country, first.date(), (last + pd.Timedelta(days=6)).date())
    return [
        WeekRow(
            monday=row.ds.to_pydatetime(),
            p10=row.p10,
            p50=row.p50,
            p90=row.p90,
            mean=row.mean_,
            last_year=_or_none(row.last_year),
            change=relative_change(row.p50, _or_none(row.last_year)),
            drivers=[*model_drivers(row, float(row.mean_)), *calendar_drivers(calendar, row.ds.date())],
        )
        for row in chosen.rename(columns={"mean": "mean_"}).itertuples(index=False)
    ]


def _sums(sums: pd.DataFrame) -> list[SumRow]:
    return [
        SumRow(row.periods, row.p10, row.p50, row.p90, row.total, year_ago, relative_change(row.p50, year_ago))
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
        p10=float(first["p10"]),
        p50=float(first["p50"]),
        p90=float(first["p90"]),
        mean=float(first["mean"]),
        last_year=last_year,
        change=relative_change(float(first["p50"]), last_year),
        picture=spark(_periods(group, known, 12), title=name, name=f"spark-{place}"),
    )


def _known(history: WeeklyHistory | None, unique_id: str) -> pd.Series:
    if history is None:
        return pd.Series(dtype=float, index=pd.DatetimeIndex([]))
    return history.series(unique_id)


def _or_none(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
