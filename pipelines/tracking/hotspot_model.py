"""Model-from-code of `weisu-hotspot`: the detector's configuration, restored from JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel


class HotspotBundle(PythonModel):  # type: ignore[misc]
    """Serves the surge detector of a bundle through `mlflow.pyfunc`."""

    def load_context(self, context: Any) -> None:
        """Read the detector's configuration from the bundle."""
        from models.hotspots.surge.stored_config import config_from_json

        self.config = config_from_json((Path(context.artifacts["bundle"]) / "surge.json").read_text("utf-8"))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Judge the last period of every series.

        Args:
            context: MLflow's; unused.
            model_input: Long frame `unique_id, ds, y`, regular, to the last complete period.
            params: `freq` (`D` unless told).

        Returns:
            One row per series: `unique_id, ds, y, expected, upper, p_value, p_value_1, recurrence_days, alarm`.
        """
        del context
        from features.vocabulary import Frequency
        from models.hotspots import detect_surges

        freq = str((params or {}).get("freq", Frequency.DAILY))
        found = detect_surges(model_input, freq=freq, start=model_input["ds"].max(), config=self.config)
        columns = ["unique_id", "ds", "y", "expected", "upper", "p_value", "p_value_1", "recurrence_days", "alarm"]
        return found[columns]


set_model(HotspotBundle())
