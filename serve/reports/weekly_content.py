"""What the weekly report says, as frames and numbers, before any format: the week that was and the four to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import pandas as pd
from sqlalchemy.orm import Session

from features.origin import origin_of
from features.reasons import Reason, ReasonCode, Reasons, stored
from features.series import LEVELS
from features.settings import Settings
from features.vocabulary import Frequency
from features.words import AreaNames, catalogue, in_both
from serve.errors import NotReadyError
from serve.forecasts.accuracy import BandCheck, LevelScore, band_checks, join_actual, score_levels
from serve.forecasts.adjusted import Key, adjust_sums
from serve.forecasts.history import WeeklyHistory, weekly_history
from serve.forecasts.issues import adjusted_frame, issue_before, issue_frame, overrides_in_force, sum_frame
from serve.forecasts.repository import current_issue
from serve.number_format import FEWEST_FOR_PERCENT, relative_change
from serve.registry import model_in_service
from serve.reports.headings import base_of, series_level
from serve.seasons.coming import ComingSeason, coming_seasons
from serve.store.tables import ForecastIssueRow, ForecastOverride
from serve.supervision.alert_week import AlertWeek, alert_week
from serve.weeks import Week

FORECAST_COLUMNS: Final = (
    "level", "unique_id", "category1", "category2", "category", "district", "department",
    "ds", "p10", "p50", "p90", "mean", "last_year", "change_on_last_year", "last_week",
)  # fmt: skip
"""Columns of the forecast table, in every format and in this order for good: other people's sheets refer to them."""

LATER_COLUMNS: Final = ("base_model", "model_mean")
"""Columns that came later, behind all others, so that those keep their letters."""

TOP_EXPECTED: Final = 10
TOP_CATEGORIES: Final = 6
TOP_SEASONS: Final = 15
TOP_DEPARTMENTS: Final = 15
_CHART_WEEKS: Final = 26


@dataclass(frozen=True)
class CountRow:
    """A category or department last week.

    Attributes:
        name: What it is called.
        count: Tickets last week.
        share: Share of all tickets.
        change: On the week before; None when that had fewer than five.
        expected: Mean forecast of the week to come; `low` and `high` its 80 % band.
    """

    name: str
    count: float
    share: float
    change: float | None
    expected: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class ExpectedRow:
    """A category in the week to come."""

    name: str
    mean: float
    p10: float
    p90: float
    last_week: float | None
    last_year: float | None


@dataclass
class WeeklyContent:
    """The whole report.

    Attributes:
        week: The week reported on.
        area_names: What the area and its parts are called.
        issue: The forecast that speaks about the weeks after it.
        forecast: The forecast table, columns `FORECAST_COLUMNS` and `LATER_COLUMNS`.
        total: The total's forecast, one row per week to come.
        recent: The total's counts of the last half year, by Monday; NaN for weeks that are over and not counted yet.
        count: Tickets of the week; None without a lake.
        change: On the week before.
        scores: Errors of the forecast that had spoken about this week, per level.
        checks: What the average coverage hides, per level, by the folds of the model in service.
        checked_version: Which version of it that is; '' without one.
        expected: Categories of the week to come, most first; pages show `TOP_EXPECTED` of them.
        categories: Categories of the week, most first; pages show `TOP_CATEGORIES` of them.
        departments: Departments by tickets of the week.
        alerts: What became of the alerts.
        seasons: Problems expected back in the next quarter, soonest first; pages show `TOP_SEASONS` of them.
        simulated: Whether the city is invented.
        sums: What several weeks bring together; empty where the issue has none.
        overrides: Planners' numbers in force; the forecast and the sums have them in them.
    """

    week: Week
    issue: ForecastIssueRow
    generated_at: datetime
    area_names: AreaNames
    forecast: pd.DataFrame
    total: pd.DataFrame
    recent: pd.Series
    alerts: AlertWeek
    count: float | None = None
    change: float | None = None
    scores: Sequence[LevelScore] = field(default_factory=list)
    checks: Mapping[str, BandCheck] = field(default_factory=dict)
    checked_version: str = ""
    expected: Sequence[ExpectedRow] = field(default_factory=list)
    categories: Sequence[CountRow] = field(default_factory=list)
    departments: Sequence[CountRow] = field(default_factory=list)
    seasons: Sequence[ComingSeason] = field(default_factory=list)
    simulated: bool = False
    degraded: Reasons = ()
    sums: pd.DataFrame = field(default_factory=pd.DataFrame)
    overrides: Mapping[Key, ForecastOverride] = field(default_factory=dict)

    @property
    def is_adjusted(self) -> bool:
        """Whether planners' overrides touch the weeks to come."""
        return bool(self.forecast["model_mean"].notna().any())

    @property
    def first(self) -> pd.Series:
        """The total's forecast of the week to come, its mean as `mean_`; NaN where no forecast speaks about it."""
        total = self.total.rename(columns={"mean": "mean_"})
        return total.iloc[0] if len(total) else pd.Series(float("nan"), index=total.columns)

    def checks_of(self, level: str) -> tuple[float | None, float | None]:
        """Return the share of a level's series that fail their own band, and coverage after a break; None: unknown."""
        check = self.checks.get(level, BandCheck(None, None))
        return check.failing, check.after_break

    def level_name(self, level: str) -> str:
        """Return what a level of the hierarchy is called here."""
        return series_level(level, self.area_names)


