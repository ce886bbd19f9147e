from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, timedelta

import numpy as np
import openpyxl
import pandas as pd
import pytest

from features.clock import FixedClock
from features.configuration import NamesConfig
from features.errors import BadInputError
from features.lake.mark import mark_simulated
from features.reasons import Reason, ReasonCode, say
from features.series import series_id
from features.words import AreaNames
from serve.alerts import intake
from serve.alerts.repository import AlertRepository
from serve.errors import NotReadyError
from serve.forecasts import ForecastIssue, publish
from serve.forecasts.history import Past, WeeklyHistory
from serve.overrides.workbook import read_overrides
from serve.registry import ModelInfo, record_model
from serve.reports import Week, last_complete_week, weekly, weekly_content, weekly_pdf
from serve.reports.headings import columns
from serve.reports.weekly_content import FORECAST_COLUMNS, LATER_COLUMNS
from serve.reports.weekly_xlsx import FORECAST_SHEET, SUMS_SHEET
from serve.supervision.alert_week import alert_week
from serve.supervision.watchlist import watchlist

MONDAY = pd.Timestamp("2026-11-23")
NOW = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)  # Monday 07:30 in the hotline's zone
AREA = AreaNames("全市", "区县", "Whole city", "District")
NAMES = ("噪声", "停水", "=路灯")


def dims(name: str = "") -> dict[str, str]:
    return {"category1": name, "category2": name, "category": name, "district": "", "department": ""}


def series() -> list[tuple[str, str, dict[str, str]]]:
    named = [("category", name) for name in NAMES] + [("category1", name) for name in NAMES]
    rows = [(level, series_id(level, dims(name)), dims(name)) for level, name in named]
    return [("total", "total", dims()), *rows]


def issue_rows(first: pd.Timestamp, level_of: float) -> pd.DataFrame:
    rows = []
    for level, unique_id, named in series():
        for step in range(4):
            mean = level_of * (len(NAMES) if level == "total" else 1)
            rows.append(
                {"unique_id": unique_id, "level": level, **named, "ds": first + pd.Timedelta(weeks=step),
                 "horizon": step + 1, "mean": mean, "p10": mean * 0.8, "p50": mean, "p90": mean * 1.2,
                 "last_year": mean * 0.5, "base_model": "lightgbm"}
            )  # fmt: skip
    return pd.DataFrame(rows)


def issue_sums(first: pd.Timestamp, level_of: float) -> pd.DataFrame:
    weeks = issue_rows(first, level_of).query("horizon == 1").drop(columns="horizon")
    totals = [weeks.assign(periods=n, mean=n * weeks["mean"], p50=n * weeks["mean"]) for n in (13, 4)]
    return pd.concat(totals).assign(p10=lambda rows: rows["mean"] * 0.9, p90=lambda rows: rows["mean"] * 1.1)


def issue(first: pd.Timestamp, version: str) -> ForecastIssue:
    moment = first.tz_localize("Asia/Shanghai").to_pydatetime()
    return ForecastIssue(
        freq="W", as_of=moment, generated_at=moment, data_through=first.to_pydatetime(), model_name="weisu-demand",
        model_version=version, taxonomy_version="t", calendar_version="c", snapshot=1,
    )  # fmt: skip


def history() -> WeeklyHistory:
    weeks = pd.date_range(end=MONDAY - pd.Timedelta(days=7), periods=130, freq="7D")
    counts = [
        pd.DataFrame({"unique_id": unique_id, "ds": weeks, "y": 300.0 if level == "total" else 100.0})
        for level, unique_id, _ in series()
    ]
    frame = pd.concat(counts, ignore_index=True)
    frame.loc[(frame["unique_id"] == "total") & (frame["ds"] == weeks[-1]), "y"] = 330.0
    static = pd.DataFrame([{"unique_id": unique_id, "level": level, **named} for level, unique_id, named in series()])
    return WeeklyHistory(frame, static, MONDAY)


@pytest.fixture
def desk(store, settings, monkeypatch):
    """A store with last week's forecast and this week's, and a lake's history."""
    publish(store, issue(MONDAY - pd.Timedelta(weeks=1), "6"), issue_rows(MONDAY - pd.Timedelta(weeks=1), 110.0))
    publish(store, issue(MONDAY, "7"), issue_rows(MONDAY, 120.0), sums=issue_sums(MONDAY, 120.0))
    settings.home.mkdir(exist_ok=True)
    mark_simulated(settings.home)
    monkeypatch.setattr(weekly_content, "weekly_history", lambda _settings, *, as_of: Past(history()))

    def write(out, week=None):
        return weekly(store, week=week, out=out, settings=settings, clock=FixedClock(NOW))

    return write


