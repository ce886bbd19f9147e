"""The backtest as one HTML file for a data scientist: tables and plots, nothing loaded from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import StringIO
from typing import Any

import pandas as pd
from markupsafe import Markup

from features.accuracy import errors_by
from features.reasons import say
from pipelines.backtest_summary import BacktestSummary, at_a_glance, holiday_totals, pit_histogram, reliability
from pipelines.templating import render_template

_SCORES = (
    "wape",
    "mase",
    "rmsse",
    "bias",
    "pinball",
    "coverage80",
    "pit50",
    "pit80",
    "pit90",
    "failing80",
    "pit80_after_break",
)
_NAMED = ("ds", "holiday")
"""Columns of words, in the table of holidays."""

_OURS = "weisu"
_PLAIN_LINES = {"window_mean": ":", "seasonal_naive": ":", "same_week_mean": ":"}


def render(summary: BacktestSummary) -> str:
    """Return the report of a backtest as a self-contained HTML page."""
    scores, predictions, hidden = summary.result.scores, summary.result.predictions, summary.same_levels
    return render_template(
        "backtest.html",
        title=f"Backtest: {summary.origins} origins x {summary.horizon} periods ({summary.freq})",
        origin=_origin(summary),
        at_a_glance=_glance(at_a_glance(scores, hidden=hidden)),
        twins=_twins(hidden),
        by_step=_figure(lambda axes: _by_step(axes, predictions)),
        holidays=_holidays(summary),
        figures=_distribution(predictions, hidden),
        scores=_scores(scores, hidden),
    )


def _origin(summary: BacktestSummary) -> str:
    libraries = "; ".join(f"{name}: {version}" for name, version in summary.peers.items())
    parts = [
        f"As of {summary.as_of:%Y-%m-%d %H:%M} UTC, data through {summary.data_through:%Y-%m-%d}",
        *([f"degraded: {say(summary.degraded, 'en')}"] if summary.degraded else []),
        *([f"libraries: {libraries}"] if libraries else []),
        *([f"MLflow run {summary.run_id}"] if summary.run_id else []),
        f"{summary.seconds:.0f} s",
    ]
    return ". ".join(parts)


def _twins(hidden: Mapping[str, str]) -> str:
    if not hidden:
        return ""
    pairs = ", ".join(f"{level} is {twin}" for level, twin in hidden.items())
    return f"Levels that sum the same cells are shown once: {pairs}."


def _distribution(predictions: pd.DataFrame, hidden: Mapping[str, str]) -> list[tuple[str, Markup]]:
    """Return headings and figures of our intervals, as far as there is something to show."""
    if _OURS not in set(predictions["model"]):
        return []
    own = predictions[(predictions["model"] == _OURS) & ~predictions["level"].isin(list(hidden))]
    figures = [("Reliability of our intervals", _figure(lambda axes: _reliability(axes, own)))]
    if "cell" in set(own["level"]):
        figures.append(("Randomised PIT of our cells", _figure(lambda axes: _pit(axes, own))))
    if "total" in set(own["level"]):
        figures.append(("The total, as it was forecast", _figure(lambda axes: _total(axes, own))))
    return figures


def _holidays(summary: BacktestSummary) -> dict[str, Any] | None:
    if summary.holiday_scores.empty:
        return None
    totals = holiday_totals(summary)
    return {
        "periods": len(summary.holidays),
        "at_a_glance": _glance(at_a_glance(summary.holiday_scores, hidden=summary.same_levels)),
        "named": _NAMED,
        "totals": [
            {str(name): str(value) if name in _NAMED else _count(value) for name, value in row.items()}
            for row in totals.to_dict("records")
        ],
    }


def _glance(table: pd.DataFrame) -> dict[str, Any]:
    """Return WAPE as models x levels, the lowest of each level marked; blank where a model does not speak."""
    lowest = table.round(3).min()
    rows = [
        {
            "model": model,
            "cells": [
                {
                    "text": "" if pd.isna(row[level]) else f"{row[level]:.3f}",
                    "best": bool(round(row[level], 3) == lowest[level]),
                }
                for level in table.columns
            ],
        }
        for model, row in table.iterrows()
    ]
    return {"levels": list(table.columns), "rows": rows}


def _scores(scores: pd.DataFrame, hidden: Mapping[str, str]) -> dict[str, Any]:
    columns = [name for name in _SCORES if name in scores]
    shown = scores[~scores["level"].isin(list(hidden))]
    levels = [
        (
            level,
            [
                {"model": row["model"], "cells": [_cell(row[name]) for name in columns]}
                for row in shown[shown["level"] == level].to_dict("records")
            ],
        )
        for level in dict.fromkeys(shown["level"])
    ]
    return {"columns": columns, "levels": levels}


def _count(value: float) -> str:
    return "" if pd.isna(value) else f"{value:,.0f}"


def _cell(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _figure(draw: Callable[[Any], None]) -> Markup:
    """Draw on fresh axes and return inline SVG; no window system and no global state are needed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    draw(figure.subplots())
    buffer = StringIO()
    figure.savefig(buffer, format="svg")
    svg = buffer.getvalue()
    return Markup(svg[svg.index("<svg") :])  # noqa: S704 - drawn here, from numbers


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
