"""Model cards: what a version is, what it was measured on, and where it is weak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from features.accuracy import errors_by
from features.calendars import Calendar
from features.panel import Panel
from features.vocabulary import Frequency
from models.forecast.skill import MODEL
from models.metrics import pit_coverage, score_means
from pipelines.challenger import Half
from pipelines.gate import GateVerdict

_SHOWN: Final = ("wape", "mase", "rmsse", "bias", "pinball", "coverage80", "pit80", "failing80", "pit80_after_break")
_LOGGED: Final = ["level", "unique_id", "ds", "cutoff", "y", "mean", "p10", "p50", "p90"]
_WORST: Final = 5
_ENOUGH: Final = 20.0
_MISCALIBRATED: Final = 0.05
_FAILING: Final = 0.1
"""Twice the share of series that fail by chance."""

_YOUNG: Final = pd.Timedelta(weeks=52)
_SILENT: Final = pd.Timedelta(weeks=26)


def demand_card(halves: Sequence[Half], verdict: GateVerdict) -> str:
    """Return the card of a demand model in Markdown.

    Args:
        halves: The weekly half, and the daily one where there is one.
        verdict: What the gate said of the version.
    """
    weekly, panel = halves[0], halves[0].known.panel
    cells = int((panel.static["level"] == "cell").sum())
    lines = [
        "# weisu-demand",
        "",
        f"Tickets per category x district and week: {cells} cells, data through {panel.data_through:%Y-%m-%d}.",
        f"Lake snapshot {panel.snapshot}, known as of {panel.as_of:%Y-%m-%d %H:%M} UTC.",
        "",
        f"Gate: {'promoted' if verdict.promote else 'not promoted'}. {verdict.reason}.",
        "",
        *(line for half in halves for line in _measured(half)),
        "## Where it is weak",
        "",
        *_weak(weekly),
        *_bullets(_ages(panel)),
        *([] if weekly.folds is None else _worst(weekly.folds.predictions, "category")),
        *([] if weekly.folds is None else _worst(weekly.folds.predictions, "district")),
        "",
        "## What it cannot know",
        "",
        "- A category or district born after training has no forecast until the next training.",
        "- Weeks whose like is not in the history (a first pandemic) are not foreseen: planners override them.",
    ]
    return "\n".join(lines) + "\n"


def demand_tables(halves: Sequence[Half]) -> dict[str, str]:
    """Return what was measured as CSV files: scores, the weekly folds row by row, what the gate looked at."""
    days = halves[1].scores if len(halves) > 1 else pd.DataFrame(columns=["level", "model"])
    tables = {"folds.csv": halves[0].scores, "daily_folds.csv": days}
    if halves[0].folds is not None:
        rows = halves[0].folds.predictions
        tables["fold_predictions.csv"] = rows.loc[rows["model"] == MODEL, _LOGGED]
    judged = [
        half.meeting.reset_index().assign(cadence=half.known.panel.freq.adverb)
        for half in halves
        if half.folds is not None
    ]
    if judged:
        tables["gate.csv"] = pd.concat(judged, ignore_index=True)
    return {name: table.to_csv(index=False) for name, table in tables.items()}


def _measured(half: Half) -> list[str]:
    """Return what was measured of one cadence: scores, the levels, and the meeting with the champion."""
    if half.folds is None:
        return []
    freq, ours = half.known.panel.freq, half.folds.predictions.query("model == @MODEL")
    span = f"{ours['ds'].nunique()} {'weeks' if freq == Frequency.WEEKLY else 'days'} from {ours['ds'].min():%Y-%m-%d}"
    head = ["level", "better", "issued from", "strongest rival", "skill against it"]
    levels = [
        [level, "yes" if one.is_better else "no", one.base, one.rival, f"{one.skill:+.3f}"]
        for level, one in half.verdict.levels.items()
    ]
    met = [[*key, *row] for key, row in zip(half.meeting.index, half.meeting.to_numpy().tolist(), strict=True)]
    return [
        f"## {freq.adverb.capitalize()}, on the gate's folds: {ours['cutoff'].nunique()} origins, {span}",
        "",
        *_table(head, levels),
        "",
        "What is issued (`issued`) beside what it met, on the series that all know:",
        "",
        *_table(["level", "model", *half.meeting.columns], met),
        "",
        "The model itself and the plain forecasts:",
        "",
        _scores(half.scores),
        "",
        "WAPE by periods ahead, cells: " + ", ".join(_by_step(ours)) + ".",
        "",
    ]


def _weak(half: Half) -> list[str]:
    if half.folds is None:
        return []
    ours = half.folds.predictions.query("model == @MODEL")
    said = [
        *_lost(half.verdict),
        *_uncalibrated(ours),
        *_single_series(half.scores),
        *_sparse(ours),
        *_on_holidays(ours, half.known.calendar),
    ]
    return _bullets(said)


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


def _bullets(sentences: Sequence[str]) -> list[str]:
    return [f"- {sentence}" for sentence in sentences]


def _scores(scores: pd.DataFrame) -> str:
    columns = [name for name in _SHOWN if name in scores]
    rows = [[row["level"], row["model"], *(row[name] for name in columns)] for row in scores.to_dict("records")]
    return "\n".join(_table(["level", "model", *columns], rows))


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return lines + [f"| {' | '.join(map(_cell, row))} |" for row in rows]


def _cell(value: Any) -> str:
    if not isinstance(value, float):
        return str(value).replace("|", "\\|")
    return "-" if np.isnan(value) else f"{value:.3f}"


def _lost(verdict: GateVerdict) -> list[str]:
    """Name the levels at which the model was not better than a planner without it, and what is issued there."""
    said = []
    for level, one in verdict.levels.items():
        if one.is_better:
            continue
        issued = f"so {one.base} is issued there" if one.base != MODEL else "not clearly enough to replace it"
        said.append(f"At level {level} {one.rival} was as good or better (skill {one.skill:+.3f}); {issued}.")
    return said


def _uncalibrated(ours: pd.DataFrame) -> list[str]:
    """Name levels whose 80 % band held too few or too many of the counts (randomised PIT)."""
    said = []
    for level, rows in ours.groupby("level", sort=False):
        inside = pit_coverage(rows["pit"], 0.8)
        noise = 2 * np.sqrt(0.8 * 0.2 / len(rows))
        if abs(inside - 0.8) > max(_MISCALIBRATED, noise):
            kind = "too narrow" if inside < 0.8 else "too wide"  # noqa: PLR2004 - the nominal coverage
            said.append(f"At level {level} the 80 % band was {kind}: it held {inside:.0%} of {len(rows)} counts.")
    return said


def _single_series(scores: pd.DataFrame) -> list[str]:
    """Name levels at which more series fail their own 80 % band than chance explains, and how it is after breaks."""
    said = []
    for row in scores[scores["model"] == MODEL].to_dict("records"):
        if row["failing80"] > _FAILING:
            said.append(f"At level {row['level']} {row['failing80']:.0%} of series fail their own 80 % band.")
        if row["after_break"] > 0 and row["pit80_after_break"] < 0.8 - _MISCALIBRATED:
            held = f"it held {row['pit80_after_break']:.0%} of counts, and {row['pit80']:.0%} over all"
            said.append(f"At level {row['level']} the 80 % band is too narrow after a break of level: {held}.")
    return said


def _sparse(ours: pd.DataFrame) -> list[str]:
    """Say how much of the error at cells is the noise of small counts: E|Y - mu| of a Poisson at our own means."""
    cells = ours[ours["level"] == "cell"]
    mean, y = cells["mean"].to_numpy(), cells["y"].to_numpy()
    if not y.sum():
        return []
    floor = float(np.abs(np.random.default_rng(0).poisson(np.maximum(mean, 0)) - mean).sum() / max(mean.sum(), 1e-9))
    quiet = float((cells.groupby("unique_id")["mean"].mean() < 1).mean())
    error = float(np.abs(y - mean).sum() / y.sum())
    noise = f"Even a model that knew every rate would have a WAPE of about {floor:.2f} at cells (ours: {error:.2f})"
    return [f"{quiet:.0%} of cells expect less than one ticket a week. {noise}: read the band, not the mean."]


def _on_holidays(ours: pd.DataFrame, calendar: Calendar) -> list[str]:
    """Compare the total's error in weeks with a public holiday with that in the others."""
    total = ours[ours["level"] == "total"]
    days = calendar(total["ds"].min().date(), (total["ds"].max() + pd.Timedelta(days=6)).date())
    off = pd.DatetimeIndex(days.loc[days["is_holiday"], "date"])
    held = np.array([((off >= ds) & (off < ds + pd.Timedelta(days=7))).any() for ds in total["ds"]], dtype=bool)
    if not held.any() or held.all():
        return []
    parts = {"weeks with a public holiday": total[held], "weeks without": total[~held]}
    errors = {name: score_means(rows["y"], rows["mean"]) for name, rows in parts.items()}
    said = [
        f"{len(parts[name])} {name}: WAPE {error['wape']:.3f}, bias {error['bias']:+.1%}"
        for name, error in errors.items()
    ]
    return [f"The total in {said[0]}; in {said[1]}."]


