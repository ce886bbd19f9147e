"""The weekly report as PDF, set by typst. Chinese needs a CJK font from the system: without one, it says so."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from features.reasons import say_in_both
from features.sentences import said_of
from features.settings import Settings
from features.words import catalogue, in_both
from serve.errors import RequestError
from serve.number_format import change, expected, number, share
from serve.reports.headings import alert_level
from serve.reports.weekly_content import (
    TOP_CATEGORIES,
    TOP_DEPARTMENTS,
    TOP_EXPECTED,
    TOP_SEASONS,
    CountRow,
    WeeklyContent,
    cut_note,
)
from serve.reports.weekly_html import total_chart
from serve.supervision.alert_week import HEADINGS_OF_ALERTS, counts_of

CJK_FONTS: Final = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei", "SimHei", "SimSun", "Noto Serif CJK SC",
)  # fmt: skip


class MissingFontError(RequestError):
    """There is no font on this machine that can write Chinese."""

    title = "no_font"


def write_pdf(content: WeeklyContent, out: Path, *, settings: Settings) -> None:
    """Write the PDF.

    Raises:
        MissingFontError: The system has no CJK font.
    """
    import typst

    document = _document(content, settings, fonts=_fonts())
    source: bytes = (files("serve.reports") / "templates" / "weekly.typ").read_bytes()
    out.write_bytes(typst.compile(source, sys_inputs={"data": json.dumps(document, ensure_ascii=False)}))


def _fonts() -> list[str]:
    import typst

    present = set(typst.Fonts().families())
    fonts: list[str] = [name for name in CJK_FONTS if name in present]
    if not fonts:
        raise MissingFontError("no_chinese_font")
    return fonts


def _document(content: WeeklyContent, settings: Settings, *, fonts: list[str]) -> dict[str, Any]:
    first = content.first
    issue = content.issue
    made = f"{content.generated_at.astimezone(settings.zone):%Y-%m-%d %H:%M}"
    words = catalogue("zh-CN")
    notes = [words("weekly.simulated")] if content.simulated else []
    notes += [f"{in_both('degraded')}：{say_in_both(content.degraded)}"] if content.degraded else []
    notes += [in_both("weekly.adjusted", n=len(content.overrides))] if content.is_adjusted else []
    model = f"{words('weekly.model')} {issue.model_name} v{issue.model_version}"
    through = f"{words('weekly.data_through')} {issue.data_through:%Y-%m-%d}　{model}"
    title = words("weekly.title", week=content.week)
    return {
        "title": title,
        "subtitle": words("weekly.from", day=content.week.monday.isoformat()),
        "origin": f"{through}　{words('footer.generated')} {made}",
        "footer": f"{title}　{through}",
        "fonts": fonts,
        "notes": notes,
        "tiles": [
            [in_both("weekly.last_week"), number(content.count), f"{words('weekly.change')} {change(content.change)}"],
            [
                in_both("weekly.next_week"),
                expected(first["mean_"]),
                f"{number(first['p10'])}–{number(first['p90'])}{words('weekly.band')}",
            ],
            [
                in_both("weekly.on_last_year"),
                change(first["change_on_last_year"]),
                words("weekly.last_year", n=number(first["last_year"])),
            ],
            [
                in_both("weekly.alerts"),
                number(len(content.alerts.about)),
                _open_alerts(content),
            ],
        ],
        "chart": total_chart(content),
        "sections": _sections(content),
    }


def _sections(content: WeeklyContent) -> list[dict[str, Any]]:
    counted = ["head.count", "head.share", "head.change", "head.next_week", "head.band"]
    categories = [_counted(one) for one in content.categories[:TOP_CATEGORIES]]
    departments = [_counted(one) for one in content.departments[:TOP_DEPARTMENTS]]
    more_categories = cut_note(TOP_CATEGORIES, content.categories)
    more_departments = cut_note(TOP_DEPARTMENTS, content.departments)
    return [
        *_forecast_sections(content),
        _section("weekly.categories", ["head.category", *counted], categories, more_categories),
        _section("weekly.departments", ["column.department", *counted], departments, more_departments),
        *_alert_sections(content),
        _season_section(content),
    ]


def _forecast_sections(content: WeeklyContent) -> list[dict[str, Any]]:
    """Return the weeks to come, next week's largest, and how wrong the last forecast was."""
    weeks = [
        [f"{row.ds:%Y-%m-%d}", expected(row.mean_), f"{number(row.p10)}–{number(row.p90)}",
         number(row.last_year), change(row.change_on_last_year)]
        for row in content.total.rename(columns={"mean": "mean_"}).itertuples(index=False)
    ]  # fmt: skip
    top = [
        [one.name, expected(one.mean), f"{number(one.p10)}–{number(one.p90)}",
         number(one.last_week), number(one.last_year)]
        for one in content.expected[:TOP_EXPECTED]
    ]  # fmt: skip
    scores = [
        [
            content.level_name(one.level),
            str(one.series),
            share(one.wape),
            change(one.bias),
            share(one.coverage),
            *map(share, content.checks_of(one.level)),
        ]
        for one in content.scores
    ]
    week = ["column.ds", "column.mean", "head.band", "column.last_year", "column.change_on_last_year"]
    judged = ["column.level", "head.series", "col.wape", "head.bias", "head.coverage", "col.failing", "col.after_break"]
    checked = in_both("overview.accuracy.checks", version=content.checked_version) if content.checks else ""
    heads = ["head.category", "column.mean", "head.band", "head.last_week", "column.last_year"]
    return [
        _section("weekly.ahead", week, weeks),
        _section("weekly.top_ten", heads, top, cut_note(TOP_EXPECTED, content.expected)),
        _section("weekly.accuracy", judged, scores, checked),
    ]


