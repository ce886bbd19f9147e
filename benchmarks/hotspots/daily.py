"""The 16 daily signals: power, timeliness and sensitivity at FPR 1 %, England's holidays known by `GB` only.

python benchmarks/hotspots/daily.py                        # 320 series, fresh seed
"""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

import pandas as pd
from judging import (
    Floats,
    arguments,
    ceiling,
    ceiling_p_values,
    found,
    fresh_seed,
    nominal_fpr,
    p_values,
    report,
    score,
    threshold_at,
    warm_up,
)
from scenarios import Simulated, simulate_daily

from features.calendars import calendar_frame
from features.configuration import SurgeConfig

REFERENCE: Final = {
    "R farringtonFlexible on 7-day totals": {"fpr": 0.010, "pod": 0.812, "timeliness": 0.377, "sensitivity": 0.429},
    "CDC adaptive regression / EWMA": {"fpr": 0.031, "pod": 0.844, "timeliness": 0.242, "sensitivity": 0.232},
    "EARS C1 on 7-day sums": {"fpr": 0.082, "pod": 0.981, "timeliness": 0.112, "sensitivity": 0.244},
}
"""Stored numbers of the peers."""


def main() -> None:
    """Run the benchmark and print it."""
    options = arguments(__doc__, repetitions=5).parse_args()
    seed = fresh_seed(options.seed)
    simulated = simulate_daily(options.repetitions, seed)
    last = simulated.ds[-1].date() + timedelta(days=7)
    calendar = calendar_frame("GB", simulated.ds[0].date(), last)
    warm_up()
    begin = time.process_time()
    p = p_values(simulated, simulated.y, "D", calendar)
    seconds = 1000 * (time.process_time() - begin) / len(simulated.y)
    quiet = p_values(simulated, simulated.quiet, "D", calendar)
    nominal = {name: nominal_fpr(quiet[name], simulated.series["signal"]) for name in p}
    config = SurgeConfig().daily
    p |= ceiling(ceiling_p_values(simulated, simulated.y, config))
    quiet |= ceiling(ceiling_p_values(simulated, simulated.quiet, config))
    scores = {name: score(simulated, p[name], quiet[name], threshold_at(quiet[name], 0.01)) for name in p}
    document: dict[str, Any] = {
        "seed": seed,
        "seconds_per_1000_series": seconds,
        "equal_fpr": {name: asdict(value) for name, value in scores.items()},
        "nominal_fpr": nominal,
        "pod_by_signal": {name: by_signal(simulated, p[name], scores[name].threshold) for name in p},
        "reference": REFERENCE,
    }
    lines = [f"seed {seed}, {seconds:.2f} CPU s per 1,000 series x 343 days", ""]
    lines.append(pd.DataFrame(document["equal_fpr"]).T.round(4).to_string())
    for name, groups in document["nominal_fpr"].items():
        lines.append(f"nominal {name} < .01: " + "  ".join(f"{g['group']}: {g['fpr']:.4f}" for g in groups))
    lines += ["POD by signal", pd.DataFrame(document["pod_by_signal"]).T.round(3).to_string()]
    lines.append(pd.DataFrame(REFERENCE).T.to_string())
    report(document, lines, as_json=options.json)


def by_signal(simulated: Simulated, p: Floats, threshold: float) -> dict[int, float]:
    """Return the power in each signal."""
    alarmed = found(simulated, p, threshold)
    return {int(signal): float(pod) for signal, pod in alarmed.groupby(simulated.series["signal"]).mean().items()}


if __name__ == "__main__":
    main()