def weekly_content(session: Session, settings: Settings, week: Week, *, now: datetime) -> WeeklyContent:
    """Gather a week's report; where no forecast speaks about the weeks after it, it says so and has none.

    Raises:
        NotReadyError: No forecast was ever issued.
    """
    ahead = pd.Timestamp(week.monday) + pd.Timedelta(days=7)
    issue = issue_before(session, ahead.to_pydatetime(), now=now) or current_issue(session, Frequency.WEEKLY, now=now)
    if issue is None:
        raise NotReadyError("no_forecast_for_week", week=str(week))
    adjusted = adjusted_frame(session, issue, settings, now=now)
    forecast = adjusted.rows
    ended = forecast.loc[forecast["ds"] < ahead, "ds"].max()
    forecast = forecast[forecast["ds"] >= ahead]
    past = weekly_history(settings, as_of=now)
    history = past.weeks
    last_week = _counts_of(history, pd.Timestamp(week.monday))
    table = _forecast_table(forecast, last_week)
    content = WeeklyContent(
        week=week,
        issue=issue,
        generated_at=now,
        area_names=AreaNames.of(settings),
        forecast=table,
        total=table[table["level"] == "total"].sort_values("ds"),
        recent=_recent(history, pd.Timestamp(week.monday)),
        alerts=alert_week(session, settings, week, now=now),
        expected=_expected(table, ahead, AreaNames.of(settings)),
        sums=_in_order(adjust_sums(sum_frame(session, issue, settings, now=now), adjusted), "periods")
        if len(forecast)
        else pd.DataFrame(),
        overrides=overrides_in_force(session, Frequency.WEEKLY, settings, now=now),
    )
    if history is not None and len(last_week):
        _look_back(session, settings, content, history, ahead)
    origin = origin_of(settings)
    content.simulated = origin.simulated
    over = () if len(forecast) else (_ended(week, ended),)
    content.degraded = (*stored(issue.degraded), *over, *past.missing, *origin.missing)
    return content


def _ended(week: Week, last: pd.Timestamp) -> Reason:
    return Reason(ReasonCode.FORECAST_ENDED, {"week": str(week), "ended": f"{last:%Y-%m-%d}"})


def _recent(history: WeeklyHistory | None, last: pd.Timestamp) -> pd.Series:
    counts = history.series("total").loc[:last] if history is not None else pd.Series(dtype=float)
    if counts.empty:
        return pd.Series(dtype=float, index=pd.DatetimeIndex([]))
    return counts.astype(float).reindex(pd.date_range(counts.index[0], last, freq="7D")).tail(_CHART_WEEKS)


def cut_note(most: int, rows: Sequence[object]) -> str:
    """Return how many of a list's rows a page shows and where the rest is, in both languages; '' for all of them."""
    if len(rows) <= most:
        return ""
    return f"{in_both('list.top', n=most, total=len(rows))}；{in_both('list.in_sheet')}"


