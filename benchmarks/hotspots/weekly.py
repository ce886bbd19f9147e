"""The 42 weekly scenarios: power at FPR 1 %, honesty of nominal p-values, and R's Farrington in the same run.

python benchmarks/hotspots/weekly.py                       # 2,100 series, fresh seed
python benchmarks/hotspots/weekly.py --peer-series 84      # and R on 84 of them
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import surveillance_peer as peer
from judging import arguments, fresh_seed, nominal_fpr, p_values, report, score, threshold_at, warm_up
from scenarios import Simulated, simulate_weekly

from models.hotspots.farrington import FarringtonConfig, farrington_flexible

REFERENCE = {"R improved Farrington": 0.523, "POD in the first week": 0.428, "F1": 0.358, "s per 1,000 series": 355}
"""Stored numbers of the peer on 2,100 series, for machines without R."""


def main() -> None:
    """Run the benchmark and print it."""
    parser = arguments(__doc__, repetitions=50)
    parser.add_argument("--peer-series", type=int, default=0, help="series R also judges (8 s for 20)")
    options = parser.parse_args()
    seed = fresh_seed(options.seed)
    simulated = simulate_weekly(options.repetitions, seed)
    warm_up()
    begin = time.process_time()
    p = p_values(simulated, simulated.y, "W")
    seconds = 1000 * (time.process_time() - begin) / len(simulated.y)
    quiet = p_values(simulated, simulated.quiet, "W")
    never = simulate_weekly(options.repetitions, seed + 1, past_outbreaks=False)
    pure = p_values(never, never.quiet, "W")
    scores = {name: score(simulated, p[name], quiet[name], threshold_at(quiet[name], 0.01)) for name in p}
    honest = {
        name: {
            "past outbreaks": nominal_fpr(quiet[name], simulated.series["base"]),
            "never an outbreak": nominal_fpr(pure[name], never.series["base"]),
        }
        for name in p
    }
    document: dict[str, Any] = {
        "seed": seed,
        "seconds_per_1000_series": seconds,
        "equal_fpr": {name: asdict(value) for name, value in scores.items()},
        "nominal_fpr": honest,
        "reference": REFERENCE,
    }
    if options.peer_series and peer.available():
        document["parity"] = parity(simulated, options.peer_series, seconds)
    report(document, _lines(document), as_json=options.json)


def parity(simulated: Simulated, series: int, seconds: float) -> dict[str, float]:
    """Compare the parity mode with R on some series, week by week, and the speed of all three."""
    pick = np.linspace(0, len(simulated.y) - 1, series).astype(int)
    counts = simulated.y[pick]
    theirs, r_seconds = peer.farrington_r(counts, simulated.first_judged, 0.01)
    chosen = simulated.frame(simulated.y).set_index("unique_id").loc[simulated.series["unique_id"].iloc[pick]]
    begin = time.process_time()
    start = simulated.ds[simulated.first_judged]
    ours = farrington_flexible(chosen.reset_index(), start=start, config=FarringtonConfig(alpha=0.01))
    mode_seconds = time.process_time() - begin
    same = ours["alarm"].to_numpy() == theirs["alarm"].to_numpy(bool)
    return {
        "weeks": len(same),
        "agreement": float(same.mean()),
        "same_threshold": float(pd.Series(ours["upper"].to_numpy()).round(6).equals(theirs["upper"].round(6))),
        "r_seconds_per_1000": 1000 * r_seconds / series,
        "parity_mode_seconds_per_1000": 1000 * mode_seconds / series,
        "times_faster_than_r": 1000 * r_seconds / series / seconds,
    }


def _lines(document: dict[str, Any]) -> list[str]:
    lines = [
        f"seed {document['seed']}, {document['seconds_per_1000_series']:.2f} CPU s per 1,000 series x 49 weeks",
        "",
    ]
    lines.append(pd.DataFrame(document["equal_fpr"]).T.round(4).to_string())
    for name, kinds in document["nominal_fpr"].items():
        for kind, groups in kinds.items():
            cells = "  ".join(f"{g['group']}: {g['fpr']:.4f} ({g['se']:.4f})" for g in groups)
            lines.append(f"nominal {name} < .01, {kind}: {cells}")
    lines.append(f"reference: {document['reference']}")
    if "parity" in document:
        lines.append(f"parity: {document['parity']}")
    return lines


if __name__ == "__main__":
    main()
