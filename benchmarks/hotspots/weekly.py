"""The 42 weekly scenarios: power at FPR 1 %, honesty of nominal p-values, and R's Farrington in the same run.

python benchmarks/hotspots/weekly.py                       # 2,100 series, fresh seed
python benchmarks/hotspots/weekly.py --draws 10            # ten draws: means, and the difference to the ceiling
python benchmarks/hotspots/weekly.py --peer-series 84      # and R on 84 of them
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
import surveillance_peer as peer
from judging import (
    CHANNELS,
    Floats,
    Score,
    arguments,
    ceiling,
    ceiling_p_values,
    fresh_seed,
    nominal_fpr,
    p_values,
    report,
    score,
    threshold_at,
    warm_up,
)
from scenarios import Simulated, simulate_weekly

from features.configuration import SurgeConfig
from models.hotspots.farrington import FarringtonConfig, farrington_flexible

REFERENCE = {"R improved Farrington": 0.523, "POD in the first week": 0.428, "F1": 0.358, "s per 1,000 series": 355}
"""Stored numbers of the peer on 2,100 series, for machines without R."""


def main() -> None:
    """Run the benchmark and print it."""
    parser = arguments(__doc__, repetitions=50)
    parser.add_argument("--draws", type=int, default=1, help="draws of 42 x repetitions series, seeds counting up")
    parser.add_argument("--peer-series", type=int, default=0, help="series R also judges (8 s for 20)")
    options = parser.parse_args()
    seed = fresh_seed(options.seed)
    warm_up()
    draws = [draw(options.repetitions, seed + 2 * number) for number in range(options.draws)]
    document: dict[str, Any] = {
        "seed": seed,
        "draws": options.draws,
        "seconds_per_1000_series": float(np.mean([one.seconds for one in draws])),
        "equal_fpr": {name: pooled([one.scores[name] for one in draws]) for name in draws[0].scores},
        "to_ceiling": {name: to_ceiling(draws, name) for name in CHANNELS},
        "nominal_fpr": honesty(draws),
        "reference": REFERENCE,
    }
    if options.peer_series and peer.available():
        document["parity"] = parity(
            simulate_weekly(options.repetitions, seed), options.peer_series, document["seconds_per_1000_series"]
        )
    report(document, _lines(document), as_json=options.json)


@dataclass(frozen=True)
class Draw:
    """One draw of the scenarios, judged by us and by a detector that knows the true rates ("ceiling").

    Attributes:
        scores: Name of a channel, or `ceiling` and the channel, -> its score at FPR 1 %.
        quiet: Kind of history -> channel -> our p-values of the outbreak-free copies, and the base of each series.
        seconds: CPU seconds per 1,000 series.
    """

    scores: dict[str, Score]
    quiet: dict[str, tuple[dict[str, Floats], pd.Series]]
    seconds: float


def draw(repetitions: int, seed: int) -> Draw:
    """Simulate, judge and score one draw; its series without any outbreak come from the next seed."""
    simulated = simulate_weekly(repetitions, seed)
    begin = time.process_time()
    ours = p_values(simulated, simulated.y, "W")
    seconds = 1000 * (time.process_time() - begin) / len(simulated.y)
    ours_quiet = p_values(simulated, simulated.quiet, "W")
    config = SurgeConfig().weekly
    p = ours | ceiling(ceiling_p_values(simulated, simulated.y, config))
    quiet = ours_quiet | ceiling(ceiling_p_values(simulated, simulated.quiet, config))
    scores = {name: score(simulated, p[name], quiet[name], threshold_at(quiet[name], 0.01)) for name in p}
    never = simulate_weekly(repetitions, seed + 1, past_outbreaks=False)
    kinds = {
        "past outbreaks": (ours_quiet, simulated.series["base"]),
        "never an outbreak": (p_values(never, never.quiet, "W"), never.series["base"]),
    }
    return Draw(scores, kinds, seconds)


def pooled(scores: list[Score]) -> dict[str, float]:
    """Return the mean of each measure over draws; the standard errors are of all draws together."""
    table = pd.DataFrame([asdict(one) for one in scores])
    mean = table.mean()
    for error in ("pod_se", "pod_first_se"):
        mean[error] = float(np.sqrt((table[error] ** 2).sum()) / len(table))
    return {str(name): float(value) for name, value in mean.items()} | {"series": float(table["series"].sum())}


def to_ceiling(draws: list[Draw], channel: str) -> dict[str, float]:
    """Return what is missing to the ceiling of the same draws, and the standard error over draws."""
    answer = {}
    for measure in ("pod", "pod_first", "f1"):
        ours, known = (
            np.array([getattr(one.scores[name], measure) for one in draws]) for name in (channel, f"ceiling {channel}")
        )
        answer[measure] = float((ours - known).mean())
        if len(draws) > 1:
            answer[f"{measure}_se"] = float((ours - known).std(ddof=1) / np.sqrt(len(draws)))
    return answer


def honesty(draws: list[Draw]) -> dict[str, dict[str, list[dict[str, float]]]]:
    """Return the share of quiet weeks with p < .01 per base group: channel -> kind of history -> groups."""
    kinds = draws[0].quiet
    bases = {kind: pd.concat([one.quiet[kind][1] for one in draws]) for kind in kinds}
    return {
        name: {
            kind: nominal_fpr(np.concatenate([one.quiet[kind][0][name] for one in draws]), bases[kind])
            for kind in kinds
        }
        for name in CHANNELS
    }


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
        f"seed {document['seed']}, draws {document['draws']}",
        f"{document['seconds_per_1000_series']:.2f} CPU s per 1,000 series x 49 weeks",
        "",
    ]
    lines.append(pd.DataFrame(document["equal_fpr"]).T.round(4).to_string())
    for name, missing in document["to_ceiling"].items():
        lines.append(f"{name} less its ceiling: " + "  ".join(f"{k} {v:+.4f}" for k, v in missing.items()))
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
