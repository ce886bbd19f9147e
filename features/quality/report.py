"""The quality report: every finding in one JSON document, and as a page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

import pandas as pd

SCHEMA_VERSION: Final = 1
TABLES: Final = ("freshness", "volume", "unseen", "missing", "duplicates", "delay", "quarantine")


def make_report(tables: Mapping[str, Any], *, as_of: datetime, generated_at: datetime, snapshot: int) -> dict[str, Any]:
    """Gather the tables into one document.

    Args:
        tables: Frame per name of `TABLES`.
        as_of: Aware moment the report speaks about.
        generated_at: Aware moment it was made.
        snapshot: Version of the lake.

    Returns:
        `schema_version, as_of, generated_at, snapshot, status` (`ok`, `warning`, `stale`), `problems` (sentences, worst
        first) and the tables as lists of rows.
    """
    problems = [
        *_nothing(tables["freshness"]),
        *_stalled(tables["freshness"]),
        *_odd_days(tables["volume"]),
        *_new_labels(tables["unseen"]),
    ]
    problems += [*_risen(tables["missing"]), *_doubled(tables["duplicates"])]
    stale = any(problem["severity"] == "error" for problem in problems)
    return {
        "schema_version": SCHEMA_VERSION,
        "as_of": as_of.isoformat(),
        "generated_at": generated_at.isoformat(),
        "snapshot": snapshot,
        "status": "stale" if stale else "warning" if problems else "ok",
        "problems": problems,
        **{name: _rows(tables[name]) for name in TABLES},
    }


def render_fragment(report: Mapping[str, Any]) -> str:
    """Return the report as an HTML fragment for a page that has its own head; everything in it is escaped."""
    return str(_template("fragment").module.fragment(report))


def render_page(report: Mapping[str, Any]) -> str:
    """Return the report as a complete HTML page without any outside resource."""
    return str(_template("page").render(report=report))


@cache
def _template(name: str) -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("features.quality", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template(f"{name}.html.j2")


def _rows(frame: Any) -> list[dict[str, Any]]:
    plain = frame.copy()
    for name in plain.columns:
        if pd.api.types.is_datetime64_any_dtype(plain[name]):
            missing = plain[name].isna()
            plain[name] = [
                None if gone else stamp.isoformat() for gone, stamp in zip(missing, plain[name], strict=True)
            ]
    return [{key: _plain(value) for key, value in row.items()} for row in plain.to_dict(orient="records")]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return None if pd.isna(value) else round(value, 6)
    return value.item() if hasattr(value, "item") else value


def _problem(severity: str, source: str, zh: str, en: str) -> dict[str, str]:
    return {"severity": severity, "source": source, "zh": zh, "en": en}


def _nothing(table: Any) -> list[dict[str, str]]:
    return [] if len(table) else [_problem("error", "", "没有任何工单", "there are no tickets at all")]


def _stalled(table: Any) -> list[dict[str, str]]:
    found = []
    for one in table[table["status"].isin(["stalled", "late"])].sort_values("status", ascending=False).itertuples():
        severity = "error" if one.status == "stalled" else "warning"
        hours, missed = f"{one.silence_hours:,.0f}", f"{one.expected_missed:,.0f}"
        zh = f"数据源 {one.source} 已 {hours} 小时没有新工单（按常态应有约 {missed} 件）"
        en = f"{one.source} has been silent for {hours} hours; about {missed} tickets would be usual"
        found.append(_problem(severity, one.source, zh, en))
    return found


def _odd_days(table: Any) -> list[dict[str, str]]:
    found = []
    for one in table[table["judgement"].isin(["low", "high"])].itertuples():
        word = {"low": "偏低", "high": "偏高"}[one.judgement]
        day, usual = f"{one.day:%Y-%m-%d}", f"{one.lower:,.0f}-{one.upper:,.0f}"
        zh = f"{one.source} {day} 受理 {one.tickets:,} 件，{word}（常态 {usual}）"
        en = f"{one.source} on {day}: {one.tickets:,} tickets, {one.judgement} (usually {usual})"
        found.append(_problem("warning", one.source, zh, en))
    return found


def _new_labels(table: Any) -> list[dict[str, str]]:
    found = []
    for one in table.itertuples():
        word = {"category": "类别", "district": "区域"}[one.dimension]
        like_zh = f"，疑为“{one.looks_like}”的另一写法" if one.looks_like else ""
        like_en = f", perhaps a spelling of {one.looks_like!r}" if one.looks_like else ""
        zh = f"{one.source} 出现新{word}“{one.label}”，{one.tickets:,} 件{like_zh}"
        found.append(
            _problem(
                "warning",
                one.source,
                zh,
                f"{one.source}: new {one.dimension} {one.label!r}, {one.tickets:,} tickets{like_en}",
            )
        )
    return found


def _risen(table: Any) -> list[dict[str, str]]:
    return [
        _problem(
            "warning",
            one.source,
            f"{one.source} 的 {one.column} 缺失率由 {one.share_before:.1%} 升至 {one.share:.1%}",
            f"{one.source}: missing {one.column} rose from {one.share_before:.1%} to {one.share:.1%}",
        )
        for one in table[table["judgement"] == "risen"].itertuples()
    ]


def _doubled(table: Any) -> list[dict[str, str]]:
    return [
        _problem(
            "warning",
            one.source,
            f"{one.source} 有 {one.tickets:,} 件工单内容完全相同（占 {one.share:.1%}）",
            f"{one.source}: {one.tickets:,} tickets are identical to another but for the id ({one.share:.1%})",
        )
        for one in table[table["share"] > 0].itertuples()
    ]
