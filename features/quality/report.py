"""The quality report: every finding in one JSON document, and as a page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

import pandas as pd

from features.reasons import Reason, ReasonCode, Value, say

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


def _problem(severity: str, source: str, code: ReasonCode, **params: Value) -> dict[str, Any]:
    reason = Reason(code, {"source": source, **params} if source else params)
    return {
        "severity": severity,
        "source": source,
        **reason.document(),
        "zh": say([reason], "zh-CN"),
        "en": say([reason], "en"),
    }


def _nothing(table: Any) -> list[dict[str, Any]]:
    return [] if len(table) else [_problem("error", "", ReasonCode.NO_TICKETS)]


def _stalled(table: Any) -> list[dict[str, Any]]:
    return [
        _problem(
            "error" if one.status == "stalled" else "warning",
            one.source,
            ReasonCode.FEED_STALLED,
            hours=round(float(one.silence_hours)),
            missed=round(float(one.expected_missed)),
        )
        for one in table[table["status"].isin(["stalled", "late"])].sort_values("status", ascending=False).itertuples()
    ]


def _odd_days(table: Any) -> list[dict[str, Any]]:
    codes = {"low": ReasonCode.DAY_LOW, "high": ReasonCode.DAY_HIGH}
    return [
        _problem(
            "warning",
            one.source,
            codes[one.judgement],
            day=f"{one.day:%Y-%m-%d}",
            tickets=int(one.tickets),
            lower=round(float(one.lower)),
            upper=round(float(one.upper)),
        )
        for one in table[table["judgement"].isin(["low", "high"])].itertuples()
    ]


_NEW: Final = {
    ("category", False): ReasonCode.NEW_CATEGORY,
    ("category", True): ReasonCode.NEW_CATEGORY_ALIKE,
    ("district", False): ReasonCode.NEW_DISTRICT,
    ("district", True): ReasonCode.NEW_DISTRICT_ALIKE,
}
"""Dimension, and whether the label looks like a known one."""


def _new_labels(table: Any) -> list[dict[str, Any]]:
    return [
        _problem(
            "warning",
            one.source,
            _NEW[one.dimension, bool(one.looks_like)],
            label=str(one.label),
            tickets=int(one.tickets),
            **({"looks_like": str(one.looks_like)} if one.looks_like else {}),
        )
        for one in table.itertuples()
    ]


def _risen(table: Any) -> list[dict[str, Any]]:
    return [
        _problem(
            "warning",
            one.source,
            ReasonCode.MISSING_RISEN,
            column=str(one.column),
            before=float(one.share_before),
            share=float(one.share),
        )
        for one in table[table["judgement"] == "risen"].itertuples()
    ]


def _doubled(table: Any) -> list[dict[str, Any]]:
    return [
        _problem("warning", one.source, ReasonCode.IDENTICAL_TICKETS, tickets=int(one.tickets), share=float(one.share))
        for one in table[table["share"] > 0].itertuples()
    ]
