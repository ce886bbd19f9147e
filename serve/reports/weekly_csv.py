"""The forecast table as CSV: UTF-8 with a byte-order mark, so that a spreadsheet opens the Chinese as Chinese."""

from __future__ import annotations

from pathlib import Path

from serve.reports.headings import columns
from serve.reports.weekly_content import FORECAST_COLUMNS, LATER_COLUMNS, WeeklyContent


def write_csv(content: WeeklyContent, out: Path) -> None:
    """Write the forecast table."""
    table = content.forecast.assign(ds=content.forecast["ds"].dt.strftime("%Y-%m-%d"))
    for name in ("level", "unique_id", "category1", "category2", "category", "district", "department"):
        table[name] = table[name].map(_inert)
    table.rename(
        columns={name: columns(content.area_names)[name] for name in (*FORECAST_COLUMNS, *LATER_COLUMNS)}
    ).round(3).to_csv(out, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def _inert(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
