"""Space-time scans: quiet cities, power on injected clusters, speed.

One command:

    python benchmarks/spacetime/run.py [--runs 1000] [--injections 60] [--json FILE]

Power needs the real tickets (WEISU_REAL_DATA) and is left out, saying so, without them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from power import measure_power
from quiet import measure_quiet
from speed import measure_speed


def main() -> None:
    """Run the three parts and print what they measured."""
    parser = argparse.ArgumentParser(description="Benchmark of the space-time scans")
    parser.add_argument("--runs", type=int, default=1000, help="quiet cities")
    parser.add_argument("--injections", type=int, default=60, help="injected clusters per city and size")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result: dict[str, object] = {"schema_version": 1, "seed": options.seed}
    result["speed"] = measure_speed(seed=options.seed)
    print(json.dumps(result["speed"], indent=1))
    result["quiet"] = measure_quiet(runs=options.runs, seed=options.seed)
    print(json.dumps(result["quiet"], indent=1))
    folder = os.environ.get("WEISU_REAL_DATA")
    if folder:
        result["power"] = measure_power(Path(folder), injections=options.injections, seed=options.seed)
        print(json.dumps(result["power"], indent=1))
    else:
        print("power: left out, WEISU_REAL_DATA is not set")
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
