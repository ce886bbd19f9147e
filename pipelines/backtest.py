"""The backtest of an installation: the lake's panel as known, every model refitted at every cutoff, an MLflow run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from features.clock import Clock
from features.errors import BadInputError
from features.knowledge import Knowledge, KnownPanel
from features.settings import Settings
from features.vocabulary import ForecastFrequency, Frequency
from models.forecast import BacktestResult, backtest
from models.forecast.candidate_models import RIVALS
from models.forecast.hierarchy import Hierarchy
from models.forecast.peers import NEEDS
from models.forecast.rolling_origin import DEFAULT_MODELS, ISSUED, score_rows
from pipelines.backtest_report import render
from pipelines.backtest_summary import BacktestSummary, pit_histogram, records, reliability
from pipelines.cluster import on_cluster
from pipelines.peer_environment import HINT, peers_of
from pipelines.tracking import Tracker

PROPHET: Final = "prophet"
_PREFERRED: Final = ("total", "category", "district", "cell")
_LOGGED: Final = ("wape", "mase", "bias", "pinball", "coverage80", "failing80")


def run_backtest(
    settings: Settings,
    clock: Clock,
    *,
    as_of: datetime | None = None,
    origins: int = 8,
    horizon: int = 4,
    freq: ForecastFrequency = Frequency.WEEKLY,
    models: Sequence[str] = (),
    levels: Sequence[str] = (),
    peers: bool = False,
    peers_python: Path | None = None,
    n_jobs: int = 2,
    scheduler: str | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> BacktestSummary:
    """Backtest on the lake's panel.

    Args:
        settings: The installation.
        clock: The present.
        as_of: Compute as it could have been known then; the present when None.
        origins: Number of cutoffs, the last one ending with the data.
        horizon: Periods ahead at each.
        freq: W or D.
        models: Names from models/forecast/candidate_models.py; when none is named, ours, its parts, what a planner does
            without it, and for weeks Prophet on the levels above the cells.
        levels: Levels that are kept; all when none is named.
        peers: Also the public libraries that are installed, and Prophet for days.
        peers_python: Interpreter of an environment that holds those libraries; this one when None.
        n_jobs: Refits at once.
        scheduler: A Dask scheduler instead of local cores.
        on_progress: Called with a line that says how far it is.

    Raises:
        PipelineError: Nothing is known by then, or the other Python fails.
        PanelError: The history is too short for that many origins.
        BadInputError: A model or a level of that name does not exist, or a library is asked for that is not installed.
    """
    started, say = time.monotonic(), on_progress or (lambda _line: None)
    fit, installed = peers_of(peers_python) if peers or set(models) & set(NEEDS) else (None, {})
    names = _names(models, freq, peers=peers, installed=installed)
    _announce(names, installed, say, peers=peers)
    known = Knowledge.at(settings, as_of or clock.now()).panel(freq)
    _check_levels(levels, _hierarchy(known))
    with on_cluster(scheduler):
        result = backtest(
            known.panel.y,
            known.panel.static,
            freq=freq,
            origins=origins,
            horizon=horizon,
            models=names,
            calendar=known.calendar,
            weather=known.weather,
            events=known.events,
            config=settings.forecast,
            n_jobs=n_jobs,
            on_progress=lambda done: say(f"{done} of {origins} origins, {time.monotonic() - started:.0f} s"),
            **({} if fit is None else {"peer_fit": fit}),
        )
    took_part = {name: installed[name] for name in names if name in installed}
    asked = {"origins": origins, "horizon": horizon, "peers": took_part, "seconds": time.monotonic() - started}
    summary = _summary(known, _only(result, levels), **asked)
    return replace(summary, run_id=_log(settings, known, summary, names))


def _announce(names: Sequence[str], installed: Mapping[str, str], say: Callable[[str], None], *, peers: bool) -> None:
    say(f"models: {', '.join(f'{name} ({installed[name]})' if name in installed else name for name in names)}")
    if peers and not installed:
        say(f"--peers: neither {' nor '.join(sorted(set(NEEDS.values())))} is installed; {HINT}")


def _names(models: Sequence[str], freq: Frequency, *, peers: bool, installed: Mapping[str, str]) -> list[str]:
    """Return the models that take part, each once."""
    for name in models:
        if name not in RIVALS and name != ISSUED:
            raise BadInputError(f"no model {name!r} to backtest", hint=f"choose from {', '.join((*RIVALS, ISSUED))}")
        if name in NEEDS and name not in installed:
            raise BadInputError(f"model {name!r} needs {NEEDS[name]}, which is not installed", hint=HINT)
    chosen = [*(models or DEFAULT_MODELS)]
    if not models and (peers or freq == Frequency.WEEKLY):
        chosen.append(PROPHET)
    return list(dict.fromkeys([*chosen, *(installed if peers else ())]))


def _summary(known: KnownPanel, result: BacktestResult, **asked: Any) -> BacktestSummary:
    """Return what the rows say, beside what was asked for; the MLflow run is still to come."""
    off = holiday_periods(result.predictions, known)
    own = result.predictions[result.predictions["ds"].isin(list(off))]
    kept = set(result.scores["level"])
    return BacktestSummary(
        known.panel.as_of,
        known.panel.data_through.to_pydatetime(),
        known.panel.freq,
        result=result,
        holiday_scores=pd.DataFrame() if own.empty else score_rows(own),
        run_id="",
        degraded=known.degraded,
        holidays=off,
        same_levels={level: twin for level, twin in same_levels(_hierarchy(known)).items() if twin in kept},
        **asked,
    )


def _hierarchy(known: KnownPanel) -> Hierarchy:
    static = known.panel.static
    return Hierarchy.of(static, static.loc[static["level"] == "cell", "unique_id"].tolist())


def _check_levels(levels: Sequence[str], hierarchy: Hierarchy) -> None:
    for level in levels:
        if level not in hierarchy.names:
            raise BadInputError(f"no level {level!r}", hint=f"choose from {', '.join(hierarchy.names)}")


def _only(result: BacktestResult, levels: Sequence[str]) -> BacktestResult:
    if not levels:
        return result
    predictions, scores = (frame[frame["level"].isin(levels)] for frame in (result.predictions, result.scores))
    return BacktestResult(predictions, scores)


def same_levels(hierarchy: Hierarchy) -> dict[str, str]:
    """Return levels that group the cells as another level does (one department: the total), and which that is."""
    order = sorted(hierarchy.levels, key=lambda level: level.name not in _PREFERRED)
    found: dict[str, str] = {}
    for place, level in enumerate(order):
        for twin in order[:place]:
            pairs = set(zip(level.groups.tolist(), twin.groups.tolist(), strict=True))
            if twin.name not in found and len(pairs) == len(level.ids) == len(twin.ids):
                found.setdefault(level.name, twin.name)
    return found


def holiday_periods(predictions: pd.DataFrame, known: KnownPanel) -> dict[pd.Timestamp, str]:
    """Return the forecast periods with a day off, and the names of those days."""
    ds = pd.DatetimeIndex(sorted(predictions["ds"].unique()))
    length = known.panel.freq.length
    days = known.calendar(ds[0].date(), (ds[-1] + length - pd.Timedelta(days=1)).date())
    days = days[days["is_holiday"]]
    off = pd.DatetimeIndex(days["date"])
    place = ds.searchsorted(off, side="right") - 1
    names: dict[pd.Timestamp, list[str]] = {}
    for day, period, name in zip(off, ds[place], days["holiday"], strict=True):
        if day < period + length and name not in names.setdefault(period, []):
            names[period].append(name)
    return {period: ", ".join(found) for period, found in names.items()}


def _log(settings: Settings, known: KnownPanel, summary: BacktestSummary, names: Sequence[str]) -> str:
    tracker, panel, result = Tracker.open(settings), known.panel, summary.result
    params: dict[str, Any] = {"freq": panel.freq, "origins": summary.origins, "horizon": summary.horizon}
    params |= {"models": ", ".join(names), "peers": dict(summary.peers)}
    tags = {
        "weisu.as_of": panel.as_of.isoformat(),
        "weisu.data_through": panel.data_through.isoformat(),
        "weisu.snapshot": str(panel.snapshot),
    }
    with tracker.run("backtest", "rolling origin", params=params, tags=tags) as run_id:
        tracker.log_text(settings.forecast.model_dump_json(indent=2), "forecast_config.json")
        tracker.log_metrics(_metrics(result.scores) | _metrics(summary.holiday_scores, prefix="holiday."))
        tracker.log_text(result.scores.to_csv(index=False), "scores.csv")
        tracker.log_text(summary.holiday_scores.to_csv(index=False), "holiday_scores.csv")
        tracker.log_text(reliability(result.predictions).to_csv(index=False), "reliability.csv")
        tracker.log_text(pit_histogram(result.predictions).to_csv(index=False), "pit.csv")
        tracker.log_text(render(replace(summary, run_id=run_id)), "report.html")
    return run_id


def _metrics(scores: pd.DataFrame, *, prefix: str = "") -> dict[str, float]:
    return {
        f"{prefix}{row['model']}.{row['level']}.{name}": float(row[name])
        for row in records(scores)
        for name in _LOGGED
        if row.get(name) is not None
    }
