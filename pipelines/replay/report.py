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
from pipelines.replay.power import summarise_power
from pipelines.replay.run import ReplayResult

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
_WHAT_IF: Final = {
    "times_as_rare": "times as rare as configured",
    "q": "surges: false discovery rate",
    "surge_days": "surges: once in, days",
    "cluster_days": "clusters: once in, days",
    "group_days": "text groups: once in, days",
    "weekly_budget": "weekly budget",
    "fixed": "of these rules and seasons",
    "per department and week": "below red, per department and week",
    "largest": "most in a department's week",
    "within 1 hour of the fifth caller": "within 1 h",
    "within 24 hours of the fifth caller": "within 24 h",
    "median delay, hours": "median delay, h",
    "median lead before the last ticket, hours": "median lead, h",
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
    return [
        f"<h1>Replay {result.start:%Y-%m-%d %H:%M} to {result.end:%Y-%m-%d %H:%M}</h1>",
        _note(
            f"{result.moments} detection runs, each seeing only what was known at its moment; "
            f"{len(result.candidates)} candidates became {len(result.alerts)} alerts."
        ),
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
    named = {f"below red, per department and week: {name}": value for name, value in result.load.items()}
    return [
        "<h2>Alerts per week</h2>",
        _bars(result.alerts.groupby("week").size()),
        _facts(named),
        "<h2>Alerts per department and week</h2>",
        *_by_department(result.by_week),
    ]


def _power(result: ReplayResult) -> list[str]:
    if result.bursts is None:
        return []
    return [
        "<h2>Power on injected bursts</h2>",
        _note(
            "A burst counts when its fifth caller's ticket arrived within the span; it is raised when an alert holds "
            "three of its tickets. The delay counts from the fifth caller, the lead to the burst's last ticket."
        ),
        _facts(summarise_power(result.bursts)),
        _table(result.bursts),
    ]


def _what_if(result: ReplayResult) -> list[str]:
    shown = result.what_if.astype({"weekly_budget": object})
    shown["weekly_budget"] = shown["weekly_budget"].where(result.what_if["weekly_budget"].notna(), "none")
    chosen = (result.what_if["times_as_rare"] == 1).tolist()
    return [
        "<h2>What a different threshold would have done</h2>",
        _note(
            "What the same detectors would have told at other thresholds and under other weekly budgets; the "
            "configured thresholds are marked. Rules (高频, 一人多诉, 敏感) and seasons have no such threshold: "
            "they are in all rows."
        ),
        _table(shown.rename(columns=_WHAT_IF), marked=chosen),
    ]


def _alerts(result: ReplayResult) -> list[str]:
    columns = ["opened_at", "department", "kind", "sentence_zh", "sentence_en"]
    return ["<h2>Alerts</h2>", _table(result.alerts[columns], css="text")]


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


def _facts(values: dict[str, Any]) -> str:
    rows = "".join(f"<tr><td>{escape(name)}<td>{_shown(value)}" for name, value in values.items())
    return f"<table>{rows}</table>"


def _by_department(by_week: pd.DataFrame) -> list[str]:
    if by_week.empty:
        return [_note("No alerts.")]
    wide = by_week.pivot_table(index="department", columns="week", values="alerts", fill_value=0).astype(int)
    wide.columns = [f"{week:%G-W%V}" for week in wide.columns]
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


def _bars(counts: pd.Series) -> str:
    """Return a bar per week as inline SVG."""
    if counts.empty:
        return _note("No alerts.")
    height, width, most = 80, 18, int(counts.max())
    bars = []
    for place, (week, count) in enumerate(counts.items()):
        tall = max(height * count / most, 1)
        name = f"{week:%G-W%V}: {count}"
        bars.append(
            f'<rect x="{place * width}" y="{height - tall:.1f}" width="{width - 4}" height="{tall:.1f}" fill="#3c6e9f">'
            f"<title>{name}</title></rect>"
        )
    whole = len(counts) * width
    return f'<svg width="{whole}" height="{height}" role="img" aria-label="Alerts per week">{"".join(bars)}</svg>'
