"""The replay report: one HTML file without scripts or addresses, for a data scientist to read and to pass on."""

from __future__ import annotations

from html import escape
from typing import Any, Final

import pandas as pd

from pipelines.replay.power import summarise_power
from pipelines.replay.run import ReplayResult

_STYLE: Final = """
body{font:15px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;color:#1f2933;max-width:70rem;margin:2rem auto}
table{border-collapse:collapse;margin:.5rem 0 1.5rem;font-size:14px}
th,td{padding:.25rem .6rem;border-bottom:1px solid #d9e2ec;text-align:right}
th:first-child,td:first-child{text-align:left}
thead th{border-bottom:2px solid #829ab1}
.text td{text-align:left}
.note{color:#52606d}
svg{display:block;margin:.5rem 0 1.5rem}
"""


def render_report(result: ReplayResult) -> str:
    """Return the report as an HTML document."""
    parts = [
        f"<h1>Replay {result.start:%Y-%m-%d %H:%M} to {result.end:%Y-%m-%d %H:%M}</h1>",
        _note(
            f"{result.moments} detection runs, each seeing only what was known at its moment; "
            f"{len(result.candidates)} candidates became {len(result.alerts)} alerts."
        ),
        "<h2>Alerts per week</h2>",
        _bars(result.alerts.groupby("week").size()),
        _facts({f"below red, per department and week: {name}": value for name, value in result.load.items()}),
        "<h2>Alerts per department and week</h2>",
        _by_department(result.by_week),
    ]
    if result.bursts is not None:
        parts += ["<h2>Power on injected bursts</h2>", _facts(summarise_power(result.bursts)), _table(result.bursts)]
    parts += [
        "<h2>What a different threshold would have done</h2>",
        _note("The same candidates under other thresholds of the recurrence interval and other weekly budgets."),
        _table(result.what_if),
        "<h2>Alerts</h2>",
        _table(result.alerts[["opened_at", "department", "kind", "sentence_zh", "sentence_en"]], css="text"),
    ]
    body = "\n".join(parts)
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Replay</title><style>{_STYLE}</style>{body}</html>\n"
    )


def _note(text: str) -> str:
    return f"<p class=note>{escape(text)}</p>"


def _facts(values: dict[str, Any]) -> str:
    rows = "".join(f"<tr><td>{escape(name)}<td>{_shown(value)}" for name, value in values.items())
    return f"<table>{rows}</table>"


def _by_department(by_week: pd.DataFrame) -> str:
    if by_week.empty:
        return _note("No alerts.")
    wide = by_week.pivot_table(index="department", columns="week", values="alerts", fill_value=0).astype(int)
    wide.columns = [f"{week:%G-W%V}" for week in wide.columns]
    busiest = wide.loc[wide.sum(axis=1).sort_values(ascending=False, kind="stable").index].head(40)
    return _table(busiest.reset_index())


def _table(frame: pd.DataFrame, *, css: str = "") -> str:
    head = "".join(f"<th>{escape(str(name))}" for name in frame.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{_shown(value)}" for value in row) for row in frame.itertuples(index=False, name=None)
    )
    return f'<table class="{css}"><thead><tr>{head}</thead><tbody>{rows}</tbody></table>'


def _shown(value: Any) -> str:
    if value is None or (not isinstance(value, (list, str)) and pd.isna(value)):
        return "–"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        return f"{value:,.3g}"
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
