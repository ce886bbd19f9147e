"""The weekly report as PDF, set by typst. Chinese needs a CJK font from the system: without one, it says so."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from features.errors import BadInputError
from features.reasons import say_in_both, stored
from features.settings import Settings
from serve.figures import change, number, share
from serve.reports.headings import LEVEL
from serve.reports.weekly_content import CountRow, WeeklyContent
from serve.reports.weekly_html import total_chart

CJK_FONTS: Final = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei", "SimHei", "SimSun", "Noto Serif CJK SC",
)  # fmt: skip
_MOST_DEPARTMENTS: Final = 20


class MissingFontError(BadInputError):
    """There is no font on this machine that can write Chinese."""


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
        raise MissingFontError(
            "no Chinese font on this machine, and a PDF must carry one",
            hint="install Noto Sans CJK (Debian: apt install fonts-noto-cjk), or ask for .html or .xlsx",
        )
    return fonts


def _document(content: WeeklyContent, settings: Settings, *, fonts: list[str]) -> dict[str, Any]:
    first = content.total.iloc[0]
    issue = content.issue
    made = f"{content.generated_at.astimezone(settings.zone):%Y-%m-%d %H:%M}"
    notes = ["SIMULATED 模拟数据：本报告的数字均为模拟城市"] if content.simulated else []
    notes += [f"降级运行 Degraded：{say_in_both(stored(issue.degraded))}"] if issue.degraded else []
    through = f"数据截至 {issue.data_through:%Y-%m-%d}　模型 {issue.model_name} v{issue.model_version}"
    return {
        "title": f"未诉先办周报 {content.week}",
        "subtitle": f"{content.week.monday.isoformat()} 起一周",
        "origin": f"{through}　生成于 {made}",
        "footer": f"未诉先办周报 {content.week}　{through}",
        "fonts": fonts,
        "notes": notes,
        "tiles": [
            ["上周工单 Last week", number(content.count), f"较前一周 {change(content.change)}"],
            ["下周预计 Next week", number(first["p50"]), f"{number(first['p10'])}–{number(first['p90'])}（80%）"],
            ["较去年同周 On last year", change(first["change_on_last_year"]), f"去年 {number(first['last_year'])}"],
            ["上周预警 Alerts", number(content.alerts.opened), f"督办清单 {len(content.alerts.supervision)} 条"],
        ],
        "chart": total_chart(content),
        "sections": _sections(content),
    }


def _sections(content: WeeklyContent) -> list[dict[str, Any]]:
    weeks = [
        [f"{row.ds:%Y-%m-%d}", number(row.p50), f"{number(row.p10)}–{number(row.p90)}", number(row.mean_, 1),
         number(row.last_year), change(row.change_on_last_year)]
        for row in content.total.rename(columns={"mean": "mean_"}).itertuples(index=False)
    ]  # fmt: skip
    expected = [
        [
            one.name,
            number(one.p50),
            f"{number(one.p10)}–{number(one.p90)}",
            number(one.last_week),
            number(one.last_year),
        ]
        for one in content.expected
    ]
    scores = [
        [LEVEL.get(one.level, one.level), str(one.series), share(one.wape), change(one.bias), share(one.coverage)]
        for one in content.scores
    ]
    alerts = [
        [
            one.department,
            *(str(n) for n in (one.opened, one.acknowledged_in_time, one.handled, one.dismissed, one.overdue)),
        ]
        for one in content.alerts.departments
    ]
    seasons = [
        [one.name, f"{one.starts:%Y-%m-%d}", f"{one.act_by:%Y-%m-%d}", f"{one.hits}/{one.years}", f"{one.times:.1f} 倍"]
        for one in content.seasons
    ]
    counted = "事项|件数|占比|较前周|下周 p50|80% 区间"
    return [
        _section("未来四周 The next four weeks", "周一|中位 p50|80% 区间|均值|去年同周|较去年", weeks),
        _section("下周预计前十 Top ten expected next week", "事项|中位 p50|80% 区间|上周|去年同周", expected),
        _section("上周预测准不准 How wrong last week's forecast was", "层级|序列|WAPE|偏差|区间覆盖率", scores),
        _section("上周六大事项 Top six last week", counted, [_counted(one) for one in content.categories]),
        _section(
            "承办单位 Departments",
            counted.replace("事项", "单位"),
            [_counted(one) for one in content.departments[:_MOST_DEPARTMENTS]],
        ),
        _section("预警处置 Alerts", "承办单位|新增|按时签收|已处置|误报|逾期", alerts),
        _section("民情月历 Seasonal calendar", "事项|开始周|行动截止|出现年数|约为平时", seasons),
    ]


def _counted(one: CountRow) -> list[str]:
    band = f"{number(one.low)}–{number(one.high)}"
    return [one.name, number(one.count), share(one.share), change(one.change), number(one.expected), band]


def _section(title: str, heads: str, rows: list[list[str]]) -> dict[str, Any]:
    names = heads.split("|")
    columns = ["wide", *["number"] * (len(names) - 1)]
    return {"title": title, "table": {"heads": names, "columns": columns, "rows": rows, "empty": "暂无 None"}}
