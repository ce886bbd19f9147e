"""The backtest as one HTML file for a data scientist: tables and plots, nothing loaded from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from io import StringIO
from typing import Any

import pandas as pd

from features.accuracy import errors_by
from features.reasons import say
from pipelines.backtest_summary import BacktestSummary, at_a_glance, holiday_totals, pit_histogram, reliability

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}"
    "th,td{padding:.2rem .7rem;text-align:right}"
    "th{border-bottom:1px solid #888}.name{text-align:left;white-space:nowrap}.first td{border-top:1px solid #ddd}"
    ".best{font-weight:700;background:#e8f1fa}.note{color:#555}.wide{overflow-x:auto}"
    "svg{max-width:100%;height:auto}"
)
_SCORES = ("wape", "mase", "rmsse", "bias", "pinball", "coverage80", "pit50", "pit80", "pit90")
_LEGEND = (
    "pinball is the weighted quantile loss over .05 .1 .25 .5 .75 .9 .95. coverage80 counts the ends of the interval "
    "in, so that sparse counts lie above 0.8; pit50, pit80 and pit90 are the randomised coverage that should equal the "
    "nominal one. MASE and RMSSE are scaled on the weeks before the first cutoff. Libraries and plain forecasts are "
    "given the count distribution that past errors of the window mean or of the plain forecast imply."
)
_OURS = "weisu"
_PLAIN_LINES = {"window_mean": ":", "seasonal_naive": ":", "same_week_mean": ":"}


def render(summary: BacktestSummary) -> str:
    """Return the report of a backtest as a self-contained HTML page."""
    predictions, hidden = summary.result.predictions, summary.same_levels
    title = f"Backtest: {summary.origins} origins x {summary.horizon} periods ({summary.freq})"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{_origin(summary)}</p>",
        "<h2>WAPE at a glance</h2>",
        _glance(at_a_glance(summary.result.scores, hidden=hidden)),
        f'<p class="note">The lowest of a level is marked. {_twins(hidden)}</p>',
        "<h2>WAPE by step ahead</h2>",
        _figure(lambda axes: _by_step(axes, predictions)),
        *_holidays(summary),
        *_distribution(predictions, hidden),
        "<h2>Every score</h2>",
        f'<p class="note">{_LEGEND}</p>',
        _table(summary.result.scores, hidden),
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>'


def _origin(summary: BacktestSummary) -> str:
    libraries = "; ".join(f"{name}: {version}" for name, version in summary.peers.items())
    parts = [
        f"As of {summary.as_of:%Y-%m-%d %H:%M} UTC, data through {summary.data_through:%Y-%m-%d}",
        *([f"degraded: {say(summary.degraded, 'en')}"] if summary.degraded else []),
        *([f"libraries: {libraries}"] if libraries else []),
        *([f"MLflow run {summary.run_id}"] if summary.run_id else []),
        f"{summary.seconds:.0f} s",
    ]
    return f"{escape('. '.join(parts))}."


def _twins(hidden: Mapping[str, str]) -> str:
    if not hidden:
        return ""
    pairs = ", ".join(f"{level} is {twin}" for level, twin in hidden.items())
    return escape(f"Levels that sum the same cells are shown once: {pairs}.")


def _distribution(predictions: pd.DataFrame, hidden: Mapping[str, str]) -> list[str]:
    if _OURS not in set(predictions["model"]):
        return []
    own = predictions[(predictions["model"] == _OURS) & ~predictions["level"].isin(list(hidden))]
    parts = ["<h2>Reliability of our intervals</h2>", _figure(lambda axes: _reliability(axes, own))]
    if "cell" in set(own["level"]):
        parts += ["<h2>Randomised PIT of our cells</h2>", _figure(lambda axes: _pit(axes, own))]
    if "total" in set(own["level"]):
        parts += ["<h2>The total, as it was forecast</h2>", _figure(lambda axes: _total(axes, own))]
    return parts


def _holidays(summary: BacktestSummary) -> list[str]:
    if summary.holiday_scores.empty:
        return []
    totals = holiday_totals(summary)
    return [
        f"<h2>The {len(summary.holidays)} periods with a holiday, apart</h2>",
        _glance(at_a_glance(summary.holiday_scores, hidden=summary.same_levels)),
        *(["<h3>The total in each of them</h3>", _plain_table(totals)] if len(totals) else []),
    ]


def _glance(table: pd.DataFrame) -> str:
    """Return WAPE as models x levels."""
    head = "".join(f"<th>{escape(str(level))}</th>" for level in table.columns)
    lowest = table.round(3).min()
    body = "".join(
        f'<tr><td class="name">{escape(str(model))}</td>'
        + "".join(_scored(row[level], best=round(row[level], 3) == lowest[level]) for level in table.columns)
        + "</tr>"
        for model, row in table.iterrows()
    )
    return f'<table><thead><tr><th class="name">model</th>{head}</tr></thead><tbody>{body}</tbody></table>'


def _scored(value: float, *, best: bool) -> str:
    if value != value:  # noqa: PLR0124 - a model that does not speak on this level
        return "<td></td>"
    return f"<td{' class=best' if best else ''}>{value:.3f}</td>"


def _table(scores: pd.DataFrame, hidden: Mapping[str, str]) -> str:
    columns = [name for name in _SCORES if name in scores]
    shown = scores[~scores["level"].isin(list(hidden))]
    head = "".join(f"<th>{name}</th>" for name in columns)
    body = ""
    for level in dict.fromkeys(shown["level"]):
        for place, row in enumerate(shown[shown["level"] == level].to_dict("records")):
            cells = "".join(f"<td>{_cell(row[name])}</td>" for name in columns)
            named = f'<td class="name">{escape(level) if place == 0 else ""}</td>'
            body += f"<tr{' class=first' if place == 0 else ''}>{named}"
            body += f'<td class="name">{escape(row["model"])}</td>{cells}</tr>'
    names = '<th class="name">level</th><th class="name">model</th>'
    return f'<div class="wide"><table><thead><tr>{names}{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _plain_table(frame: pd.DataFrame) -> str:
    left = ("ds", "holiday")
    head = "".join(f"<th{' class=name' if c in left else ''}>{escape(str(c))}</th>" for c in frame.columns)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td class="name">{escape(str(row[c]))}</td>' if c in left else f"<td>{_count(row[c])}</td>" for c in row
        )
        + "</tr>"
        for row in frame.to_dict("records")
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _count(value: float) -> str:
    return "" if value != value else f"{value:,.0f}"  # noqa: PLR0124 - a model that does not speak here


def _cell(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else escape(str(value))


def _figure(draw: Callable[[Any], None]) -> str:
    """Draw on fresh axes and return inline SVG; no window system and no global state are needed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    draw(figure.subplots())
    buffer = StringIO()
    figure.savefig(buffer, format="svg")
    svg = buffer.getvalue()
    return svg[svg.index("<svg") :]


