"""One cadence of a challenger: fitted, measured on its newest folds, and judged beside the champion there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from features.knowledge import KnownPanel
from features.reasons import ReasonedError
from features.settings import Settings
from features.vocabulary import Frequency
from models.forecast import BacktestResult, DemandModel, backtest
from models.forecast.baselines import PLAIN
from models.forecast.model import matrix_of
from models.forecast.rolling_origin import ISSUED, rows_issued_from
from models.forecast.skill import MODEL, SCALE, judge_levels, losses
from pipelines.champion import Champion, load_champion
from pipelines.gate import GateVerdict, judge

CHAMPION: Final = "champion"
_HORIZON: Final = {Frequency.WEEKLY: 4, Frequency.DAILY: 14}
_FOLD: Final = ["level", "unique_id", "ds", "cutoff"]
_BANDS: Final = ["mean", "p10", "p50", "p90"]


@dataclass(frozen=True)
class Half:
    """The weekly or the daily half of a challenger.

    Attributes:
        known: What it was trained on.
        model: Fitted, with the levels that are issued from a plain forecast.
        folds: How it and the plain forecasts did; None where it was not measured.
        meeting: Losses of what is issued, the plain forecasts and the champion, per level; empty where not measured.
        champion: The champion's part of this cadence; None where there is none that fits.
        verdict: What the gate says.
    """

    known: KnownPanel
    model: DemandModel
    folds: BacktestResult | None
    meeting: pd.DataFrame
    champion: Champion | None
    verdict: GateVerdict

    @property
    def scores(self) -> pd.DataFrame:
        """Scores per level and model; no rows where nothing was measured."""
        return pd.DataFrame(columns=["level", "model"]) if self.folds is None else self.folds.scores

    def files(self) -> dict[str, bytes]:
        """Return its files in a bundle."""
        part = self.known.panel.freq.adverb
        return {f"{part}/{name}": content for name, content in self.model.export().items()}


def challenge(settings: Settings, known: KnownPanel, *, origins: int, n_jobs: int) -> Half:
    """Fit a forecaster on a panel, measure it on folds, and let it meet the champion and the plain forecasts there.

    Args:
        settings: The installation.
        known: What to learn from.
        origins: Folds; 0 measures nothing, and lets the forecaster through.
        n_jobs: Cores.

    Raises:
        PanelError: The history is too short to learn from.
    """
    config = settings.train
    if not origins:
        model = _fit(settings, known, n_jobs=n_jobs)
        return Half(known, model, None, pd.DataFrame(), None, GateVerdict(True, "not measured"))
    folds = measure(settings, known, origins=origins, n_jobs=n_jobs)
    levels = judge_levels(folds.predictions, settings.forecast.bases)
    bases = {level: one.base for level, one in levels.items()}
    _, hierarchy = matrix_of(known.panel.y, known.panel.static, known.panel.freq)
    rows = pd.concat([folds.predictions, rows_issued_from(bases, folds.predictions, hierarchy)], ignore_index=True)
    champion = _met(settings, known)
    meeting = meet(champion, rows, wape_from=settings.forecast.bases.wape_from)
    verdict = judge(levels, config, **_two(meeting))
    replaced = {level: base for level, base in bases.items() if base != MODEL}
    model = _fit(settings, known, n_jobs=n_jobs).issued_from(replaced)
    return Half(known, model, folds, meeting, champion, verdict)


def measure(settings: Settings, known: KnownPanel, *, origins: int, n_jobs: int) -> BacktestResult:
    """Refit the challenger on the newest folds, beside what a planner knows without it; on fewer in a short history."""
    panel, horizon = known.panel, _HORIZON[known.panel.freq]
    room = (panel.y["ds"].nunique() - 1) // horizon - 2
    return backtest(
        panel.y,
        panel.static,
        freq=panel.freq,
        origins=max(1, min(origins, room)),
        horizon=horizon,
        models=(MODEL, *PLAIN),
        calendar=known.calendar,
        weather=known.weather,
        events=known.events,
        config=settings.forecast,
        n_jobs=n_jobs,
    )


def meet(champion: Champion | None, rows: pd.DataFrame, *, wape_from: float) -> pd.DataFrame:
    """Return what every model lost, per level, on the series and periods that all of them forecast.

    Args:
        champion: The champion; None without one.
        rows: Of `backtest`, with what would be issued.
        wape_from: See `models.forecast.skill.losses`.

    Returns:
        Index `level, model`; `pinball, rmsse, wape`.
    """
    rows = rows[rows["model"] != MODEL]
    if champion is not None:
        theirs = champion_folds(champion, rows).assign(model=CHAMPION)
        rows = pd.concat([rows.merge(theirs[_FOLD]), theirs], ignore_index=True)
    return losses(rows, wape_from=wape_from, by=["level", "model"])


def champion_folds(champion: Champion, predictions: pd.DataFrame) -> pd.DataFrame:
    """Let a fitted champion forecast the folds of a backtest from what was known at each cutoff.

    The champion may have been trained on weeks inside the folds; that favours it, so the gate errs on the safe side.

    Args:
        champion: The restored model with the whole history.
        predictions: Of `backtest`: one model's rows give the folds and the actual counts.

    Returns:
        `level, unique_id, ds, cutoff, y, naive_square, mean, p10, p50, p90`, series that both know.
    """
    actual = predictions.drop_duplicates(_FOLD)
    frames = []
    for cutoff, fold in actual.groupby("cutoff"):
        ahead = champion.predict(horizon=int(fold["horizon"].max()), until=cutoff)
        frames.append(fold[[*_FOLD, "y", SCALE]].merge(ahead[["level", "unique_id", "ds", *_BANDS]]))
    return pd.concat(frames, ignore_index=True)


def _two(meeting: pd.DataFrame) -> Mapping[str, pd.DataFrame]:
    if CHAMPION not in meeting.index.get_level_values("model"):
        return {}
    return {"issued": meeting.xs(ISSUED, level="model"), "champion": meeting.xs(CHAMPION, level="model")}


def _met(settings: Settings, known: KnownPanel) -> Champion | None:
    """Return the champion of this cadence; None without one, or where its files fit no more."""
    try:
        return load_champion(settings, known)
    except ReasonedError:
        return None


def _fit(settings: Settings, known: KnownPanel, *, n_jobs: int) -> DemandModel:
    panel = known.panel
    return DemandModel.fit(
        panel.y,
        panel.static,
        freq=panel.freq,
        calendar=known.calendar,
        weather=known.weather,
        events=known.events,
        config=settings.forecast,
        n_jobs=n_jobs,
    )
