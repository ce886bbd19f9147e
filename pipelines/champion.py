"""The model in force, speaking the labels in force: fed in the labels it was fitted on, and restated afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pandas as pd

from features.knowledge import KnownPanel
from features.panel.moves import Moves
from features.panel.restate import restate_panel
from features.reasons import Reason, ReasonCode, ReasonedError
from features.settings import Settings
from features.taxonomy import NO_CROSSWALK, Labels, changes_since, labels_of
from models.errors import UnusableModelError
from models.forecast import DemandModel
from pipelines.errors import LostLabelsError
from pipelines.tracking import Registry
from pipelines.tracking.registry import DEMAND, Version, damaged
from serve.forecasts.schemas import DRIVERS

TAXONOMY_TAG: Final = "weisu.taxonomy_version"
AS_OF_TAG: Final = "weisu.as_of"
_NO_PART: Final = {"weekly": ReasonCode.NO_WEEKLY_FORECASTER, "daily": ReasonCode.NO_DAILY_FORECASTER}


@dataclass(frozen=True)
class Champion:
    """A restored forecaster and its history.

    Attributes:
        model: As it was fitted.
        version: Of the registered model.
        y: The history that it goes on from, in the labels it was fitted on.
        moves: From those labels to the ones in force; None where they are the same.
    """

    model: DemandModel
    version: str
    y: pd.DataFrame
    moves: Moves | None

    def predict(self, *, horizon: int, until: pd.Timestamp | None = None) -> pd.DataFrame:
        """Forecast the periods after the history, or after its part up to `until`; see `DemandModel.predict`."""
        y = self.y if until is None else self.y[self.y["ds"] <= until]
        return self._restated(self.model.predict(y, horizon=horizon), by=("ds", "horizon"))

    def predict_with_drivers(self, *, horizon: int, skip: int = 0) -> pd.DataFrame:
        """Forecast with what drives each mean; see `DemandModel.explain`."""
        rows = self.model.predict(self.y, horizon=horizon, skip=skip)
        why = self.model.explain(self.y, horizon=horizon, skip=skip)[["unique_id", "ds", *DRIVERS]]
        return self._restated(rows.merge(why, on=["unique_id", "ds"]), by=("ds", "horizon"), sums=DRIVERS)

    def predict_totals(self, *, spans: Sequence[int], skip: int = 0) -> pd.DataFrame:
        """Forecast several periods together; see `DemandModel.predict_totals`."""
        return self._restated(self.model.predict_totals(self.y, spans=spans, skip=skip), by=("ds", "periods"))

    def _restated(self, rows: pd.DataFrame, *, by: Sequence[str], sums: Sequence[str] = ()) -> pd.DataFrame:
        return rows if self.moves is None else self.moves.forecast(rows, by=by, sums=sums)


def load_champion(settings: Settings, known: KnownPanel) -> Champion:
    """Restore the champion of `weisu-demand` for a panel.

    Raises:
        NoChampionError: None has been promoted yet, its files are lost, or nobody knows its labels any more.
        UnusableModelError: It has no part of this frequency, or another schema.
    """
    registry = Registry.open(settings)
    version = registry.champion(DEMAND)
    files = files_of(registry.bundle(version), known.panel.freq.adverb)
    model = _restored(files, known, version)
    then = _labels_of(settings, version)
    if then.key == known.labels.key:
        return Champion(model, version.version, known.panel.y, None)
    changes = changes_since(then, known.labels)
    if changes is None:
        raise _lost(version, ReasonCode.LABELS_TAKEN_BACK)
    moves = Moves.of(model.static, changes, known.labels.day, now=known.panel.static)
    filed = restate_panel(known.filed, *then.in_force, levels=["cell"])
    y = moves.counts_before(filed.y[["unique_id", "ds", "y"]], filed.static)
    return Champion(model, version.version, y, moves)


def _restored(files: Mapping[str, bytes], known: KnownPanel, version: Version) -> DemandModel:
    try:
        return DemandModel.restore(files, calendar=known.calendar, weather=known.weather, events=known.events)
    except ReasonedError:
        raise
    except Exception as error:
        # A bundle without checksums, of an earlier release: each of its libraries fails in its own way.
        raise damaged(version) from error


def files_of(files: Mapping[str, bytes], part: str) -> dict[str, bytes]:
    """Return the files of one part of a bundle.

    Raises:
        UnusableModelError: The bundle has no such part.
    """
    own = {name.removeprefix(f"{part}/"): data for name, data in files.items() if name.startswith(f"{part}/")}
    if not own:
        raise UnusableModelError(Reason(_NO_PART[part]), hint="`[train] daily = true`, then train again")
    return own


def _labels_of(settings: Settings, version: Version) -> Labels:
    tag = version.tags.get(TAXONOMY_TAG, NO_CROSSWALK)
    moment = datetime.fromisoformat(version.tags[AS_OF_TAG]) if AS_OF_TAG in version.tags else version.created_at
    found = labels_of(settings, tag, moment)
    if found is None:
        raise _lost(version, ReasonCode.LABELS_LOST, crosswalk=tag)
    return found


def _lost(version: Version, why: ReasonCode, **more: str) -> LostLabelsError:
    params = {"model": version.name, "version": version.version, **more}
    return LostLabelsError(Reason(why, params), hint="run `weisu train`")
