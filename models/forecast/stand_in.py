"""What is issued when no trained model fits: the recent level, with the season as far as it shows itself.

It is the forecaster without its trees: nothing in it needs a training that was judged, it follows a service that has
just grown or shrunk, and its bands are learned from how far it would have erred.
"""

from __future__ import annotations

from typing import Final

import pandas as pd

from features.configuration import ForecastConfig
from models.forecast.drivers import Calendar
from models.forecast.model import DemandModel
from models.forecast.periods import cadence_of
from models.forecast.skill import MODEL

NAME: Final = "stand_in"


class StandIn:
    """The stand-in for a trained model, fitted at once; predicts as `DemandModel` does, its rows say who it is."""

    def __init__(
        self,
        y: pd.DataFrame,
        static: pd.DataFrame,
        *,
        freq: str,
        calendar: Calendar | None = None,
        config: ForecastConfig | None = None,
    ) -> None:
        """Fit on the cells of `y`.

        Args:
            y: Long frame `unique_id, ds, y`; rows of levels above the cells are ignored.
            static: One row per series, see `Hierarchy.of`.
            freq: W or D.
            calendar: First and last day to calendar rows.
            config: The configuration; its trees and Prophet are left out.

        Raises:
            PanelError: The panel does not fit the contract.
        """
        config, period = config or ForecastConfig(), cadence_of(freq).freq
        members = {name: weight for name, weight in config.weights[period].items() if name != "onestep"}
        plain = config.model_copy(update={"weights": {**config.weights, period: members}, "prophet": {}})
        self.model = DemandModel.fit(y, static, freq=freq, calendar=calendar, config=plain)

    def predict_with_drivers(self, *, horizon: int, skip: int = 0) -> pd.DataFrame:
        """Forecast every level with what drives each mean; see `DemandModel.predict` and `explain`."""
        rows = self._named(self.model.predict(horizon=horizon, skip=skip))
        why = self.model.explain(horizon=horizon, skip=skip).drop(columns=["mean", "horizon", "level"])
        return rows.merge(why, on=["unique_id", "ds"])

    def predict_totals(self, *, spans: tuple[int, ...], skip: int = 0) -> pd.DataFrame:
        """Forecast several periods together; see `DemandModel.predict_totals`."""
        return self._named(self.model.predict_totals(spans=spans, skip=skip))

    @staticmethod
    def _named(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(base_model=rows["base_model"].replace(MODEL, NAME))
