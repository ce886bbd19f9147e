"""The replay report: one HTML file without scripts or addresses, for a data scientist to read and to pass on."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final

import pandas as pd

from features.sentences import said_of
from features.words import LANGUAGES
from pipelines.coverage import said_coverage
from pipelines.pictures import picture_of
from pipelines.replay.detectors import RELEASE
from pipelines.replay.listing import listed
from pipelines.replay.power import power_by_callers, summarise_power
from pipelines.replay.run import ReplayResult
from pipelines.replay.what_if import AS_CONFIGURED
from pipelines.templating import render_template

_PICTURES: Final = 20
_DEPARTMENTS: Final = 40
_TALL: Final = 80
"""Height of the highest bar, in pixels."""

_THRESHOLDS: Final = {
    "times_as_rare": "times as rare as configured",
    "q": "surges: false discovery rate",
    "surge_days": "surges: once in, days",
    "cluster_days": "clusters: once in, days",
    "group_days": "text groups: once in, days",
}
_WHAT_IF: Final = {
    "times_as_rare": "times as rare",
    "weekly_budget": "weekly budget",
    "alerts": "alerts",
    "fixed": "of these rules and seasons",
    "per department and week": "below red, per department and week",
    "largest": "most in a department's week",
}
_POWER: Final = {
    "raised": "raised",
    "standard error": "standard error",
    "within 1 hour of the fifth caller": "within 1 h",
    "within 24 hours of the fifth caller": "within 24 h",
    "median delay, hours": "median delay, h",
    "median lead before the last ticket, hours": "median lead, h",
}
_BURSTS: Final = {
    "category": "matter",
    "district": "district",
    "callers": "callers",
    "fifth": "fifth caller",
    "last": "last ticket",
    "raised": "raised",
    "delay_hours": "delay, h",
}
_ALERTS: Final = {
    "number": "no.",
    "opened_at": "opened",
    "told_at": "told",
    "ended_at": "ended",
    "end": "why",
    "level": "level",
    "highest_level": "highest",
    "department": "department",
    "kind": "kind",
    "on_burst": "known burst",
    "zh-CN": "sentence",
    "en": "in English",
}


def render_report(result: ReplayResult) -> str:
    """Return the report as an HTML document."""
    used = result.detectors
    return render_template(
        "replay.html",
        span=f"{result.start:%Y-%m-%d %H:%M} to {result.end:%Y-%m-%d %H:%M}",
        runs=result.moments,
        candidates=len(result.candidates),
        red=int(result.alerts["red"].sum()),
        on_bursts=None if result.bursts is None else int(result.alerts["on_burst"].sum()),
        detectors=_spans(used),
        by_release=RELEASE if RELEASE in set(used["version"]) else "",
        bars=_bars(result),
        load=result.load,
        departments=result.departments,
        budget=result.policy.budget,
        every=f"{result.every / pd.Timedelta(hours=1):g}",
        pictures=_pictures(result),
        alerts=_alerts(result),
        contents=_contents(result),
        judged=_judged(result),
        **_by_department(result),
        **_power(result),
        **_what_if(result),
    )


def _judged(result: ReplayResult) -> list[str]:
    """Return how many series could be judged at the first and the last moment, where not all could."""
    return [
        f"{moment[:16].replace('T', ' ')}, {line}"
        for moment, parts in result.judged.items()
        for line in said_coverage(parts)
    ]


def _spans(detectors: pd.DataFrame) -> str:
    """Return which version of the surge detector judged, and from when to when."""
    return ", ".join(
        f"{row['version']} ({row['first']:%Y-%m-%d} to {row['last']:%Y-%m-%d}, {row['runs']} runs)"
        for row in detectors.to_dict("records")
    )


def _power(result: ReplayResult) -> dict[str, Any]:
    if result.bursts is None:
        return {"power": None, "bursts": None}
    by_size = pd.DataFrame(power_by_callers(result.bursts))
    all_sizes = pd.DataFrame([{"callers": "all", **summarise_power(result.bursts)}])
    table = pd.concat([by_size.astype(object), all_sizes.astype(object)], ignore_index=True)
    return {
        "power": _table(table.rename(columns=_POWER), marked=[False] * len(by_size) + [True]),
        "bursts": _table(result.bursts[list(_BURSTS)].rename(columns=_BURSTS)),
    }


def _what_if(result: ReplayResult) -> dict[str, Any]:
    rows = result.what_if
    chosen = (rows["times_as_rare"] == AS_CONFIGURED) & _same(rows["weekly_budget"], result.policy.budget)
    named = {name: said for name, said in {**_WHAT_IF, **_POWER}.items() if name in rows}
    shown = rows.astype({"weekly_budget": object})
    shown["weekly_budget"] = [("none" if pd.isna(budget) else int(budget)) for budget in rows["weekly_budget"]]
    thresholds = rows[list(_THRESHOLDS)].drop_duplicates()
    as_configured = (thresholds["times_as_rare"] == AS_CONFIGURED).tolist()
    return {
        "what_if": _table(shown[list(named)].rename(columns=named), marked=chosen.tolist()),
        "thresholds": _table(thresholds.rename(columns=_THRESHOLDS), marked=as_configured),
    }


def _same(budgets: pd.Series, budget: int | None) -> pd.Series:
    return budgets.isna() if budget is None else budgets == budget


def _alerts(result: ReplayResult) -> dict[str, Any]:
    told = [name for name in _ALERTS if name != "on_burst" or result.bursts is not None]
    marked = result.alerts["on_burst"].map({True: "yes", False: ""})
    said = {name: [said_of(one, name) for one in result.alerts["sentence"]] for name in LANGUAGES}
    shown = result.alerts.assign(on_burst=marked, number=range(1, len(result.alerts) + 1), **said)
    return _table(shown[told].rename(columns=_ALERTS))


def _contents(result: ReplayResult) -> list[dict[str, Any]]:
    """Return the parts and the tickets of each alert, by the numbers of the table."""
    documents = listed(result.alerts, result.held)
    return [
        {
            "number": number,
            "sentence": document["sentence_en"],
            "parts": [part["sentence_en"] for part in document["parts"]],
            "tickets": [ticket["ticket"] for ticket in document["tickets"]],
        }
        for number, document in enumerate(documents, start=1)
    ]


def _pictures(result: ReplayResult) -> list[dict[str, str]]:
    """Return pictures of the best alerts that have a curve."""
    ordered = result.alerts.sort_values("score", ascending=False, kind="stable")
    drawn = (picture for row in ordered.to_dict("records") if (picture := _picture(row)))
    return list(islice(drawn, _PICTURES))


def _picture(row: dict[str, Any]) -> dict[str, str] | None:
    picture = picture_of(row["evidence"], (row["window_start"], row["window_end"]))
    if picture is None:
        return None
    # As an image and not inline: the identifiers inside one picture are not unique in a page of many.
    data = base64.b64encode(picture).decode()
    return {
        "caption": f"{row['opened_at']:%Y-%m-%d %H:%M} {row['kind']} {said_of(row['sentence'], 'zh-CN')}",
        "data": data,
    }


def _by_department(result: ReplayResult) -> dict[str, Any]:
    if result.by_week.empty:
        return {"by_department": None, "departments_left": 0}
    wide = result.by_week.pivot_table(index="department", columns="week", values="alerts", fill_value=0).astype(int)
    wide = wide.reindex(columns=_weeks(result), fill_value=0)
    wide.columns = [_week(week, result) for week in wide.columns]
    busiest = wide.loc[wide.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    shown = _table(busiest.head(_DEPARTMENTS).reset_index())
    return {"by_department": shown, "departments_left": len(busiest) - _DEPARTMENTS}


def _table(frame: pd.DataFrame, *, marked: Sequence[bool] = ()) -> dict[str, Any]:
    """Return a frame as columns and rows of text."""
    rows = [
        {"chosen": chosen, "cells": [_shown(value) for value in row]}
        for chosen, row in zip(marked or [False] * len(frame), frame.itertuples(index=False, name=None), strict=True)
    ]
    return {"columns": list(frame.columns), "rows": rows}


def _shown(value: Any) -> str:
    if value is None or (not isinstance(value, (list, str)) and pd.isna(value)):
        return "–"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004
    return str(value)


def _weeks(result: ReplayResult) -> pd.DatetimeIndex:
    """Return the Mondays of all weeks of the span, those without an alert too."""
    first = result.start.normalize() - pd.Timedelta(days=result.start.weekday())
    return pd.date_range(first, result.end, freq="7D")


def _week(week: pd.Timestamp, result: ReplayResult) -> str:
    """Return a week's name, with a star where the span has only a part of it."""
    whole = week + pd.Timedelta(days=1) > result.start and week + pd.Timedelta(days=6) <= result.end
    return f"{week:%G-W%V}{'' if whole else '*'}"


def _bars(result: ReplayResult) -> list[dict[str, Any]]:
    """Return a bar per week: its name, its count and its height."""
    if result.alerts.empty:
        return []
    counts = result.alerts.groupby("week").size().reindex(_weeks(result), fill_value=0)
    names = [_week(week, result) for week in counts.index]
    return [
        {"week": name, "count": int(count), "height": _TALL * count / counts.max(), "partial": name.endswith("*")}
        for name, count in zip(names, counts, strict=True)
    ]
