"""The rules that an issue's bands keep: with their means, with the parts of their series, with the weeks of a sum."""

from __future__ import annotations

import numpy as np
import pandas as pd

NUMBERS = ["mean", "p10", "p50", "p90"]


def assert_bands_agree(rows: pd.DataFrame, sums: pd.DataFrame, wholes: dict[str, list[str]]) -> None:
    """Check an issue.

    Args:
        rows: `unique_id, level, ds, mean, p10, p50, p90` of all levels, and the dimensions of the cells.
        sums: `unique_id, mean, p10, p50, p90` of all weeks of `rows` together.
        wholes: Level -> the columns of a cell that name the series it lies in; [] for the total.
    """
    assert rows["p10"].le(rows["p50"]).all()
    assert rows["p50"].le(rows["p90"]).all()
    large = rows[rows["mean"] > 5]
    outside = large[(large["p10"] > large["mean"]) | (large["mean"] > large["p90"])]
    assert outside.empty, outside.head()
    cells = rows[rows["level"] == "cell"]
    for level, columns in wholes.items():
        keys = [*columns, "ds"]
        part = cells.groupby(keys)[["mean", "p10"]].agg({"mean": "sum", "p10": "max"})
        whole = rows[rows["level"] == level].set_index(keys)[["mean", "p50"]]
        both = whole.join(part.add_suffix("_part"))
        np.testing.assert_allclose(both["mean"], both["mean_part"], rtol=1e-6, atol=1e-6)
        below = both[both["p50"] < both["p10_part"]]
        assert below.empty, (level, below.head())
    weeks = rows.groupby("unique_id")[NUMBERS].sum()
    four = sums.set_index("unique_id")[NUMBERS].reindex(weeks.index)
    np.testing.assert_allclose(four["mean"], weeks["mean"], rtol=1e-6, atol=1e-6)
    assert four["p10"].ge(np.minimum(weeks["p10"], np.floor(weeks["mean"]))).all()
    assert four["p50"].ge(weeks["p50"]).all()
    assert four["p90"].le(np.maximum(weeks["p90"], np.ceil(weeks["mean"]))).all()
