"""The weekly report as one self-contained HTML file: it can be mailed, filed and printed; it loads nothing."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from features.reasons import say_in_both
from features.sentences import said_of
from features.settings import Settings
from features.words import catalogue, in_both
from serve.alerts.levels import LEVEL_WORDS
from serve.charts.demand import Period, demand_chart
from serve.charts.standalone import standalone
from serve.number_format import change, expected, number, share
from serve.reports.headings import alert_level, columns
from serve.reports.weekly_content import (
    TOP_CATEGORIES,
    TOP_DEPARTMENTS,
    TOP_EXPECTED,
    TOP_SEASONS,
    WeeklyContent,
    cut_note,
)
from serve.supervision.alert_week import HEADINGS_OF_ALERTS, counts_of

_TOPS: Final = {
    "expected": TOP_EXPECTED,
    "categories": TOP_CATEGORIES,
    "departments": TOP_DEPARTMENTS,
    "seasons": TOP_SEASONS,
}
"""How much of each list the page shows."""


def write_html(content: WeeklyContent, out: Path, *, settings: Settings) -> None:
    """Write the page."""
    environment = Environment(loader=PackageLoader("serve.reports"), autoescape=True, undefined=StrictUndefined)
    total = list(content.total.rename(columns={"mean": "mean_"}).itertuples(index=False))
    page = environment.get_template("weekly.html").render(
        c=content,
        degraded=say_in_both(content.degraded),
        total=total,
        first=content.first,
        chart=Markup(total_chart(content)),  # noqa: S704 - drawn by us, its texts are escaped
        num=number,
        expected=expected,
        cut=cut_note,
        tops=_TOPS,
        pct=change,
        share=share,
        level=content.level_name,
        alert_level=alert_level,
        said_of=said_of,
        alert_headings=HEADINGS_OF_ALERTS,
        alert_counts=counts_of,
        columns=columns(content.area_names),
        b=partial(in_both, names=content.area_names),
        t=catalogue("zh-CN", content.area_names),
        e=catalogue("en", content.area_names),
        level_words=LEVEL_WORDS,
        generated=f"{content.generated_at.astimezone(settings.zone):%Y-%m-%d %H:%M}",
    )
    out.write_text(page, encoding="utf-8")


def total_chart(content: WeeklyContent) -> str:
    """Return the total's chart as a standalone SVG."""
    past = [Period(ds.strftime("%m-%d"), actual=None if pd.isna(y) else float(y)) for ds, y in content.recent.items()]
    ahead = [
        Period(
            row.ds.strftime("%m-%d"),
            mean=row.mean_,
            p10=row.p10,
            p90=row.p90,
            last_year=None if pd.isna(row.last_year) else float(row.last_year),
        )
        for row in content.total.rename(columns={"mean": "mean_"}).itertuples(index=False)
    ]
    return standalone(str(demand_chart([*past, *ahead], title=in_both("weekly.ahead"), name="total")))
