"""Quiet simulated hours, drawn afresh from the shapes of the calibration: how often p < .01 happens, by expected count.

python benchmarks/hotspots/hours.py                        # 240 series x 200 days, the last 28 judged, fresh seed
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from calibrate import JUDGED, quiet_panel
from judging import CHANNELS, arguments, fresh_seed, report, warm_up

from models.hotspots import detect_surges

PERIODS: Final = 200 * 24
EDGES: Final = (0.0, 0.01, 0.1, 0.5, 2.0, 10.0, np.inf)


def main() -> None:
    """Run the benchmark and print it."""
    parser = arguments(__doc__, repetitions=1)
    parser.add_argument("--series", type=int, default=240)
    options = parser.parse_args()
    seed = fresh_seed(options.seed)
    y, ds = quiet_panel(np.random.default_rng(seed), "h", options.series, PERIODS)
    ids = np.repeat([f"c{i:04d}" for i in range(len(y))], PERIODS)
    frame = pd.DataFrame({"unique_id": ids, "ds": np.tile(ds.to_numpy(), len(y)), "y": y.ravel()})
    warm_up()
    rows = detect_surges(frame, freq="h", start=ds[-JUDGED["h"]])
    table = rates(rows)
    document: dict[str, Any] = {"seed": seed, "series": len(y), "rows": table.to_dict(orient="records")}
    report(document, [f"seed {seed}", table.round(4).to_string(index=False)], as_json=options.json)


def rates(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the share of hours with p < .01 per expected count and channel, its standard error over series."""
    level = pd.cut(rows["expected"], list(EDGES))
    answer = []
    for name in CHANNELS:
        below = (rows[name] < 0.01).groupby([level, rows["unique_id"]], observed=True).agg(["mean", "size"])
        for expected, part in below.groupby(level=0, observed=True):
            share = float(np.average(part["mean"], weights=part["size"]))
            off = (part["mean"] - share) * part["size"]
            error = float(np.sqrt((off**2).sum()) / part["size"].sum())
            hours = int(part["size"].sum())
            answer.append({"channel": name, "expected": str(expected), "hours": hours, "fpr": share, "se": error})
    return pd.DataFrame(answer)


if __name__ == "__main__":
    main()
