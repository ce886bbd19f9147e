"""Forecast: the champion, fed with what is known, published for every level in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import distinct, func, select

from features.calendars import lunar_new_year
from features.clock import Clock
from features.knowledge import MOST_BEHIND, Knowledge, KnownPanel, calendar_gap, first_to_come
from features.reasons import Reason, ReasonCode, ReasonedError, Reasons, Value, stored, to_json
from features.series import TOTAL
from features.settings import Settings
from features.taxonomy import taxonomy_version
from features.vocabulary import ForecastFrequency, Frequency
from models.forecast.stand_in import StandIn
from pipelines.champion import load_champion
from pipelines.leases import Lease, lease
from pipelines.tracking.registry import DEMAND
from serve.forecasts import ForecastIssue, publish
from serve.forecasts.repository import current_issue
from serve.store import Store
from serve.store.tables import ForecastRow, ForecastSum

_HISTORY: Final = {Frequency.WEEKLY: 260, Frequency.DAILY: 730}

SUMS: Final = (4, 13)
"""Weeks that are also forecast together."""

FALLBACK: Final = "fallback"
"""The version of what no model issued."""

_OF_SUM: Final = ("periods", "mean", "p10", "p50", "p90")

_NO_SUMS: Final = pd.DataFrame(
    columns=["unique_id", "level", "ds", "periods", "mean", "p10", "p50", "p90", "base_model"]
)


@dataclass(frozen=True)
class ForecastSummary:
    """What was issued, and on what grounds."""

    freq: Frequency
    as_of: datetime
    generated_at: datetime
    data_through: datetime
    model_name: str
    model_version: str
    taxonomy_version: str
    calendar_version: str
    snapshot: int
    series: int
    rows: int
    horizon: int
    is_new: bool
    degraded: Reasons
    sums: tuple[dict[str, float], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready description."""
        return {"schema_version": 1, **asdict(self), **to_json(self.degraded)}


def forecast(
    settings: Settings,
    clock: Clock,
    *,
    as_of: datetime | None = None,
    weeks: int = 4,
    freq: ForecastFrequency = Frequency.WEEKLY,
    sums: Sequence[int] = SUMS,
) -> ForecastSummary:
    """Issue the forecast of the next `weeks` for every series of every level; issuing it again changes nothing.

    The weeks are counted from the moment, the one that it lies in being the first, however late the newest counts are:
    the weeks in between are over and are not issued, and the bands are those of the longer lead. Beyond `MOST_BEHIND`
    the tickets are taken for a history of the past, and its own next weeks are issued.

    Without a champion, or with one that no longer fits the panel, the stand-in (`models/forecast/stand_in.py`)
    is issued, and the issue says that it is degraded. Where a model has issued from data as new, its issue stays.

    Args:
        settings: The installation.
        clock: The present.
        as_of: Forecast as it could have been known then; the present when None.
        weeks: Weeks ahead.
        freq: Weekly or daily.
        sums: Numbers of weeks that are also forecast together, with an interval of their sum; weekly only.

    Raises:
        PipelineError: The lake is empty, or no complete period is known by then.
    """
    Store.make_ready(settings.store_url)
    with lease(settings, Lease.ISSUE):
        return _issued(settings, clock, as_of or clock.now(), weeks=weeks, freq=freq, sums=sums)


