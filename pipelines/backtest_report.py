"""The backtest as one HTML file for a data scientist: tables and plots, nothing loaded from outside."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from io import StringIO
from typing import Any

import pandas as pd

from pipelines.backtest import BacktestSummary, pit_histogram, reliability

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:1rem 0}th,td{padding:.2rem .7rem;text-align:right}"
    "th{border-bottom:1px solid #888}td:first-child,td:nth-child(2),th:first-child,th:nth-child(2){text-align:left}"
    ".best{font-weight:600}"
    "svg{max-width:100%;height:auto}"
)
_SCORES = ("level", "model", "wape", "mase", "rmsse", "bias", "pinball", "coverage80", "pit50", "pit80", "pit90")
_OURS = "weisu"


def render(summary: BacktestSummary) -> str:
    """Return the report of a backtest as a self-contained HTML page."""
    predictions = summary.result.predictions
    title = f"Backtest: {summary.origins} origins x {summary.horizon} periods ({summary.freq})"
    parts = [
        f"<h1>{escape(title)}</h1>",
        (
            f"<p>As of {summary.as_of:%Y-%m-%d %H:%M} UTC, data through {summary.data_through:%Y-%m-%d}. "
            "Pinball is the weighted quantile loss; coverage80 counts the ends of the interval in, so sparse counts "
            "lie above 0.8; pit50, pit80 and pit90 are the randomised coverage that should equal the nominal one. "
            "The lowest WAPE of a level is bold.</p>"
        ),
        "<h2>Scores per level and model</h2>",
        _table(summary.result.scores),
        "<h2>WAPE by step ahead</h2>",
        _figure(lambda axes: _by_step(axes, predictions)),
        "<h2>Reliability</h2>",
        _figure(lambda axes: _reliability(axes, predictions)),
        "<h2>Randomised PIT of our cells</h2>",
        _figure(lambda axes: _pit(axes, predictions)),
        "<h2>The total, as it was forecast</h2>",
        _figure(lambda axes: _total(axes, predictions)),
    ]
    if not summary.holiday_scores.empty:
        parts += ["<h2>Periods with a holiday</h2>", _table(summary.holiday_scores)]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>'


def _table(scores: pd.DataFrame) -> str:
    columns = [name for name in _SCORES if name in scores]
    scores = scores.assign(best=scores.groupby("level")["wape"].transform("min") == scores["wape"])
    place = {level: rank for rank, level in enumerate(scores["level"].unique())}
    scores = scores.sort_values("level", key=lambda levels: levels.map(place), kind="stable")
    head = "".join(f"<th>{name}</th>" for name in columns)
    body = "".join(
        f"<tr{' class=best' if row['best'] else ''}>"
        + "".join(f"<td>{_cell(row[name])}</td>" for name in columns)
        + "</tr>"
        for row in scores.to_dict("records")
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


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
    cells = predictions[predictions["level"] == "cell"]
    cells = cells.assign(error=(cells["y"] - cells["mean"]).abs())
    for model, group in cells.groupby("model", sort=False):
        sums = group.groupby("horizon")[["error", "y"]].sum()
        axes.plot(sums.index, sums["error"] / sums["y"], marker="o", label=model)
    axes.set(xlabel="periods ahead", ylabel="WAPE, cells")
    axes.legend(fontsize=8)


def _reliability(axes: Any, predictions: pd.DataFrame) -> None:
    ours = reliability(predictions[predictions["model"] == _OURS])
    axes.plot([0, 1], [0, 1], color="#999", linewidth=1)
    for level, group in ours.groupby("level", sort=False):
        axes.plot(group["nominal"], group["observed"], marker="o", label=level)
    axes.set(xlabel="nominal coverage", ylabel="observed")
    axes.legend(fontsize=8)


def _pit(axes: Any, predictions: pd.DataFrame) -> None:
    own = (predictions["model"] == _OURS) & (predictions["level"] == "cell")
    shares = pit_histogram(predictions[own])
    axes.bar(shares["tenth"] / 10 + 0.05, shares["share"], width=0.09)
    axes.axhline(0.1, color="#999", linewidth=1)
    axes.set(xlabel="PIT", ylabel="share")


def _total(axes: Any, predictions: pd.DataFrame) -> None:
    total = predictions[(predictions["model"] == _OURS) & (predictions["level"] == "total")].sort_values("ds")
    axes.plot(total["ds"], total["y"], color="#222", label="observed")
    for _, fold in total.groupby("cutoff"):
        axes.plot(fold["ds"], fold["mean"], color="#1f77b4")
        axes.fill_between(fold["ds"], fold["p10"], fold["p90"], color="#1f77b4", alpha=0.2)
    axes.legend(fontsize=8)
