"""Model cards: what a version is, what it was measured on, and where it is weak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from features.panel import Panel
from pipelines.gate import Verdict

_SHOWN: Final = ("wape", "mase", "rmsse", "bias", "pinball", "coverage80")


def demand_card(scores: pd.DataFrame, panel: Panel, verdict: Verdict) -> str:
    """Return the card of a demand model in Markdown.

    Args:
        scores: Per level and model, on the gate's folds.
        panel: What it was trained on.
        verdict: What the gate said.
    """
    cells = int((panel.static["level"] == "cell").sum())
    columns = [name for name in _SHOWN if name in scores]
    lines = [
        "# weisu-demand",
        "",
        f"Tickets per category x district and week: {cells} cells, data through {panel.data_through:%Y-%m-%d}.",
        f"Lake snapshot {panel.snapshot}, known as of {panel.as_of:%Y-%m-%d %H:%M} UTC.",
        "",
        f"Gate: {'promoted' if verdict.promote else 'not promoted'}. {verdict.reason}.",
        "",
        "## On the gate's folds",
        "",
        _table(scores, columns),
        "",
        "## Where it is weak",
        "",
        *_weak(scores),
        "- Below one ticket a week the error is mostly the noise of small counts: read the band, not the mean.",
        "- A category or district born after training is unknown until the next training.",
        "- Weeks whose like is not in the history (a first pandemic) are not foreseen: planners override them.",
    ]
    return "\n".join(lines) + "\n"


def hotspot_card(metrics: Mapping[str, float], panel: Panel) -> str:
    """Return the card of a hotspot model in Markdown."""
    return (
        "# weisu-hotspot\n\n"
        f"Surge detector on cells, checked on the four weeks through {panel.data_through:%Y-%m-%d}.\n\n"
        f"At p < 0.01 it alarmed on {metrics['alarm_share']:.2%} of cell-days (scan) and on "
        f"{metrics['alarm_share_1']:.2%} (one day); quiet cells would give 1 %, real bursts come on top.\n\n"
        "## Where it is weak\n\n"
        "- Cells with less than a year of history borrow season and level from their category and district.\n"
        "- One caller who calls fifty times is one caller only where the source has a caller column.\n"
        "- A burst smaller than three tickets is left to the recitable rules.\n"
    )


def _table(scores: pd.DataFrame, columns: list[str]) -> str:
    head = "| level | model | " + " | ".join(columns) + " |"
    rule = "|---|---|" + "---|" * len(columns)
    rows = [
        f"| {row['level']} | {row['model']} | " + " | ".join(_number(row[name]) for name in columns) + " |"
        for _, row in scores.iterrows()
    ]
    return "\n".join([head, rule, *rows])


def _number(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:.3f}"


def _weak(scores: pd.DataFrame) -> list[str]:
    """Name the levels at which seasonal-naive was at least as good on these folds."""
    table = scores.pivot_table(index="level", columns="model", values="wape")
    if not {"weisu", "seasonal_naive"} <= set(table):
        return []
    lost = table[table["weisu"] >= table["seasonal_naive"]]
    return [
        f"- At level {level} seasonal-naive was as good on these folds ({row['seasonal_naive']:.3f} against "
        f"{row['weisu']:.3f})."
        for level, row in lost.iterrows()
    ]