def _issued(
    settings: Settings, clock: Clock, as_of: datetime, *, weeks: int, freq: ForecastFrequency, sums: Sequence[int]
) -> ForecastSummary:
    moment = as_of.astimezone(UTC)
    known = Knowledge.at(settings, moment).panel(freq, periods=_HISTORY[freq]).asked_at(moment, settings.zone)
    ahead = Ahead.of(known, moment, settings.zone, periods=weeks if freq == Frequency.WEEKLY else 7 * weeks)
    rows, totals, version, fallback = _rows(settings, known, ahead, sums if freq == Frequency.WEEKLY else ())
    if fallback and (kept := _good_issue(settings, freq, known, moment=moment, now=clock.now(), ahead=ahead)):
        return replace(kept, degraded=(*known.degraded, Reason(ReasonCode.MODEL_ISSUE_KEPT), *fallback[1:]))
    gap = calendar_gap(known.calendar, rows["ds"].min(), rows["ds"].max())
    issue = ForecastIssue(
        freq=freq,
        as_of=moment,
        generated_at=clock.now(),
        data_through=known.panel.data_through.to_pydatetime(),
        model_name=DEMAND,
        model_version=version,
        taxonomy_version=taxonomy_version(settings, known.labels.crosswalk),
        calendar_version=known.calendar_version,
        snapshot=known.panel.snapshot,
        degraded=(*known.degraded, *ahead.said, *fallback, *gap),
    )
    described = describe(rows, known, country=settings.country)
    of_sums = describe_sums(totals, known, country=settings.country)
    with closing(Store.open(settings.store_url)) as store:
        result = publish(store, issue, described, sums=of_sums, clock=clock)
    shape = {
        "series": rows["unique_id"].nunique(),
        "rows": len(rows),
        "horizon": ahead.periods,
        "is_new": result.is_new,
    }
    city = totals.loc[totals["level"] == TOTAL, ["periods", "mean", "p10", "p50", "p90"]]
    return ForecastSummary(**dict(issue), **shape, sums=tuple(city.to_dict("records")))


@dataclass(frozen=True)
class Ahead:
    """Which periods are issued.

    Attributes:
        first: Start of the first one, naive local.
        periods: How many.
        skip: Periods between the newest complete one and the first one: they are over, and nobody knows their counts.
        said: What a reader has to know of that.
    """

    first: pd.Timestamp
    periods: int
    skip: int = 0
    said: Reasons = ()

    @classmethod
    def of(cls, known: KnownPanel, moment: datetime, zone: ZoneInfo, *, periods: int) -> Ahead:
        """Count the periods from the one that a moment lies in."""
        through, freq = known.panel.data_through, known.panel.freq
        now = pd.Timestamp(moment.astimezone(zone).replace(tzinfo=None))
        first = first_to_come(through, now, freq)
        skip = (first - through) // freq.length
        told: dict[str, Value] = {"data_through": f"{through:%Y-%m-%d}", "first": f"{first:%Y-%m-%d}"}
        if skip:
            return cls(first, periods, skip, (Reason(ReasonCode.COUNTS_LATE, told),))
        past = now - through > MOST_BEHIND + freq.length
        return cls(first, periods, said=(Reason(ReasonCode.HISTORY_OF_THE_PAST, told),) if past else ())


def _good_issue(
    settings: Settings, freq: ForecastFrequency, known: KnownPanel, *, moment: datetime, now: datetime, ahead: Ahead
) -> ForecastSummary | None:
    """Return the issue in force, if a model made it by then, from data as new, in the labels in force, as far ahead."""
    labels = taxonomy_version(settings, known.labels.crosswalk)
    with closing(Store.open(settings.store_url)) as store, store.reading() as session:
        issue = current_issue(session, freq, now=now)
        if issue is None or issue.model_version == FALLBACK or issue.data_through < known.panel.data_through:
            return None
        if issue.as_of > moment or issue.taxonomy_version != labels:
            return None
        rows = select(func.count(), func.count(distinct(ForecastRow.unique_id)), func.count(distinct(ForecastRow.ds)))
        wanted = (ForecastRow.issue_id == issue.id, ForecastRow.ds >= ahead.first.to_pydatetime())
        count, series, periods = session.execute(rows.where(*wanted)).one()
        if periods < ahead.periods:
            return None
        of_city = select(ForecastSum).where(ForecastSum.issue_id == issue.id, ForecastSum.level == TOTAL)
        totals = session.scalars(of_city.order_by(ForecastSum.periods)).all()
        told = ("as_of", "generated_at", "data_through", "model_name", "model_version")
        versions = ("taxonomy_version", "calendar_version", "snapshot")
        return ForecastSummary(
            freq=freq,
            **{name: getattr(issue, name) for name in (*told, *versions)},
            series=series,
            rows=count,
            horizon=periods,
            is_new=False,
            degraded=stored(issue.degraded),
            sums=tuple({name: getattr(one, name) for name in _OF_SUM} for one in totals),
        )