def _by_step(axes: Any, predictions: pd.DataFrame) -> None:
    finest = predictions[predictions["level"] == predictions["level"].iloc[-1]]
    for model, group in finest.groupby("model", sort=False):
        wape = errors_by(group, "horizon")["wape"]
        style = {"color": "#111", "linewidth": 2.5, "zorder": 5} if model == _OURS else {"linewidth": 1.2}
        line = _PLAIN_LINES.get(str(model), "-")
        axes.plot(wape.index, wape, marker="o", markersize=3, linestyle=line, label=model, **style)
    axes.set(xlabel="periods ahead", ylabel=f"WAPE, level {finest['level'].iloc[0]}")
    axes.set_xticks(sorted(finest["horizon"].unique()))
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)


def _reliability(axes: Any, own: pd.DataFrame) -> None:
    axes.plot([0, 1], [0, 1], color="#999", linewidth=1)
    for level, group in reliability(own).groupby("level", sort=False):
        axes.plot(group["nominal"], group["observed"], marker="o", markersize=3, label=level)
    axes.set(xlabel="nominal coverage", ylabel="observed")
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)


def _pit(axes: Any, own: pd.DataFrame) -> None:
    shares = pit_histogram(own[own["level"] == "cell"])
    axes.bar(shares["tenth"] / 10 + 0.05, shares["share"], width=0.09)
    axes.axhline(0.1, color="#999", linewidth=1)
    axes.set(xlabel="PIT", ylabel="share")


def _total(axes: Any, own: pd.DataFrame) -> None:
    total = own[own["level"] == "total"].sort_values("ds")
    axes.plot(total["ds"], total["y"], color="#222", label="observed")
    for place, (_, fold) in enumerate(total.groupby("cutoff")):
        named = {"label": "mean"} if place == 0 else {}
        band = {"label": "80 % interval"} if place == 0 else {}
        axes.plot(fold["ds"], fold["mean"], color="#1f77b4", marker="o", markersize=3, **named)
        axes.fill_between(fold["ds"], fold["p10"], fold["p90"], color="#1f77b4", alpha=0.2, **band)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("tickets")
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