def _alert_sections(content: WeeklyContent) -> list[dict[str, Any]]:
    """Return the alerts by name, and how the departments handled theirs."""
    named = [
        [
            said_of(one.sentence, "zh-CN") or f"{content.area_names.place(one.area, 'zh-CN')}{one.category}",
            alert_level(one.level),
            one.department,
        ]
        for one in content.alerts.listed
    ]
    handled = [[one.department, *map(str, counts_of(one))] for one in content.alerts.departments]
    return [
        _section("weekly.listed", ["watch.sentence", "watch.level", "watch.lead"], named),
        _section("weekly.handling", ["column.department", *HEADINGS_OF_ALERTS], handled),
    ]


def _season_section(content: WeeklyContent) -> dict[str, Any]:
    """Return what comes back every year."""
    words = catalogue("zh-CN")
    seasons = [
        [
            one.name,
            f"{one.starts:%Y-%m-%d}",
            f"{one.act_by:%Y-%m-%d}",
            f"{one.hits}/{one.years}",
            words("weekly.times", times=f"{one.times:.1f}"),
        ]
        for one in content.seasons[:TOP_SEASONS]
    ]
    heads = ["head.category", "head.starts", "head.act_by", "head.years", "head.times"]
    return _section("weekly.calendar", heads, seasons, cut_note(TOP_SEASONS, content.seasons))


def _open_alerts(content: WeeklyContent) -> str:
    words = catalogue("zh-CN")
    open_now = words("weekly.open_now", n=len(content.alerts.open_now))
    return f"{open_now}　{words('weekly.supervision', n=len(content.alerts.supervision))}"


def _counted(one: CountRow) -> list[str]:
    band = f"{number(one.low)}–{number(one.high)}"
    return [one.name, number(one.count), share(one.share), change(one.change), expected(one.expected), band]


def _section(title: str, heads: list[str], rows: list[list[str]], note: str = "") -> dict[str, Any]:
    """Return a section by the keys of its title and its headings; headings are Chinese only, for want of room."""
    words = catalogue("zh-CN")
    names = [words(head) for head in heads]
    columns = ["wide", *["number"] * (len(names) - 1)]
    table = {"heads": names, "columns": columns, "rows": rows, "empty": in_both("none")}
    return {"title": in_both(title), "note": note, "table": table}
