"""Model-from-code of `weisu-demand`: MLflow runs this file to restore a bundle; nothing of ours is pickled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel


class DemandBundle(PythonModel):  # type: ignore[misc]
    """Serves the weekly forecaster of a bundle through `mlflow.pyfunc`."""

    def load_context(self, context: Any) -> None:
        """Restore the forecaster from the bundle's files."""
        from models.forecast import DemandModel

        root = Path(context.artifacts["bundle"]) / "weekly"
        files = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        self.model = DemandModel.restore(files)

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Forecast every series of the bundle, its history extended by newer counts.

        Args:
            context: MLflow's; unused.
            model_input: Long frame `unique_id, ds, y` of cells: newer or corrected weeks. A cell that is not named in
                a week that others name had no tickets; the bundle's own history serves for everything earlier.
            params: `horizon` in weeks (4 unless told).

        Returns:
            Long frame `unique_id, ds, mean, p10, p50, p90`.
        """
        del context
        horizon = int((params or {}).get("horizon", 4))
        frame = self.model.predict(_extended(self.model.panel, model_input), horizon=horizon)
        return frame[["unique_id", "ds", "mean", "p10", "p50", "p90"]]


def _extended(panel: Any, newer: pd.DataFrame) -> pd.DataFrame:
    known = pd.DataFrame(panel.y.T, index=panel.ds, columns=list(panel.ids))
    weeks = newer[newer["unique_id"].isin(panel.ids)].pivot_table(
        index="ds", columns="unique_id", values="y", aggfunc="sum"
    )
    table = known.reindex(index=known.index.union(weeks.index), fill_value=0.0)
    table.update(weeks)
    table.index.name, table.columns.name = "ds", "unique_id"
    return table.reset_index().melt(id_vars="ds", value_name="y")


set_model(DemandBundle())
