"""The weekly report, in the format that the file's name asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from features.clock import Clock, SystemClock
from features.reasons import Reasons, say_in_both, to_json
from features.settings import Settings
from features.words import catalogue, in_both
from serve.errors import RequestError
from serve.reports.headings import columns
from serve.reports.weekly_content import FORECAST_COLUMNS, LATER_COLUMNS, WeeklyContent, weekly_content
from serve.store import Store
from serve.weeks import Week

FORMATS: Final = ("xlsx", "pdf", "html", "csv")


@dataclass(frozen=True)
class WeeklySummary:
    """What was written."""

    week: str
    out: str
    rows: int
    degraded: Reasons

    def to_json(self) -> dict[str, Any]:
        """Return the summary as a JSON document."""
        return {"schema_version": 1, "week": self.week, "out": self.out, "rows": self.rows, **to_json(self.degraded)}


def weekly(
    store: Store, *, week: Week | str | None, out: Path, settings: Settings, clock: Clock | None = None
) -> WeeklySummary:
    """Write the report about a week.

    Args:
        store: Where forecasts and alerts are read.
        week: The week reported on, as `2026-W47`; the last complete one when None.
        out: The file; its ending decides the format: .xlsx, .pdf, .html or .csv.
        settings: Lake, time zone and calendar.
        clock: Source of the present.

    Raises:
        RequestError: The ending or the week is unknown, or a PDF is wanted where there is no Chinese font.
        NotReadyError: No forecast speaks about the weeks after it.
    """
    form = out.suffix.lower().lstrip(".")
    if form not in FORMATS:
        raise RequestError("unknown_format", file=out.name, formats=[f".{f}" for f in FORMATS])
    now = (clock or SystemClock()).now()
    chosen = Week.parse(week) if isinstance(week, str) else week
    chosen = chosen or last_complete_week(settings, now=now)
    with store.reading() as session:
        content = weekly_content(session, settings, chosen, now=now)
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.stem}.unfinished{out.suffix}")
    try:
        write(content, unfinished, settings=settings)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    return WeeklySummary(str(chosen), str(out), len(content.forecast), content.degraded)


def write(content: WeeklyContent, out: Path, *, settings: Settings) -> None:
    """Write gathered content in the format of the file's ending."""
    from serve.reports.weekly_html import write_html
    from serve.reports.weekly_pdf import write_pdf
    from serve.reports.weekly_xlsx import write_xlsx

    form = out.suffix.lower()
    if form == ".xlsx":
        write_xlsx(content, out)
    elif form == ".csv":
        write_csv(content, out)
    elif form == ".pdf":
        write_pdf(content, out, settings=settings)
    else:
        write_html(content, out, settings=settings)


def last_complete_week(settings: Settings, *, now: Any) -> Week:
    """Return the last week that is over, in the hotline's time zone."""
    return Week.of((now.astimezone(settings.zone) - timedelta(days=7)).date())


# The forecast table as CSV: UTF-8 with a byte-order mark, so that a spreadsheet opens the Chinese as Chinese.


def write_csv(content: WeeklyContent, out: Path) -> None:
    """Write the forecast table."""
    table = content.forecast.assign(ds=content.forecast["ds"].dt.strftime("%Y-%m-%d"))
    for name in ("level", "unique_id", "category1", "category2", "category", "district", "department"):
        table[name] = table[name].map(_inert)
    if note := _note(content):
        table[in_both("column.note")] = note
    table.rename(
        columns={name: columns(content.area_names)[name] for name in (*FORECAST_COLUMNS, *LATER_COLUMNS)}
    ).round(3).to_csv(out, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def _note(content: WeeklyContent) -> str:
    """Return what stands above the other forms: that the city is simulated, and what is missing."""
    said = [catalogue("zh-CN")("weekly.simulated")] if content.simulated else []
    said += [f"{in_both('degraded')}：{say_in_both(content.degraded)}"] if content.degraded else []
    said += [in_both("weekly.adjusted", n=len(content.overrides))] if content.is_adjusted else []
    return "　".join(said)


def _inert(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
