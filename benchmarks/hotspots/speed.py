"""A city's morning: 1,900 cells x 9 years of days, one day's detection; and the price of a thousand weekly series.

python benchmarks/hotspots/speed.py
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
from judging import arguments, report
from scenarios import negative_binomial

from models.hotspots import detect_surges

CELLS = 1900
DAYS = 9 * 365 + 2


def main() -> None:
    """Time one day's detection over all cells."""
    options = arguments(__doc__, repetitions=1).parse_args()
    rng = np.random.default_rng(options.seed)
    t = np.arange(DAYS)
    level = np.exp(rng.uniform(np.log(0.05), np.log(30.0), CELLS))
    season = 0.4 * np.cos(2 * np.pi * (t / 365.25 - rng.random((CELLS, 1)))) - 0.5 * (t % 7 >= 5)
    y = negative_binomial(rng, level[:, None] * np.exp(season), 1.6)
    ds = pd.date_range(end="2026-11-22", periods=DAYS, freq="D")
    ids = [f"cell{i:04d}" for i in range(CELLS)]
    frame = pd.DataFrame({"unique_id": np.repeat(ids, DAYS), "ds": np.tile(ds.to_numpy(), CELLS), "y": y.ravel()})
    wall, cpu = time.perf_counter(), time.process_time()
    rows = detect_surges(frame, freq="D", start=ds[-1])
    document = {
        "cells": CELLS,
        "days": DAYS,
        "rows": len(rows),
        "wall_seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
    }
    report(document, [f"{name}: {value}" for name, value in document.items()], as_json=options.json)


if __name__ == "__main__":
    main()
