"""All series judged together each week: realised false discovery rate and false alarms of quiet series.

python benchmarks/hotspots/portfolio.py                    # 840 series, fresh seed
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from judging import Floats, arguments, fresh_seed, p_values, report
from scenarios import Simulated, simulate_weekly

from models.hotspots.candidates import benjamini_hochberg


def main() -> None:
    """Run the benchmark and print it."""
    options = arguments(__doc__, repetitions=20).parse_args()
    seed = fresh_seed(options.seed)
    simulated = simulate_weekly(options.repetitions, seed)
    p, quiet = p_values(simulated, simulated.y, "W"), p_values(simulated, simulated.quiet, "W")
    rows = [outcome(simulated, p[name], quiet[name], name, q) for name in p for q in (0.05, 0.1, 0.2, 0.3)]
    lines = [f"seed {seed}, {len(simulated.y)} series", pd.DataFrame(rows).round(4).to_string(index=False)]
    report({"seed": seed, "rows": rows}, lines, as_json=options.json)


def outcome(simulated: Simulated, p: Floats, quiet: Floats, channel: str, q: float) -> dict[str, Any]:
    """Select each week at rate `q`; a discovery is true from the first to the last week of the series' outbreak.

    False alarms are those of weeks outside the outbreak in the panel that carries outbreaks, which is what a
    portfolio looks like; `all_quiet` counts them in the copy without any.
    """
    truth = simulated.outbreak[:, simulated.first_judged :] > 0
    first, last = truth.argmax(axis=1), truth.shape[1] - 1 - truth[:, ::-1].argmax(axis=1)
    weeks = np.arange(truth.shape[1])
    during = (weeks >= first[:, None]) & (weeks <= last[:, None]) & truth.any(axis=1)[:, None]
    alarm = np.stack([benjamini_hochberg(p[:, week], q) for week in weeks], axis=1)
    silent = np.stack([benjamini_hochberg(quiet[:, week], q) for week in weeks], axis=1)
    false = (alarm & ~during).sum()
    quiet_years = (~during).sum() / 52
    return {
        "channel": channel,
        "q": q,
        "alarms": int(alarm.sum()),
        "realised_fdr": float(false / max(alarm.sum(), 1)),
        "false_per_1000_quiet_series_years": float(1000 * false / quiet_years),
        "all_quiet_per_1000_series_years": float(1000 * silent.sum() / (silent.size / 52)),
        "pod": float((alarm & during).any(axis=1).mean()),
    }


if __name__ == "__main__":
    main()
