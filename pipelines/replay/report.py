"""The replay report: one HTML file without scripts or addresses, for a data scientist to read and to pass on."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from itertools import islice
from typing import Any, Final

import pandas as pd

from pipelines.pictures import picture_of
from pipelines.replay.detectors import RELEASE
from pipelines.replay.power import power_by_callers, summarise_power
from pipelines.replay.run import ReplayResult
from pipelines.replay.what_if import AS_CONFIGURED

_PICTURES: Final = 20
_DEPARTMENTS: Final = 40
_STYLE: Final = """
body{font:15px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;color:#1f2933;max-width:70rem;margin:2rem auto;
padding:0 1rem}
table{border-collapse:collapse;margin:.5rem 0 1.5rem;font-size:14px}
th,td{padding:.25rem .6rem;border-bottom:1px solid #d9e2ec;text-align:right;font-variant-numeric:tabular-nums}
th:first-child,td:first-child{text-align:left}
thead th{border-bottom:2px solid #829ab1;vertical-align:bottom}
.text td,.text th{text-align:left}
.chosen td{background:#eef4fa;font-weight:600}
.wide{overflow-x:auto}
.note{color:#52606d;max-width:50rem}
svg{display:block;margin:.5rem 0 1.5rem;max-width:100%}
figure{margin:0 0 1.5rem}
figcaption{font-weight:600}
"""
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
    "opened_at": "opened",
    "department": "department",
    "kind": "kind",
    "on_burst": "known burst",
    "sentence_zh": "sentence",
    "sentence_en": "in English",
}


def render_report(result: ReplayResult) -> str:
    """Return the report as an HTML document."""
    body = "\n".join(
        [*_head(result), *_load(result), *_power(result), *_what_if(result), *_alerts(result), *_pictures(result)]
    )
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Replay</title><style>{_STYLE}</style>{body}</html>\n"
    )


def _head(result: ReplayResult) -> list[str]:
    alerts = result.alerts
    said = (
        f"{result.moments} detection runs, each seeing only what was known at its moment; "
        f"{len(result.candidates)} candidates became {len(alerts)} alerts, {int(alerts['red'].sum())} of them red. "
        "What a run just before the span found was open already: it is no alert here and takes no budget."
    )
    if result.bursts is not None:
        said += f" {int(alerts['on_burst'].sum())} alerts hold a known burst; the counts below include them."
    return [
        f"<h1>Replay {result.start:%Y-%m-%d %H:%M} to {result.end:%Y-%m-%d %H:%M}</h1>",
        _note(said),
        _note(_said_of(result.detectors)),
    ]


def _said_of(detectors: pd.DataFrame) -> str:
    """Return which version of the surge detector judged, and from when to when."""
    spans = [
        f"{row['version']} ({row['first']:%Y-%m-%d} to {row['last']:%Y-%m-%d}, {row['runs']} runs)"
        for row in detectors.to_dict("records")
    ]
    said = f"Surge detector in force, by the promotions of weisu-hotspot: {', '.join(spans)}."
    if RELEASE in set(detectors["version"]):
        said += f" “{RELEASE}” are the settings this release comes with: no version had been promoted by then."
    return f"{said} Rules, scans and text groups run with today's configuration."


def _load(result: ReplayResult) -> list[str]:
    budget = "no weekly budget" if result.policy.budget is None else f"a budget of {result.policy.budget} a week"
    return [
        "<h2>Alerts per week</h2>",
        _bars(result),
        _note(
            f"Below red, per department and week: {result.load['mean']:.2f} on average over the {result.departments} "
            f"departments that have tickets, at most {result.load['largest']}, under {budget}."
        ),
        "<h2>Alerts per department and week</h2>",
        *_by_department(result),
    ]


def _power(result: ReplayResult) -> list[str]:
    if result.bursts is None:
        return []
    by_size = pd.DataFrame(power_by_callers(result.bursts))
    all_sizes = pd.DataFrame([{"callers": "all", **summarise_power(result.bursts)}])
    table = pd.concat([by_size.astype(object), all_sizes.astype(object)], ignore_index=True)
    return [
        "<h2>Power on known bursts</h2>",
        _note(
            "A burst counts when its fifth distinct caller's ticket arrived within the span; it is raised when an "
            "alert holds three of its tickets. The delay counts from the fifth caller and includes the wait for the "
            f"next run ({result.every / pd.Timedelta(hours=1):g} hours apart); the lead is the time from the alert to "
            "the burst's last ticket, negative when it was over. Medians are of the raised ones."
        ),
        _table(table.rename(columns=_POWER), marked=[False] * len(by_size) + [True]),
        _table(result.bursts[list(_BURSTS)].rename(columns=_BURSTS)),
    ]


def _what_if(result: ReplayResult) -> list[str]:
    rows = result.what_if
    chosen = (rows["times_as_rare"] == AS_CONFIGURED) & _same(rows["weekly_budget"], result.policy.budget)
    named = {name: said for name, said in {**_WHAT_IF, **_POWER}.items() if name in rows}
    shown = rows.astype({"weekly_budget": object})
    shown["weekly_budget"] = [("none" if pd.isna(budget) else int(budget)) for budget in rows["weekly_budget"]]
    thresholds = rows[list(_THRESHOLDS)].drop_duplicates()
    return [
        "<h2>What a different threshold would have done</h2>",
        _note(
            "What the same detectors would have told at other thresholds and under other weekly budgets; the row in "
            "bold is this replay. Rules (高频, 一人多诉, 敏感) and seasons have no such threshold: they are in all "
            "rows, and take budget that a stricter threshold frees."
        ),
        _table(shown[list(named)].rename(columns=named), marked=chosen.tolist()),
        _note("What the first column means:"),
        _table(thresholds.rename(columns=_THRESHOLDS), marked=(thresholds["times_as_rare"] == AS_CONFIGURED).tolist()),
    ]


def _same(budgets: pd.Series, budget: int | None) -> pd.Series:
    return budgets.isna() if budget is None else budgets == budget


def _alerts(result: ReplayResult) -> list[str]:
    told = [name for name in _ALERTS if name != "on_burst" or result.bursts is not None]
    shown = result.alerts.assign(on_burst=result.alerts["on_burst"].map({True: "yes", False: ""}))
    return ["<h2>Alerts</h2>", _table(shown[told].rename(columns=_ALERTS), css="text")]


def _pictures(result: ReplayResult) -> list[str]:
    """Return pictures of the best alerts that have a curve."""
    ordered = result.alerts.sort_values("score", ascending=False, kind="stable")
    drawn = (figure for row in ordered.to_dict("records") if (figure := _figure(row)))
    figures = list(islice(drawn, _PICTURES))
    return ["<h2>Pictures of the foremost alerts</h2>", *figures] if figures else []


def _figure(row: dict[str, Any]) -> str:
    picture = picture_of(row["evidence"], (row["window_start"], row["window_end"]))
    if picture is None:
        return ""
    # As an image and not inline: the identifiers inside one picture are not unique in a page of many.
    data = base64.b64encode(picture).decode()
    said = escape(f"{row['opened_at']:%Y-%m-%d %H:%M} {row['kind']} {row['sentence_zh']}")
    return f'<figure><figcaption>{said}</figcaption><img alt="" src="data:image/svg+xml;base64,{data}"></figure>'


def _note(text: str) -> str:
    return f"<p class=note>{escape(text)}</p>"


def _by_department(result: ReplayResult) -> list[str]:
    if result.by_week.empty:
        return [_note("No alerts.")]
    wide = result.by_week.pivot_table(index="department", columns="week", values="alerts", fill_value=0).astype(int)
    wide = wide.reindex(columns=_weeks(result), fill_value=0)
    wide.columns = [_week(week, result) for week in wide.columns]
    busiest = wide.loc[wide.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    left = len(busiest) - _DEPARTMENTS
    note = [_note(f"{left} departments with fewer alerts are not shown.")] if left > 0 else []
    return [_table(busiest.head(_DEPARTMENTS).reset_index()), *note]


def _table(frame: pd.DataFrame, *, css: str = "", marked: Sequence[bool] = ()) -> str:
    head = "".join(f"<th>{escape(str(name))}" for name in frame.columns)
    classes = [" class=chosen" if chosen else "" for chosen in marked] or [""] * len(frame)
    rows = "".join(
        f"<tr{chosen}>" + "".join(f"<td>{_shown(value)}" for value in row)
        for chosen, row in zip(classes, frame.itertuples(index=False, name=None), strict=True)
    )
    table = f'<table class="{css}"><thead><tr>{head}</thead><tbody>{rows}</tbody></table>'
    return f"<div class=wide>{table}</div>"


def _shown(value: Any) -> str:
    if value is None or (not isinstance(value, (list, str)) and pd.isna(value)):
        return "–"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004
    return escape(str(value))


def _weeks(result: ReplayResult) -> pd.DatetimeIndex:
    """Return the Mondays of all weeks of the span, those without an alert too."""
    first = result.start.normalize() - pd.Timedelta(days=result.start.weekday())
    return pd.date_range(first, result.end, freq="7D")


def _week(week: pd.Timestamp, result: ReplayResult) -> str:
    """Return a week's name, with a star where the span has only a part of it."""
    whole = week + pd.Timedelta(days=1) > result.start and week + pd.Timedelta(days=6) <= result.end
    return f"{week:%G-W%V}{'' if whole else '*'}"


def _bars(result: ReplayResult) -> str:
    """Return a bar per week as inline SVG, with its count above and its name below."""
    if result.alerts.empty:
        return _note("No alerts.")
    counts = result.alerts.groupby("week").size().reindex(_weeks(result), fill_value=0)
    height, width, most = 80, 64, int(counts.max())
    bars = []
    for place, (week, count) in enumerate(counts.items()):
        tall, middle = height * count / most, place * width + width / 2
        bars.append(
            f'<rect x="{place * width + 8}" y="{height - tall + 16:.1f}" width="{width - 16}" height="{tall:.1f}" '
            f'fill="#3c6e9f"/><text x="{middle}" y="{height - tall + 12:.1f}">{count}</text>'
            f'<text x="{middle}" y="{height + 32}">{_week(week, result)}</text>'
        )
    partial = _note("* a part of the week.") if any("*" in bar for bar in bars) else ""
    whole = len(counts) * width
    return (
        f'<svg width="{whole}" height="{height + 40}" role="img" aria-label="Alerts per week" font-size="11" '
        f'text-anchor="middle" fill="#1f2933">{"".join(bars)}</svg>{partial}'
    )