def _rows(
    settings: Settings, known: KnownPanel, ahead: Ahead, sums: Sequence[int]
) -> tuple[pd.DataFrame, pd.DataFrame, str, Reasons]:
    """Return forecast rows, sums, the version that made them, and the reasons for a fallback, if it is one."""
    panel, asked = known.panel, {"horizon": ahead.periods, "skip": ahead.skip}
    try:
        champion = load_champion(settings, known)
        rows = champion.predict_with_drivers(**asked)
        totals = champion.predict_totals(spans=sums, skip=ahead.skip) if sums else _NO_SUMS
    except ReasonedError as error:
        reason = error.reason
    else:
        return rows, totals, champion.version, ()
    config = settings.forecast
    stand_in = StandIn(panel.y, panel.static, freq=panel.freq, calendar=known.calendar, config=config)
    totals = stand_in.predict_totals(spans=tuple(sums), skip=ahead.skip) if sums else _NO_SUMS
    rows = stand_in.predict_with_drivers(**asked)
    return rows, totals, FALLBACK, (Reason(ReasonCode.STAND_IN), reason)


def describe(rows: pd.DataFrame, known: KnownPanel, *, country: str) -> pd.DataFrame:
    """Add the hierarchy and `last_year`, the count of the (lunar-aligned) same period last year, to forecast rows."""
    panel = known.panel
    static = panel.static.drop(columns="level")
    ds = pd.DatetimeIndex(rows["ds"].unique())
    twin = dict(zip(ds, same_week_last_year(ds, freq=panel.freq, country=country), strict=True))
    before = panel.y[["unique_id", "ds", "y"]].rename(columns={"ds": "twin", "y": "last_year"})
    found = rows.merge(static, on="unique_id", how="left").assign(twin=rows["ds"].map(twin).to_numpy())
    return found.merge(before, on=["unique_id", "twin"], how="left").drop(columns="twin")


def describe_sums(sums: pd.DataFrame, known: KnownPanel, *, country: str) -> pd.DataFrame:
    """Add the hierarchy and `last_year`, the count of the (lunar-aligned) same periods last year, to forecast sums."""
    panel = known.panel
    described = sums.merge(panel.static.drop(columns="level"), on="unique_id", how="left").assign(
        last_year=float("nan")
    )
    for span in sums["periods"].unique():
        ds = pd.date_range(sums["ds"].iloc[0], periods=span, freq="7D")
        year_ago = pd.DataFrame({"ds": same_week_last_year(ds, freq=panel.freq, country=country)})
        counts = year_ago.merge(panel.y, on="ds").groupby("unique_id")["y"].agg(["sum", "size"])
        whole = counts.loc[counts["size"] == span, "sum"]
        own = described["periods"] == span
        described.loc[own, "last_year"] = described.loc[own, "unique_id"].map(whole)
    return described


# Which period of last year a period is compared with: the same week, or the same lunar week near a Spring Festival.


REACH_DAYS: Final = 28
"""Days around a Spring Festival in which demand follows the lunar calendar."""

_LUNAR: Final = frozenset({"CN", "HK", "MO", "TW", "SG", "KR", "VN"})


def same_week_last_year(ds: pd.DatetimeIndex, *, freq: Frequency, country: str) -> pd.DatetimeIndex:
    """Return the start of last year's period for each period start.

    Args:
        ds: Period starts, naive local time.
        freq: `W` (the twin keeps the weekday) or `D`.
        country: Calendar; where the Spring Festival is not kept, the twin is 364 days earlier.
    """
    return pd.DatetimeIndex([_twin(moment, freq, country) for moment in ds])


def _twin(moment: pd.Timestamp, freq: Frequency, country: str) -> pd.Timestamp:
    plain = moment - pd.Timedelta(days=364)
    if country not in _LUNAR:
        return plain
    middle = moment + pd.Timedelta(days=3 if freq == Frequency.WEEKLY else 0)
    festival = pd.Timestamp(lunar_new_year(middle.year))
    if abs((middle - festival).days) > REACH_DAYS:
        return plain
    shift = (festival - pd.Timestamp(lunar_new_year(middle.year - 1))).days
    whole = 7 * round(shift / 7) if freq == Frequency.WEEKLY else shift
    return moment - pd.Timedelta(days=whole)