def test_the_report_of_monday_morning_is_about_the_week_that_is_over(settings):
    assert str(last_complete_week(settings, now=NOW)) == "2026-W47"


def test_content_judges_the_forecast_that_spoke_before_the_week_began(store, settings, desk):
    with store.reading() as session:
        content = weekly_content.weekly_content(session, settings, Week.parse("2026-W47"), now=NOW)
    assert content.issue.model_version == "7"
    assert (content.count, round(content.change, 6)) == (330.0, 0.1)
    by_level = {score.level: score for score in content.scores}
    assert by_level["total"].wape == pytest.approx(0.0)  # version 6 said 330
    assert by_level["category"].wape == pytest.approx(0.1)
    assert by_level["category"].bias == pytest.approx(0.1)
    assert by_level["category"].coverage == 1.0
    assert [row.share for row in content.categories] == pytest.approx([100 / 330] * 3)
    assert {row.name for row in content.expected} == set(NAMES)


def test_what_the_average_coverage_hides_stands_beside_it(store, settings, desk, tmp_path):
    measured = {"category.failing80": 0.23, "category.pit80_after_break": 0.61, "category.wape": 0.1, "total.wape": 0.1}
    model = ModelInfo(name="weisu-demand", version="7", trained_at=NOW, promoted_at=NOW, metrics=measured)
    record_model(store, model)
    with store.reading() as session:
        content = weekly_content.weekly_content(session, settings, Week.parse("2026-W47"), now=NOW)
    assert (content.checks_of("category"), content.checks_of("total")) == ((0.23, 0.61), (None, None))
    desk(tmp_path / "w.xlsx")
    sheet = next(one for one in openpyxl.load_workbook(tmp_path / "w.xlsx") if one.title.startswith("上周误差"))
    rows = {row[0].value: [cell.value for cell in row[5:7]] for row in sheet.iter_rows()}
    assert [0.23, 0.61] in rows.values()
    assert any("第7版" in str(name) for name in rows)
    desk(tmp_path / "w.html")
    page = (tmp_path / "w.html").read_text(encoding="utf-8")
    assert all(text in page for text in ("自身区间失准", "Own band fails", "23.0%", "61.0%", "第7版"))


def test_without_a_model_nothing_is_claimed_of_its_bands(desk, tmp_path):
    desk(tmp_path / "w.html")
    assert "自身区间失准" not in (tmp_path / "w.html").read_text(encoding="utf-8")


def test_a_workbook_keeps_its_columns_and_opens_in_other_tools(desk, tmp_path):
    out = tmp_path / "w.xlsx"
    assert desk(out).rows == 28
    book = openpyxl.load_workbook(out)
    sheet = book[FORECAST_SHEET]
    heads = [cell.value for cell in sheet[1]]
    assert heads == [columns(AREA)[name] for name in (*FORECAST_COLUMNS, "override", "reason", *LATER_COLUMNS)]
    assert sheet.freeze_panes == "C2"
    assert sheet.max_row == 29
    assert book.worksheets[0]._charts, "a chart on the first sheet"
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row), "no category becomes a formula"


@pytest.mark.parametrize("form", ["xlsx", "html", "csv"])
def test_a_province_reads_its_own_names_in_every_report(store, settings, desk, tmp_path, form):
    names = NamesConfig(whole="全省", part="市县", whole_en="Whole province", part_en="City or county")
    out = tmp_path / f"w.{form}"
    province = settings.model_copy(update={"names": names})
    weekly(store, week=None, out=out, settings=province, clock=FixedClock(NOW))
    if form == "xlsx":
        book = openpyxl.load_workbook(out)
        said = "\n".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)
    else:
        said = out.read_text("utf-8-sig")
    assert re.search("全省 Whole province|市县 City or county", said)
    assert not re.search("全市|全域|区县|Whole city", said)


