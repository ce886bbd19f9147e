"""The weekly report as a workbook: the sheet planners live in.

Stable columns, frozen headings, a chart, and yellow columns for an override that can be handed back.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from features.reasons import say_in_both
from features.sentences import said_of
from features.words import catalogue, in_both
from serve.alerts.lifecycle import STATES
from serve.forecasts.issues import SUM_COLUMNS
from serve.reports.headings import alert_level, base_of, columns
from serve.reports.weekly_content import FORECAST_COLUMNS, LATER_COLUMNS, TOP_EXPECTED, WeeklyContent
from serve.supervision.alert_week import HEADINGS_OF_ALERTS, counts_of
from serve.supervision.sheet import LIST_HEADINGS, watched_row

FORECAST_SHEET: Final = "四周预测 Forecast"
SUMS_SHEET: Final = "合计预测 Together"
OVERRIDE_COLUMNS: Final = ("override", "reason")
_WIDTHS: Final = {
    "unique_id": 34,
    "ds": 12,
    "reason": 30,
    "category": 20,
    "category2": 18,
    "category1": 16,
    "base_model": 24,
}
_MOST_CHART_WEEKS: Final = 26
_SUM_HEADS: Final = {"ds": "head.sum_starts", "last_year": "head.sum_last_year"}
"""Column of the sums whose heading is not that of the single weeks -> its key."""


def write_xlsx(content: WeeklyContent, out: Path) -> None:
    """Write the workbook."""
    import xlsxwriter

    with xlsxwriter.Workbook(str(out), {"default_date_format": "yyyy-mm-dd"}) as book:
        book.set_properties({"title": catalogue("zh-CN")("weekly.title", week=content.week), "author": "weisu"})
        sheets = _Sheets(book)
        _summary(sheets, content)
        _forecast(sheets, content)
        _sums(sheets, content)
        _errors(sheets, content)
        _counts(sheets, content)
        _alerts(sheets, content)
        _seasons(sheets, content)


class _Sheets:
    """The workbook with its formats."""

    def __init__(self, book: Any) -> None:
        font = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "vcenter"}
        self.book = book
        self.title = book.add_format({**font, "font_size": 18, "bold": True, "font_color": "#14507F"})
        self.note = book.add_format({**font, "font_color": "#5C6670"})
        self.head = book.add_format(
            {
                **font,
                "bold": True,
                "bg_color": "#14507F",
                "font_color": "#FFFFFF",
                "border": 1,
                "border_color": "#FFFFFF",
            }
        )
        self.text = book.add_format(font)
        self.strong = book.add_format({**font, "bold": True})
        self.simulated = book.add_format({**font, "bold": True, "bg_color": "#FFE08A"})
        self.date = book.add_format({**font, "num_format": "yyyy-mm-dd", "align": "left"})
        self.whole = book.add_format({**font, "num_format": "#,##0"})
        self.one = book.add_format({**font, "num_format": "#,##0.0"})
        self.percent = book.add_format({**font, "num_format": "+0%;-0%;0%"})
        self.share = book.add_format({**font, "num_format": "0.0%"})
        self.edit = book.add_format({**font, "num_format": "#,##0.0", "bg_color": "#FFF8DC", "locked": False})

    def add(self, name: str) -> Any:
        """Return a new sheet that prints on A4 landscape, one page wide."""
        sheet = self.book.add_worksheet(name)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        return sheet

    def table(self, sheet: Any, row: int, heads: Sequence[str], rows: Sequence[Sequence[Any]], formats: Any) -> int:
        """Write a table and return the row after it."""
        for column, head in enumerate(heads):
            sheet.write_string(row, column, head, self.head)
        for values in rows:
            row += 1
            for column, (value, kind) in enumerate(zip(values, formats, strict=True)):
                _write(sheet, row, column, value, kind)
        return row + 2


def _summary(sheets: _Sheets, content: WeeklyContent) -> None:
    sheet = sheets.add(in_both("sheet.summary"))
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 8, 15)
    sheet.write_string(0, 0, catalogue("zh-CN")("weekly.title", week=content.week), sheets.title)
    sheet.set_row(0, 28)
    issue = content.issue
    day, model = f"{issue.data_through:%Y-%m-%d}", f"{issue.model_name} v{issue.model_version}"
    through = f"{in_both('weekly.data_through')} {day}　{in_both('weekly.model')} {model}"
    sheet.write_string(1, 0, through, sheets.note)
    row = 2
    if content.simulated:
        sheet.write_string(row, 0, catalogue("zh-CN")("weekly.simulated"), sheets.simulated)
        row += 1
    if content.degraded:
        sheet.write_string(row, 0, f"{in_both('degraded')}：{say_in_both(content.degraded)}", sheets.strong)
        row += 1
    if content.is_adjusted:
        sheet.write_string(row, 0, in_both("weekly.adjusted", n=len(content.overrides)), sheets.strong)
        row += 1
    row += 1
    _write(sheet, row, 0, in_both("weekly.last_week"), sheets.text)
    _write(sheet, row, 1, content.count, sheets.whole)
    _write(sheet, row, 2, in_both("weekly.change"), sheets.text)
    _write(sheet, row, 3, content.change, sheets.percent)
    _write(sheet, row, 4, in_both("weekly.alerts"), sheets.text)
    _write(sheet, row, 5, len(content.alerts.about), sheets.whole)
    row += 2
    names = ["ds", "mean", "p10", "p90", "last_year", "change_on_last_year"]
    heads = [columns(content.area_names)[name] for name in names]
    kinds = [sheets.date, *[sheets.whole] * 4, sheets.percent]
    row = sheets.table(sheet, row, heads, content.total[names].to_numpy().tolist(), kinds)
    row = _chart(sheets, sheet, row, content)
    heads = [
        in_both("weekly.expected"),
        columns(content.area_names)["mean"],
        columns(content.area_names)["p10"],
        columns(content.area_names)["p90"],
        in_both("head.last_week"),
        columns(content.area_names)["last_year"],
    ]
    expected = [
        [one.name, one.mean, one.p10, one.p90, one.last_week, one.last_year] for one in content.expected[:TOP_EXPECTED]
    ]
    row = sheets.table(sheet, row, heads, expected, [sheets.text, sheets.one, *[sheets.whole] * 4])
    if len(content.expected) > TOP_EXPECTED:
        cut = in_both("list.top", n=TOP_EXPECTED, total=len(content.expected))
        sheet.write_string(row - 1, 0, f"{cut}；{FORECAST_SHEET}", sheets.note)


def _chart(sheets: _Sheets, sheet: Any, row: int, content: WeeklyContent) -> int:
    """Draw the total: what was, and the band to come; its numbers lie in a sheet of their own."""
    data = sheets.add(in_both("sheet.chart"))
    past = [(ds, y, None, None, None) for ds, y in content.recent.tail(_MOST_CHART_WEEKS).items()]
    total = content.total.rename(columns={"mean": "mean_"})
    ahead = [(one.ds, None, one.p10, one.mean_, one.p90) for one in total.itertuples(index=False)]
    heads = [
        columns(content.area_names)["ds"],
        in_both("head.actual"),
        columns(content.area_names)["p10"],
        columns(content.area_names)["mean"],
        columns(content.area_names)["p90"],
    ]
    sheets.table(data, 0, heads, [*past, *ahead], [sheets.date, *[sheets.whole] * 4])
    data.set_column(0, 4, 14)
    data.freeze_panes(1, 1)
    last = len(past) + len(ahead)
    chart = sheets.book.add_chart({"type": "line"})
    styles = (
        (1, "#17212B", "solid", 2.25),
        (2, "#9DB9D1", "solid", 1.25),
        (3, "#14507F", "dash", 2.25),
        (4, "#9DB9D1", "solid", 1.25),
    )
    for column, colour, dash, width in styles:
        chart.add_series(
            {
                "name": [data.get_name(), 0, column],
                "categories": [data.get_name(), 1, 0, last, 0],
                "values": [data.get_name(), 1, column, last, column],
                "line": {"color": colour, "width": width, "dash_type": dash},
                "marker": {"type": "circle", "size": 5, "fill": {"color": colour}} if column == 3 else {"type": "none"},  # noqa: PLR2004
            }
        )
    chart.set_title({"name": in_both("weekly.chart", names=content.area_names), "name_font": {"size": 12}})
    chart.set_x_axis({"date_axis": True, "num_format": "mm-dd", "major_unit": 28, "major_unit_type": "days"})
    chart.set_y_axis(
        {"num_format": "#,##0", "min": 0, "major_gridlines": {"visible": True, "line": {"color": "#E6EBF0"}}}
    )
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 860, "height": 320})
    sheet.insert_chart(row, 0, chart, {"description": in_both("weekly.chart", names=content.area_names)})
    return row + 17


def _forecast(sheets: _Sheets, content: WeeklyContent) -> None:
    sheet = sheets.add(FORECAST_SHEET)
    names = [*FORECAST_COLUMNS, *OVERRIDE_COLUMNS, *LATER_COLUMNS]
    formats = _forecast_formats(sheets)
    for column, name in enumerate(names):
        sheet.write_string(0, column, columns(content.area_names)[name], sheets.head)
        sheet.set_column(column, column, _WIDTHS.get(name, 13))
    table = content.forecast.assign(level=content.forecast["level"].map(content.level_name))
    for row, values in enumerate(table.to_dict("records"), start=1):
        for column, name in enumerate(names):
            if name in OVERRIDE_COLUMNS:
                own = content.overrides.get((values["unique_id"], values["ds"].to_pydatetime()))
                given = None if own is None else own.value if name == "override" else own.reason
                _write(sheet, row, column, given, sheets.edit)
            else:
                _write(sheet, row, column, values[name], formats[name])
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, len(table), len(names) - 1)


def _sums(sheets: _Sheets, content: WeeklyContent) -> None:
    """Write what the next 4 and 13 weeks bring together; without a sheet where nothing was issued."""
    if content.sums.empty:
        return
    sheet, formats = sheets.add(SUMS_SHEET), {**_forecast_formats(sheets), "periods": sheets.whole}
    for column, name in enumerate(SUM_COLUMNS):
        sheet.set_column(column, column, _WIDTHS.get(name, 13))
    rows = content.sums.assign(
        level=content.sums["level"].map(content.level_name),
        base_model=content.sums["base_model"].map(base_of),
    )
    heads = [
        in_both(_SUM_HEADS[name]) if name in _SUM_HEADS else columns(content.area_names)[name] for name in SUM_COLUMNS
    ]
    values = [[row[name] for name in SUM_COLUMNS] for row in rows.to_dict("records")]
    sheets.table(sheet, 0, heads, values, [formats[name] for name in SUM_COLUMNS])
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, len(rows), len(SUM_COLUMNS) - 1)


def _forecast_formats(sheets: _Sheets) -> dict[str, Any]:
    return {
        **dict.fromkeys((*FORECAST_COLUMNS, *LATER_COLUMNS), sheets.text),
        **dict.fromkeys(("p10", "p50", "p90", "mean", "model_mean"), sheets.one),
        **dict.fromkeys(("last_year", "last_week"), sheets.whole),
        "ds": sheets.date,
        "change_on_last_year": sheets.percent,
    }


def _errors(sheets: _Sheets, content: WeeklyContent) -> None:
    sheet = sheets.add(in_both("sheet.error"))
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 6, 16)
    heads = [
        columns(content.area_names)["level"],
        in_both("head.series"),
        "WAPE",
        in_both("head.bias"),
        in_both("head.coverage"),
        in_both("col.failing"),
        in_both("col.after_break"),
    ]
    rows = [
        [content.level_name(one.level), one.series, one.wape, one.bias, one.coverage, *content.checks_of(one.level)]
        for one in content.scores
    ]
    formats = [sheets.text, sheets.whole, sheets.share, sheets.percent, *[sheets.share] * 3]
    sheets.table(sheet, 0, heads, rows, formats)
    if content.checks:
        sheet.write(len(rows) + 2, 0, in_both("overview.accuracy.checks", version=content.checked_version))
    sheet.freeze_panes(1, 0)


def _counts(sheets: _Sheets, content: WeeklyContent) -> None:
    sheet = sheets.add(in_both("sheet.counts"))
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 6, 15)
    tail = [
        in_both("head.last_week"),
        in_both("head.share"),
        in_both("head.change"),
        in_both("head.next_week"),
        columns(content.area_names)["p10"],
        columns(content.area_names)["p90"],
    ]
    kinds = [sheets.text, sheets.whole, sheets.share, sheets.percent, sheets.one, *[sheets.whole] * 2]
    row = 0
    for title, counted in (
        (in_both("weekly.top_six"), content.categories),
        (columns(content.area_names)["department"], content.departments),
    ):
        rows = [[one.name, one.count, one.share, one.change, one.expected, one.low, one.high] for one in counted]
        row = sheets.table(sheet, row, [title, *tail], rows, kinds)


def _alerts(sheets: _Sheets, content: WeeklyContent) -> None:
    sheet = sheets.add(in_both("sheet.alerts"))
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 7, 17)
    whole = sheets.whole
    heads = [columns(content.area_names)["department"], *map(in_both, HEADINGS_OF_ALERTS)]
    rows = [[one.department, *counts_of(one)] for one in content.alerts.departments]
    row = sheets.table(sheet, 0, heads, rows, [sheets.text, *[whole] * len(HEADINGS_OF_ALERTS)])
    keys = ("head.alert", "head.kind", "head.category", "head.area", "head.lead", "head.state", "head.sentence")
    words = catalogue("zh-CN")
    lines = [
        [alert_level(one.level), one.kind, one.category,
         content.area_names.place(one.area, "zh-CN"), one.department, words.of(STATES, one.state),
         said_of(one.sentence, "zh-CN")]
        for one in content.alerts.listed
    ]  # fmt: skip
    row = sheets.table(sheet, row, [in_both(key, names=content.area_names) for key in keys], lines, [sheets.text] * 7)
    watched = [list(watched_row(item, content.generated_at, content.area_names)) for item in content.alerts.supervision]
    kinds = [whole if key == "watch.minutes" else sheets.text for key in LIST_HEADINGS]
    first, *others = (in_both(key, names=content.area_names) for key in LIST_HEADINGS)
    sheets.table(sheet, row, [f"{words('watch.list')}：{first}", *others], watched, kinds)


def _seasons(sheets: _Sheets, content: WeeklyContent) -> None:
    sheet = sheets.add(in_both("sheet.calendar"))
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 6, 15)
    heads = [
        in_both("head.problem"),
        in_both("head.starts"),
        in_both("head.act_by"),
        in_both("head.weeks"),
        in_both("head.years"),
        in_both("head.years_of"),
        in_both("head.times"),
    ]
    rows = [[one.name, one.starts, one.act_by, one.weeks, one.hits, one.years, one.times] for one in content.seasons]
    kinds = [sheets.text, sheets.date, sheets.date, *[sheets.whole] * 3, sheets.one]
    sheets.table(sheet, 0, heads, rows, kinds)
    sheet.freeze_panes(1, 1)


def _write(sheet: Any, row: int, column: int, value: Any, kind: Any) -> None:
    """Write one value; what is unknown stays empty, and a text that looks like a formula stays a text."""
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        sheet.write_blank(row, column, None, kind)
    elif isinstance(value, str):
        sheet.write_string(row, column, value, kind)
    elif isinstance(value, pd.Timestamp):
        sheet.write_datetime(row, column, value.to_pydatetime(), kind)
    elif hasattr(value, "year"):
        sheet.write_datetime(row, column, value, kind)
    else:
        sheet.write_number(row, column, float(value), kind)