def _ages(panel: Panel) -> list[str]:
    """Count the cells that the model knows little of: younger than a year, or silent for half a year."""
    cells = panel.static.loc[panel.static["level"] == "cell", "unique_id"]
    seen = panel.y[(panel.y["y"] > 0) & panel.y["unique_id"].isin(cells)].groupby("unique_id")["ds"].agg(["min", "max"])
    end, start = panel.y["ds"].max(), panel.y["ds"].min()
    young = int((seen["min"] > end - _YOUNG).sum()) if end - start > _YOUNG else len(seen)
    silent = int((seen["max"] < end - _SILENT).sum())
    return [
        f"{young} of {len(cells)} cells are younger than a year: they borrow the season of their category.",
        f"{silent} cells have had no ticket for half a year; they are forecast near zero until one comes.",
    ]


def _worst(predictions: pd.DataFrame, level: str) -> list[str]:
    """List the series of a level that cost the most errors, beside last year's same week there."""
    rows = predictions[predictions["level"] == level]
    if rows.empty:
        return []
    errors = {str(model): errors_by(group, "unique_id") for model, group in rows.groupby("model")}
    ours = errors[MODEL]
    ours = ours[ours["y"] >= _ENOUGH].assign(share=ours["error"] / max(float(ours["error"].sum()), 1.0))
    worst = ours.sort_values("error", ascending=False).head(_WORST)
    naive = errors.get("seasonal_naive", ours)["wape"].reindex(worst.index)
    table = [
        [name, f"{row['share']:.0%}", row["wape"], float(naive[name]), f"{row['bias']:+.1%}"]
        for name, row in worst.iterrows()
    ]
    head = [level, "share of errors", "WAPE", "last year's week", "bias"]
    return ["", f"Where the errors are, by {level}:", "", *_table(head, table)]


def _by_step(ours: pd.DataFrame) -> list[str]:
    cells = ours[ours["level"] == "cell"]
    return [f"{step}: {error:.3f}" for step, error in errors_by(cells, "horizon")["wape"].items()]