def test_a_sheet_says_what_several_weeks_bring_together(desk, tmp_path):
    desk(tmp_path / "w.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "w.xlsx")[SUMS_SHEET]
    heads = [cell.value for cell in sheet[1]]
    first, second = ({head: cell.value for head, cell in zip(heads, sheet[row], strict=True)} for row in (2, 3))
    assert (first["层级 Level"], first["合计周数 Weeks"], first["均值 Mean"]) == ("全市 Whole city", 4, 1440)
    assert (second["序列号 unique_id"], second["合计周数 Weeks"], second["均值 Mean"]) == ("total", 13, 4680)
    assert first["低值 p10"] < first["中位（不可相加） p50 (does not add up)"] < first["高值 p90"]
    assert sheet.max_row == 1 + 2 * len(series())


def test_an_issue_without_sums_has_no_such_sheet(desk, tmp_path):
    desk(tmp_path / "w.xlsx", week=Week.parse("2026-W46"))
    assert SUMS_SHEET not in openpyxl.load_workbook(tmp_path / "w.xlsx").sheetnames


def edited(out, tmp_path, **cells):
    book = openpyxl.load_workbook(out)
    for place, value in cells.items():
        book[FORECAST_SHEET][place] = value
    copy = tmp_path / "edited.xlsx"
    book.save(copy)
    return copy


def test_the_edited_sheet_comes_back_as_overrides(desk, tmp_path):
    desk(tmp_path / "w.xlsx")
    copy = edited(tmp_path / "w.xlsx", tmp_path, P2=500, Q2="马拉松赛事", P7=0, Q7="停水检修取消")
    first, second = read_overrides(copy)
    assert (first.unique_id, first.ds, first.value, first.reason) == ("total", MONDAY, 500.0, "马拉松赛事")
    assert second.value == 0.0


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"P2": "很多", "Q2": "x"}, "row 2, column .*: '很多' is not a count"),
        ({"P2": -1, "Q2": "x"}, "row 2, column .*: -1.0 is not a count"),
        ({"P3": 5}, "row 3, column .*: an override needs a reason"),
        ({"B1": "renamed"}, "heading of .* was changed"),
    ],
)
def test_a_wrong_row_is_named(cells, says, desk, tmp_path):
    desk(tmp_path / "w.xlsx")
    with pytest.raises(BadInputError, match=says):
        read_overrides(edited(tmp_path / "w.xlsx", tmp_path, **cells))


def test_another_file_is_not_a_workbook(tmp_path):
    (tmp_path / "x.xlsx").write_text("no")
    with pytest.raises(BadInputError, match="is not a weekly workbook"):
        read_overrides(tmp_path / "x.xlsx")