def name_of(row: pd.Series | dict[str, str], names: AreaNames) -> str:
    """Return what a series is called: its finest category and its district, or that it is the total."""
    category = row["category"] or row["category2"] or row["category1"]
    parts = [part for part in (category, row["district"]) if part]
    if not parts and row["level"] == "department":
        parts = [row["department"]]
    return " · ".join(parts) or catalogue("zh-CN", names)("series_level.total")


def _look_back(
    session: Session, settings: Settings, content: WeeklyContent, history: WeeklyHistory, ahead: pd.Timestamp
) -> None:
    week = pd.Timestamp(content.week.monday)
    total = history.series("total")
    content.count = float(total.get(week, 0.0))
    content.change = relative_change(content.count, total.get(week - pd.Timedelta(days=7)))
    earlier = issue_before(session, week.to_pydatetime(), now=content.generated_at)
    if earlier is not None:
        said = issue_frame(session, earlier, settings, now=content.generated_at, week=week.to_pydatetime())
        if model := model_in_service(session, earlier.model_name):
            content.checks, content.checked_version = band_checks(model.metrics), model.version
        content.scores = score_levels(join_actual(said, history.counts, week))
    content.categories = _count_rows(content, history, "category1")
    content.departments = _count_rows(content, history, "department")
    names = {row["unique_id"]: name_of(row, content.area_names) for row in history.static.to_dict("records")}
    content.seasons = coming_seasons(history, after=ahead, names=names, settings=settings, weeks=17)


def _forecast_table(forecast: pd.DataFrame, last_week: pd.Series) -> pd.DataFrame:
    enough = forecast["last_year"].where(forecast["last_year"] >= FEWEST_FOR_PERCENT)
    table = forecast.assign(
        change_on_last_year=forecast["mean"] / enough - 1,
        last_week=forecast["unique_id"].map(last_week) if len(last_week) else float("nan"),
        base_model=forecast["base_model"].map(base_of),
        model_mean=forecast["model_mean"].where(forecast["touched"]),
    )
    return _in_order(table, "ds")[[*FORECAST_COLUMNS, *LATER_COLUMNS]]


def _in_order(rows: pd.DataFrame, last: str) -> pd.DataFrame:
    """Sort rows as planners read them: upper levels first, then by series, then by `last`."""
    order = rows["level"].map({name: rank for rank, name in enumerate(LEVELS)})
    return (
        rows.assign(_order=order)
        .sort_values(["_order", "unique_id", last])
        .drop(columns="_order")
        .reset_index(drop=True)
    )


def _counts_of(history: WeeklyHistory | None, week: pd.Timestamp) -> pd.Series:
    if history is None:
        return pd.Series(dtype=float)
    counts = history.counts[history.counts["ds"] == week]
    return counts.set_index("unique_id")["y"].astype(float)


def _expected(table: pd.DataFrame, ahead: pd.Timestamp, names: AreaNames) -> list[ExpectedRow]:
    rows = table[(table["ds"] == ahead) & (table["level"] == "category")]
    return [
        ExpectedRow(
            name_of(row, names),
            row["mean"],
            row["p10"],
            row["p90"],
            _or_none(row["last_week"]),
            _or_none(row["last_year"]),
        )
        for row in rows.sort_values("mean", ascending=False).to_dict("records")
    ]


def _count_rows(content: WeeklyContent, history: WeeklyHistory, level: str) -> list[CountRow]:
    week = pd.Timestamp(content.week.monday)
    static = history.static[history.static["level"] == level].set_index("unique_id")
    now, before = _counts_of(history, week), _counts_of(history, week - timedelta(days=7))
    next_week = content.forecast[content.forecast["ds"] == week + pd.Timedelta(days=7)].set_index("unique_id")
    rows = []
    for unique_id, dims in static.iterrows():
        said = next_week.loc[unique_id] if unique_id in next_week.index else None
        count = float(now.get(unique_id, 0.0))
        rows.append(
            CountRow(
                name=name_of({**dims.to_dict(), "level": level}, content.area_names),
                count=count,
                share=count / content.count if content.count else 0.0,
                change=relative_change(count, before.get(unique_id)),
                expected=float(said["mean"]) if said is not None else None,
                low=float(said["p10"]) if said is not None else None,
                high=float(said["p90"]) if said is not None else None,
            )
        )
    return sorted(rows, key=lambda row: -row.count)


def _or_none(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
