"""Rolling-origin backtest: every model refitted at every cutoff, scored per level of the hierarchy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from features.configuration import ForecastConfig
from features.configuration.forecaster import BaseConfig, BreakConfig
from models.errors import PanelContractError
from models.forecast.baselines import PLAIN
from models.forecast.bases import issue_cells
from models.forecast.breaks import find_breaks, weekly_sums
from models.forecast.candidate_models import RivalInput, rival
from models.forecast.coherent_bands import above_parts, around_mean
from models.forecast.distribution import count_cdf, count_quantiles
from models.forecast.drivers import Calendar, Circumstances
from models.forecast.events import Events
from models.forecast.hierarchy import CELL, Hierarchy, HierarchyLevel, PanelMatrix
from models.forecast.members import Floats
from models.forecast.model import matrix_of
from models.forecast.peers import PeerFit, fit_peer
from models.forecast.periods import cadence_of
from models.forecast.skill import MODEL, SCALE, judge_levels
from models.forecast.weather import Weather
from models.metrics import (
    bias,
    coverage,
    mase,
    naive_scales,
    pit_coverage,
    randomised_pit,
    rmsse,
    share_failing,
    wape,
    weighted_pinball,
)

QUANTILES: Final = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
DEFAULT_MODELS: Final = ("weisu", "issued", "lightgbm", "seasonal_naive", "same_week_mean", "window_mean")
ISSUED: Final = "issued"
"""What would have gone out: the model, or at a level where it lost before, a plain forecast."""

_COMPARED: Final = frozenset({MODEL, *PLAIN})
_NOMINAL: Final = (50, 80, 90)
_CENTRAL: Final = 0.8


@dataclass(frozen=True)
class BacktestResult:
    """What was forecast, and how good it was.

    Attributes:
        predictions: `model, level, unique_id, ds, cutoff, horizon, y, mean, alpha, p5 .. p95, pit, base_model,
            naive_square` (mean squared step of the series before the first cutoff), `after_break` (the level of the
            series had broken when the forecast was made, see models/forecast/breaks.py).
        scores: One row per level and model: `wape, mase, rmsse, bias, pinball` (wQL), `coverage80` (as printed, ends
            included), `pit50, pit80, pit90` (randomised), `failing80` (share of series whose own 80 % interval fails,
            by its randomised coverage), `after_break` (share of rows after a break of the series' level) and
            `pit80_after_break`, `periods`.
    """

    predictions: pd.DataFrame
    scores: pd.DataFrame


def backtest(
    y: pd.DataFrame,
    static: pd.DataFrame,
    *,
    freq: str,
    origins: int,
    horizon: int,
    models: Sequence[str] = DEFAULT_MODELS,
    calendar: Calendar | None = None,
    weather: Weather | None = None,
    events: Events | None = None,
    config: ForecastConfig | None = None,
    step: int | None = None,
    n_jobs: int = 1,
    peer_fit: PeerFit = fit_peer,
    on_progress: Callable[[int], None] | None = None,
) -> BacktestResult:
    """Refit and forecast at `origins` cutoffs, the last one ending with the data.

    Args:
        y: Long frame of the cells, see `DemandModel.fit`.
        static: The hierarchy.
        freq: W or D.
        origins: Number of cutoffs.
        horizon: Periods ahead at each.
        models: Names from models/forecast/candidate_models.py, and `issued`, which needs `weisu` and the two plain
            forecasts.
        calendar: First and last day to calendar rows.
        weather: Daily weather as known at a moment.
        events: The event register as known at a moment.
        config: Configuration of our model; its horizon is replaced by `horizon`.
        step: Periods between cutoffs; `horizon` when None, so that test periods never overlap.
        n_jobs: Refits at once, by joblib: inside a `joblib.parallel_config("dask")` they run on the cluster.
        peer_fit: Fits the public libraries; another than `fit_peer` has it done elsewhere.
        on_progress: Called with the number of finished cutoffs, after each.

    Raises:
        PanelError: The history is too short for that many origins.
    """
    from joblib import Parallel, delayed

    panel, hierarchy = matrix_of(y, static, freq)
    cutoffs = _cutoffs(panel, origins, horizon, step or horizon)
    chosen = (config or ForecastConfig()).model_copy(update={"horizon": horizon})
    everything = RivalInput(panel, hierarchy, calendar, chosen, horizon, Circumstances(weather, events), peer_fit)
    rivals = tuple(name for name in models if name != ISSUED)
    for name in rivals:
        rival(name)  # an unknown name is said before anything is fitted
    parallel = Parallel(n_jobs=n_jobs, return_as="generator")
    frames = []
    for fold in parallel(delayed(_fold)(rivals, everything, cutoff) for cutoff in cutoffs):
        frames.append(fold)
        if on_progress is not None:
            on_progress(len(frames))
    predictions = _scaled(pd.concat(frames, ignore_index=True), panel, hierarchy, until=cutoffs[0])
    predictions = _with_breaks(predictions, panel, hierarchy, cutoffs, chosen.breaks)
    if ISSUED in models and set(rivals) >= _COMPARED:
        predictions = pd.concat([predictions, issued_rows(predictions, hierarchy, chosen.bases)], ignore_index=True)
    return BacktestResult(predictions, score(predictions, panel, hierarchy, until=cutoffs[0]))


def _cutoffs(panel: PanelMatrix, origins: int, horizon: int, step: int) -> list[pd.Timestamp]:
    last = panel.y.shape[1] - 1 - horizon
    indices = [last - step * back for back in range(origins - 1, -1, -1)]
    if indices[0] < 2 * horizon:
        raise PanelContractError(
            f"{panel.y.shape[1]} periods are too few for {origins} origins of {horizon}",
            hint="ask for fewer origins or a shorter horizon",
        )
    return [panel.ds[index] for index in indices]


def _fold(names: Sequence[str], everything: RivalInput, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Let every model forecast one cutoff; parts of our model share one fit."""
    panel, hierarchy, horizon = everything.panel, everything.hierarchy, everything.horizon
    known = replace(everything, panel=panel.until(cutoff))
    first = known.panel.y.shape[1]
    actual, ds = panel.y[:, first : first + horizon], panel.ds[first : first + horizon]
    frames = []
    for name in names:
        outcome = rival(name)(known)
        means = {level.name: mean for level in hierarchy.levels if (mean := outcome.mean_of(level)) is not None}
        rows = _rows(hierarchy, means, outcome.alpha, actual, ds)
        # A model that cannot speak yet (Prophet on a short history) has no rows at this cutoff.
        frames += [pd.concat(rows.values(), ignore_index=True).assign(model=name, base_model=name)] if rows else []
    return pd.concat(frames, ignore_index=True).assign(cutoff=cutoff)


def _scaled(
    predictions: pd.DataFrame, panel: PanelMatrix, hierarchy: Hierarchy, *, until: pd.Timestamp
) -> pd.DataFrame:
    """Add the scale of squared errors, from the history up to `until`."""
    history = panel.until(until).y
    scales = [
        pd.DataFrame({"level": level.name, "unique_id": level.ids, SCALE: naive_scales(level.sum(history))[1]})
        for level in hierarchy.levels
    ]
    return predictions.merge(pd.concat(scales, ignore_index=True), on=["level", "unique_id"], how="left")


def _with_breaks(
    predictions: pd.DataFrame,
    panel: PanelMatrix,
    hierarchy: Hierarchy,
    cutoffs: Sequence[pd.Timestamp],
    config: BreakConfig,
) -> pd.DataFrame:
    """Mark the rows of series whose level had broken by their cutoff."""
    week, frames = cadence_of(panel.freq).week or 1, []
    for cutoff in cutoffs:
        known = panel.until(cutoff).y
        for level in hierarchy.levels:
            broken = find_breaks(weekly_sums(level.sum(known), week), config).weeks > 0
            ids = np.asarray(level.ids, dtype=object)[broken]
            frames.append(pd.DataFrame({"unique_id": ids, "level": level.name, "cutoff": cutoff, "after_break": True}))
    # Levels of which nothing broke have no ids, and so none of the type that ids have.
    found = pd.concat(frames, ignore_index=True).astype({"unique_id": predictions["unique_id"].dtype})
    marked = predictions.merge(found, on=["level", "unique_id", "cutoff"], how="left")
    return marked.assign(after_break=marked["after_break"].eq(True))


def issued_rows(predictions: pd.DataFrame, hierarchy: Hierarchy, config: BaseConfig) -> pd.DataFrame:
    """Return what would have been issued at each cutoff, judging the model by the folds that were over by then.

    Args:
        predictions: Of the model and the plain forecasts, as `backtest` makes them.
        hierarchy: The levels.
        config: By how much a plain forecast must have been better.
    """
    frames = []
    for cutoff, fold in predictions.groupby("cutoff"):
        judged = judge_levels(predictions, config, cutoff=cutoff)
        frames.append(rows_issued_from({level: one.base for level, one in judged.items()}, fold, hierarchy))
    return pd.concat(frames, ignore_index=True)


def rows_issued_from(bases: Mapping[str, str], predictions: pd.DataFrame, hierarchy: Hierarchy) -> pd.DataFrame:
    """Return what is issued at each cutoff where some levels are issued from a plain forecast, as the model `issued`.

    Args:
        bases: Level -> what it is issued from.
        predictions: Of the model and the plain forecasts, as `backtest` makes them.
        hierarchy: The levels.
    """
    replaced = {level: base for level, base in bases.items() if base != MODEL}
    ours = predictions[predictions["model"] == MODEL]
    if not replaced:
        return ours.assign(model=ISSUED)
    folds = predictions.groupby("cutoff")
    frames = [_issued_fold(replaced, fold, hierarchy).assign(cutoff=cutoff) for cutoff, fold in folds]
    known = ours[["level", "unique_id", "cutoff", SCALE, "after_break"]].drop_duplicates()
    return pd.concat(frames, ignore_index=True).merge(known, on=["level", "unique_id", "cutoff"], how="left")


def _issued_fold(bases: Mapping[str, str], fold: pd.DataFrame, hierarchy: Hierarchy) -> pd.DataFrame:
    ds = pd.DatetimeIndex(fold["ds"].unique())
    at_cells = fold[fold["level"] == CELL].groupby("model", sort=False)
    cells = {str(name): rows["mean"].to_numpy().reshape(-1, len(ds)) for name, rows in at_cells}
    actual = at_cells.get_group(MODEL)["y"].to_numpy().reshape(-1, len(ds))
    issued = issue_cells(cells[MODEL], cells, hierarchy, bases)
    base_of = {level.name: bases.get(level.name, MODEL) for level in hierarchy.levels}
    alpha = {
        level: fold.loc[(fold["level"] == level) & (fold["model"] == base), "alpha"].to_numpy().reshape(-1, len(ds))
        for level, base in base_of.items()
    }
    rows = _rows(hierarchy, {level.name: level.sum(issued) for level in hierarchy.levels}, alpha, actual, ds)
    named = [frame.assign(model=ISSUED, base_model=base_of[level]) for level, frame in rows.items()]
    return pd.concat(named, ignore_index=True)


def _rows(
    hierarchy: Hierarchy,
    means: Mapping[str, Floats],
    alpha: Mapping[str, Floats],
    actual: Floats,
    ds: pd.DatetimeIndex,
) -> dict[str, pd.DataFrame]:
    """Return the rows of every level with means, in bands that agree with each other, as an issue's do."""
    of_level = {name: a[:, None] if a.ndim == 1 else a for name, a in alpha.items()}
    bands = {name: around_mean(mean, count_quantiles(mean, of_level[name], QUANTILES)) for name, mean in means.items()}
    agreed = above_parts(hierarchy, bands)
    return {
        level.name: _level_rows(level, means[level.name], of_level[level.name], actual, ds).assign(
            **{f"p{100 * q:g}": values.ravel() for q, values in agreed[level.name].items()}
        )
        for level in hierarchy.levels
        if level.name in means
    }


def _level_rows(
    level: HierarchyLevel, mean: Floats, alpha: Floats, actual: Floats, ds: pd.DatetimeIndex
) -> pd.DataFrame:
    y = level.sum(actual)
    alpha = np.broadcast_to(alpha, mean.shape)
    # Its own draws at every cutoff: the same ones again would make a quiet series fail, or hold, at all of them.
    rng = np.random.default_rng([0, ds[0].toordinal()])
    pit = randomised_pit(count_cdf(y - 1, mean, alpha), count_cdf(y, mean, alpha), rng)
    return pd.DataFrame(
        {
            "level": level.name,
            "unique_id": np.repeat(np.asarray(level.ids, dtype=object), len(ds)),
            "ds": np.tile(ds.to_numpy(), len(level.ids)),
            "horizon": np.tile(np.arange(1, len(ds) + 1), len(level.ids)),
            "y": y.ravel(),
            "mean": mean.ravel(),
            "alpha": alpha.ravel(),
            "pit": pit.ravel(),
        }
    )


def score(predictions: pd.DataFrame, panel: PanelMatrix, hierarchy: Hierarchy, *, until: pd.Timestamp) -> pd.DataFrame:
    """Score predictions per level and model; MASE and RMSSE are scaled on the history up to `until`."""
    history = panel.until(until).y
    rows = []
    for level in hierarchy.levels:
        scales = naive_scales(level.sum(history))
        own = predictions[predictions["level"] == level.name]
        for model, group in own.groupby("model", sort=False):
            rows.append({"level": level.name, "model": model, **_scores(group, level.ids, scales)})
    return pd.DataFrame(rows)


def score_rows(predictions: pd.DataFrame) -> pd.DataFrame:
    """Score any subset of predictions (holidays, one district) by what needs no history, per level and model."""
    groups = predictions.groupby(["level", "model"], sort=False)
    return pd.DataFrame([{"level": level, "model": model, **_plain(group)} for (level, model), group in groups])


def _scores(group: pd.DataFrame, ids: Sequence[str], scales: tuple[Any, Any]) -> dict[str, float]:
    by_series = group.set_index("unique_id").loc[list(ids)]
    y, mean = (by_series[name].to_numpy().reshape(len(ids), -1) for name in ("y", "mean"))
    return {**_plain(group), "mase": mase(y, mean, scales[0]), "rmsse": rmsse(y, mean, scales[1])}


def _plain(group: pd.DataFrame) -> dict[str, float]:
    y, mean = group["y"].to_numpy(), group["mean"].to_numpy()
    quantiles = {q: group[f"p{100 * q:g}"].to_numpy() for q in QUANTILES}
    return {
        "wape": wape(y, mean),
        "bias": bias(y, mean),
        "pinball": weighted_pinball(y, quantiles),
        "coverage80": coverage(y, quantiles[0.1], quantiles[0.9]),
        **{f"pit{n}": pit_coverage(group["pit"], n / 100) for n in _NOMINAL},
        **_of_series(group),
        "periods": float(group["ds"].nunique()),
    }


def _of_series(group: pd.DataFrame) -> dict[str, float]:
    """Return what an average over series hides: the share of those that fail, and how it is after a break."""
    inside = (group["pit"] - 0.5).abs() <= _CENTRAL / 2
    by_series = inside.groupby(group["unique_id"]).agg(["sum", "size"])
    broken = group["after_break"].to_numpy(dtype=bool)
    return {
        "failing80": share_failing(by_series["sum"], by_series["size"], _CENTRAL),
        "after_break": float(broken.mean()),
        "pit80_after_break": float(inside[broken].mean()) if broken.any() else float("nan"),
    }
