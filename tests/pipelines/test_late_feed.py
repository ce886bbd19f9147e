"""A feed that is late: weeks are counted from now, wider and marked, and each Monday has its report."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from features.clock import FixedClock
from features.knowledge import first_to_come
from features.settings import Settings
from features.vocabulary import Frequency
from pipelines.forecast import forecast
from pipelines.ingest import ingest
from pipelines.schedule.jobs import write_weekly_report
from serve.forecasts.issues import issue_before, issue_frame, sum_frame
from serve.forecasts.repository import current_issue
from serve.reports import Week, weekly
from serve.store import Store

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

LAST_DAY = date(2026, 8, 30)
"""A Sunday, after which nothing comes."""


@dataclass(frozen=True)
class Quiet:
    settings: Settings
    store: Store

    def anew(self, folder: Path) -> Quiet:
        """Return the same city, to which nothing was forecast yet."""
        settings = self.settings.model_copy(update={"database_url": f"sqlite:///{folder}/weisu.db"})
        return Quiet(settings, Store.open(settings.store_url))

    def at(self, day: date, hour: int = 7) -> FixedClock:
        return FixedClock(datetime(day.year, day.month, day.day, hour, 30, tzinfo=self.settings.zone))

    def monday(self, late: int) -> date:
        """The first Monday on which the feed is so many days late."""
        day = LAST_DAY + timedelta(days=late)
        return day + timedelta(days=-day.weekday() % 7)

    def issued(self, clock: FixedClock, freq: Frequency = Frequency.WEEKLY) -> pd.DataFrame:
        with self.store.reading() as session:
            issue = current_issue(session, freq, now=clock.now())
            return issue_frame(session, issue, self.settings, now=clock.now())


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Quiet:
    """A city whose feed ended, without a trained model; `fresh` gives it a store of its own."""
    folder = tmp_path_factory.mktemp("quiet")
    settings = Settings(home=folder / "var", mlruns=folder / "mlruns", hmac_key="test-key")
    rng, rows = np.random.default_rng(7), ["工单编号,受理时间,三级事项,区县"]
    for back in range(280):
        day = LAST_DAY - timedelta(days=back)
        # Levels that wander: the further ahead, the less is known.
        level = 8 + 4 * np.sin(back / 19) + 3 * np.sin(back / 47)
        for number in range(rng.poisson(level)):
            kind, place = rng.choice(["噪声", "停水"]), rng.choice(["美兰区", "龙华区"])
            rows.append(f"T{back}-{number},{day} {rng.integers(0, 24):02d}:{rng.integers(0, 60):02d}:00,{kind},{place}")
    (folder / "export.csv").write_text("\n".join(rows))
    clock = FixedClock(datetime(2026, 8, 31, 1, tzinfo=settings.zone))
    ingest([folder / "export.csv"], "zh_12345", settings, clock)
    return Quiet(settings, Store.open(settings.store_url))


@pytest.fixture
def fresh(quiet: Quiet, tmp_path: Path) -> Quiet:
    return quiet.anew(tmp_path)


@hypothesis_settings(
    max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate)
)
@given(lates=st.sets(st.integers(1, 60), min_size=2, max_size=2))
def test_each_monday_has_a_report_of_the_next_four_weeks(quiet, tmp_path_factory, lates):
    fresh = quiet.anew(tmp_path_factory.mktemp("store"))
    for late in sorted(lates):
        clock, monday = fresh.at(fresh.monday(late)), fresh.monday(late)
        said = forecast(fresh.settings, clock)
        rows = fresh.issued(clock)
        assert sorted({ds.date() for ds in rows["ds"]}) == [monday + timedelta(weeks=week) for week in range(4)]
        behind = (monday - said.data_through.date()).days // 7
        assert behind >= (late - 1) // 7
        assert sorted(rows["horizon"].unique()) == list(range(behind + 1, behind + 5))
        assert ("counts_late" in _codes(said)) == (behind > 0)
        report = write_weekly_report(fresh.settings, fresh.store, clock)
        assert report.rows == len(rows)
        assert _codes(said) <= _codes(report)
        book = openpyxl.load_workbook(report.out, read_only=True)
        top = [str(cell.value) for row in book.worksheets[0].iter_rows(max_row=5, max_col=1) for cell in row]
        assert any("数据只完整到" in line for line in top) == (behind > 0)


def _codes(said) -> set[str]:
    return {str(one.code) for one in said.degraded}


def test_bands_widen_with_the_lead(fresh):
    width = []
    for late in (8, 29, 57):
        clock = fresh.at(fresh.monday(late))
        forecast(fresh.settings, clock)
        total = fresh.issued(clock).query("level == 'total'")
        width.append(float(((total["p90"] - total["p10"]) / total["mean"]).mean()))
    assert width[0] < width[1] < width[2]


def test_sums_count_from_now_too(fresh):
    clock = fresh.at(fresh.monday(22))
    forecast(fresh.settings, clock)
    with fresh.store.reading() as session:
        issue = current_issue(session, Frequency.WEEKLY, now=clock.now())
        sums = sum_frame(session, issue, fresh.settings, now=clock.now())
    rows = fresh.issued(clock)
    four = sums[(sums["periods"] == 4) & (sums["level"] == "total")].iloc[0]
    assert four["ds"].date() == fresh.monday(22)
    assert four["mean"] == pytest.approx(rows.loc[rows["level"] == "total", "mean"].sum())


def test_days_are_counted_from_today(fresh):
    clock = fresh.at(date(2026, 9, 17))
    said = forecast(fresh.settings, clock, freq=Frequency.DAILY)
    rows = fresh.issued(clock, Frequency.DAILY)
    days = sorted({ds.date() for ds in rows["ds"]})
    assert days == [date(2026, 9, 17) + timedelta(days=day) for day in range(28)]
    assert rows["horizon"].min() == 1 + (date(2026, 9, 17) - said.data_through.date()).days
    assert "counts_late" in _codes(said)


def test_a_week_is_judged_by_the_issue_that_spoke_of_it(fresh):
    first, second = (fresh.at(fresh.monday(late)) for late in (8, 15))
    for clock in (first, second):
        forecast(fresh.settings, clock)
    with fresh.store.reading() as session:
        monday = datetime(2026, 9, 7)  # noqa: DTZ001 - civil time is naive
        judged = issue_before(session, monday, now=second.now())
        assert judged is not None
        assert judged.as_of == first.now()


def test_an_issue_of_a_wrong_clock_hides_nothing(fresh):
    """One look at a clock years ahead issues a forecast; the next right one is current, and is the one reported."""
    forecast(fresh.settings, fresh.at(date(2029, 1, 8)))
    clock = fresh.at(fresh.monday(8))
    forecast(fresh.settings, clock)
    with fresh.store.reading() as session:
        issue = current_issue(session, Frequency.WEEKLY, now=clock.now())
        judged = issue_before(session, datetime(2026, 9, 7), now=clock.now())  # noqa: DTZ001 - civil time is naive
        assert issue.as_of == judged.as_of == clock.now()


@pytest.mark.parametrize("form", ["xlsx", "csv", "html", "pdf"])
def test_a_report_is_written_where_no_forecast_speaks_any_more(fresh, tmp_path, form):
    forecast(fresh.settings, fresh.at(LAST_DAY + timedelta(days=1)))
    out = tmp_path / f"report.{form}"
    week = Week(2027, 1)
    said = weekly(fresh.store, week=week, out=out, settings=fresh.settings, clock=fresh.at(date(2027, 1, 11)))
    assert "forecast_ended" in _codes(said)
    assert (said.rows, out.exists()) == (0, True)
    if form == "html":
        assert "2027-W01 之后各周尚无预测" in out.read_text()
    if form == "csv":
        with out.open(encoding="utf-8-sig") as file:
            assert len(list(csv.reader(file))) == 1


def test_a_history_of_the_past_asks_what_came_after_it(fresh):
    said = forecast(fresh.settings, fresh.at(date(2027, 6, 14)), as_of=None)
    assert "history_of_the_past" in _codes(said)


@given(
    behind=st.integers(-5, 400),
    freq=st.sampled_from([Frequency.WEEKLY, Frequency.DAILY]),
    hour=st.integers(0, 23),
)
def test_the_first_period_to_come_is_never_over(behind, freq, hour):
    through = pd.Timestamp("2026-08-31")
    now = through + pd.Timedelta(days=behind, hours=hour)
    first = first_to_come(through, now, freq)
    assert first >= through
    assert (first - through) % freq.length == timedelta(0)
    if timedelta(0) <= now - through <= timedelta(weeks=26):
        assert first <= now < first + freq.length or first == through