def test_the_csv_opens_as_chinese_and_starts_no_formula(desk, tmp_path):
    desk(tmp_path / "w.csv")
    raw = (tmp_path / "w.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(raw.decode("utf-8-sig").splitlines()))
    heads = [columns(AREA)[name] for name in (*FORECAST_COLUMNS, *LATER_COLUMNS)]
    assert list(rows[0]) == [*heads, "说明 Note"], "a simulated city is called so in every row"
    assert all("SIMULATED" in row["说明 Note"] for row in rows)
    assert not [value for row in rows for value in row.values() if value.startswith("=")]


def test_the_html_loads_nothing_and_names_its_sources(desk, tmp_path):
    desk(tmp_path / "w.html")
    page = (tmp_path / "w.html").read_text(encoding="utf-8")
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    for words in ("2026-W47", "SIMULATED", "weisu-demand v7", "数据截至 2026-11-23", "<svg"):
        assert words in page


def test_a_degraded_forecast_is_said_in_chinese_first(store, settings, desk, tmp_path):
    moments = {"data_through": "2026-11-16 00:00", "as_of": "2026-11-23 07:30"}
    reasons = (Reason(ReasonCode.STALE_FEED, moments),)
    late = issue(MONDAY, "8").model_copy(update={"degraded": reasons})
    publish(store, late, issue_rows(MONDAY, 120.0))
    for name in ("w.html", "w.xlsx"):
        assert desk(tmp_path / name).degraded == reasons
    page = (tmp_path / "w.html").read_text(encoding="utf-8")
    cells = [
        cell.value for row in openpyxl.load_workbook(tmp_path / "w.xlsx").worksheets[0].iter_rows() for cell in row
    ]
    said = (
        f"降级运行 Degraded：数据停更：数据只到 2026-11-16 00:00，本次运行时点 2026-11-23 07:30　{say(reasons, 'en')}"
    )
    assert said in page
    assert said in cells


def test_the_pdf_is_a_pdf(desk, tmp_path):
    try:
        desk(tmp_path / "w.pdf")
    except weekly_pdf.MissingFontError:
        pytest.skip("no Chinese font on this machine")
    assert (tmp_path / "w.pdf").read_bytes().startswith(b"%PDF")


def test_a_pdf_without_a_chinese_font_says_what_to_install(desk, tmp_path, monkeypatch):
    monkeypatch.setattr(weekly_pdf, "CJK_FONTS", ("No Such Font",))
    with pytest.raises(weekly_pdf.MissingFontError, match="fonts-noto-cjk"):
        desk(tmp_path / "w.pdf")
    assert list(tmp_path.glob("*w*")) == [], "no half-written file"


def test_a_report_works_without_any_history(store, settings, tmp_path):
    publish(store, issue(MONDAY, "7"), issue_rows(MONDAY, 120.0), sums=issue_sums(MONDAY, 120.0))
    for form in ("xlsx", "html", "csv"):
        out = tmp_path / f"w.{form}"
        weekly(store, week="2026-W47", out=out, settings=settings, clock=FixedClock(NOW))
        assert out.stat().st_size > 0


def test_without_a_forecast_there_is_no_report(store, settings, tmp_path):
    with pytest.raises(NotReadyError, match="no forecast speaks about the weeks after 2026-W47"):
        weekly(store, week="2026-W47", out=tmp_path / "w.csv", settings=settings, clock=FixedClock(NOW))


@pytest.mark.parametrize("text", ["2026-47", "2026-W54", "2025-W53", "now", ""])
def test_a_week_is_written_as_iso(text):
    with pytest.raises(BadInputError, match=r"is not a week|there is no week"):
        Week.parse(text)


def test_an_unknown_format_is_refused(store, settings, tmp_path):
    with pytest.raises(BadInputError, match="unknown format"):
        weekly(store, week=None, out=tmp_path / "w.docx", settings=settings, clock=FixedClock(NOW))


def test_the_numbers_of_a_series_do_not_depend_on_the_order_of_rows(store, settings, desk):
    with store.reading() as session:
        content = weekly_content.weekly_content(session, settings, Week.parse("2026-W47"), now=NOW)
    table = content.forecast
    assert table["level"].iloc[0] == "total"
    assert table.groupby("unique_id")["ds"].apply(lambda ds: ds.is_monotonic_increasing).all()
    assert np.allclose(table["change_on_last_year"], 1.0)


@pytest.fixture
def monday(store, settings, make_candidate, make_run):
    """Monday's detection, after the week has ended: one alert about the week that is over, one about this morning."""
    sewage = {"category": "污水", "cells": ["category=污水;district=龙华区"], "tickets": ["a/1", "a/2"]}
    found = [
        make_candidate(window_start="2026-11-16T00:00", window_end="2026-11-23T00:00"),
        make_candidate(**sewage, window_start="2026-11-23T02:00", window_end="2026-11-23T07:00"),
    ]
    intake(store, found, clock=FixedClock(NOW), run=make_run(as_of=NOW, generated_at=NOW), settings=settings)
    publish(store, issue(MONDAY, "7"), issue_rows(MONDAY, 120.0))
    return store


def test_the_report_counts_alerts_about_its_week_and_those_open_now(monday, settings, tmp_path):
    with monday.reading() as session:
        found = alert_week(session, settings, Week.parse("2026-W47"), now=NOW)
        next_week = alert_week(session, settings, Week.parse("2026-W48"), now=NOW)
    assert [alert.category for alert in found.about] == ["停水"]
    assert [alert.category for alert in next_week.about] == ["污水"], "a window ends before its end"
    assert {alert.category for alert in found.open_now} == {"停水", "污水"}
    assert sum(found.by_level.values()) == 2
    assert [(one.department, one.about, one.open_now) for one in found.departments] == [("水务局", 1, 2)]
    for form in ("html", "xlsx"):
        weekly(monday, week="2026-W47", out=tmp_path / f"w.{form}", settings=settings, clock=FixedClock(NOW))
    assert "龙华区停水：6小时27件" in (tmp_path / "w.html").read_text(encoding="utf-8")
    book = openpyxl.load_workbook(tmp_path / "w.xlsx")
    said = [cell.value for row in book["预警与督办 Alerts"].iter_rows() for cell in row]
    assert said.count("龙华区停水：6小时27件，平时至多11件。") >= 2, "named twice: its window is another's sentence too"


@pytest.mark.parametrize("later", [timedelta(hours=1), timedelta(days=1), timedelta(days=9)])
def test_the_reports_supervision_list_is_the_pages(monday, settings, later):
    now = NOW + later
    with monday.reading() as session:
        reported = alert_week(session, settings, Week.parse("2026-W47"), now=now).supervision
        shown = watchlist(AlertRepository.of_all(session), settings.alerts, now=now)
    assert shown, "somebody is late"
    assert [(one.alert.id, one.reasons, one.departments) for one in reported] == [
        (one.alert.id, one.reasons, one.departments) for one in shown
    ]
