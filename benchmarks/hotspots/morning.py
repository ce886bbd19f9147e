"""A city's morning: one day's detection by all detectors, as the daily schedule runs it, lake to ranked list.

python benchmarks/hotspots/morning.py --scratch FOLDER [--keep] [--tickets 8330000]

The lake holds 1,900 cells x 9 years of days, about 52 million tickets with their second versions; the last year, 8.33
million, has texts and points (see nine_years.py). The measured process starts with an empty interpreter, and with what
the same run left the morning before: counts and the memory of topics. It reads the lake, and ends with the
candidates: two panels (daily and weekly, the whole nine years), surges of cells and categories, the rules, the
space-time scan of every category over 365 days of points, the text groups of three days in every district, the
seasonal calendar, and the merge into one list.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parent))

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2025, 12, 30, 7, 30, tzinfo=ZONE)
PARTS = {
    "tickets": "tickets of the windows",
    "rules": "rules",
    "panels": "panels, daily and weekly",
    "surges": "surges, daily and weekly",
    "memory": "memory of topics, beside the others",
    "scan": "space-time scan, beside the others",
    "texts": "text groups",
    "seasons": "seasonal calendar",
    "list": "one list",
}


def main() -> None:
    """Build the lake unless it is there, then measure in a process of its own."""
    arguments = parse()
    folder = Path(arguments.scratch)
    if arguments.measure:
        print(json.dumps(measure(folder, arguments)))
        return
    try:
        if not arguments.again:
            prepare(folder, arguments)
        report(in_process(arguments))
    finally:
        if not (arguments.keep or arguments.again):
            shutil.rmtree(folder, ignore_errors=True)


def parse() -> argparse.Namespace:
    """Read the flags."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scratch", default="morning-benchmark", help="folder for the lake, removed at the end")
    parser.add_argument("--tickets", type=int, default=8_330_000, help="tickets of the last year")
    parser.add_argument("--year", type=Path, help="folder of a simulated year made before")
    parser.add_argument("--topic-days", type=int, default=7, help="days that the memory of topics has learnt")
    parser.add_argument("--keep", action="store_true", help="leave the scratch folder")
    parser.add_argument("--again", action="store_true", help="measure on what an earlier run kept")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def settings_of(folder: Path, arguments: argparse.Namespace, *, home: str = "measured") -> Any:
    """Return the installation: all nine years under the detectors, everything else as shipped."""
    from features.settings import Settings

    detect = {"daily_history": 3300, "weekly_history": 471, "topic_days": arguments.topic_days}
    return Settings(home=folder / home, lake_folder=folder / "lake", mlruns=folder / "mlruns", detect=detect)


def prepare(folder: Path, arguments: argparse.Namespace) -> None:
    """Write the lake and run the morning before."""
    from nine_years import build_city, simulated_year

    from features.configuration import SurgeConfig
    from pipelines import run_detectors as findings

    year = simulated_year(arguments.year or folder / "year", tickets=arguments.tickets, workers=2)
    lake = build_city(folder / "lake", year, end=NOW.replace(tzinfo=None), threads=2)
    settings = settings_of(folder, arguments, home="yesterday")
    findings.find_everything(settings, NOW - timedelta(days=1), lake=lake, surge=SurgeConfig())


def in_process(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure in a fresh process, from the start of the interpreter to its end."""
    folder = Path(arguments.scratch)
    shutil.rmtree(folder / "measured", ignore_errors=True)
    shutil.copytree(folder / "yesterday", folder / "measured")
    command = [sys.executable, __file__, "--measure", "--scratch", arguments.scratch]
    command += ["--topic-days", str(arguments.topic_days)]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(done.stdout.splitlines()[-1]) | {"wall_seconds": wall, "cpu_seconds": busy}


def measure(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run one day's detection and say what each stage took."""
    from features.configuration import SurgeConfig
    from features.knowledge import open_lake
    from pipelines import run_detectors as findings
    from pipelines.parallel_search import clocked

    settings = settings_of(folder, arguments)
    found = findings.find_everything(settings, NOW, lake=open_lake(settings), surge=SurgeConfig())
    took = dict(found.took)
    with clocked(took, "list"):
        candidates = found.candidates(findings.configured_thresholds(settings))
    daily = found.daily.panel
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {
        "cells": int((daily.static["level"] == "cell").sum()),
        "days": int(daily.y["ds"].nunique()),
        "tickets of the last day": int((found.tickets["opened_local"] >= daily.data_through - timedelta(days=1)).sum()),
        "candidates": candidates["kind"].value_counts().to_dict(),
        "peak_gib": peak / 2**20,
        "wall_seconds_of_parts": took,
    }


def report(result: dict[str, Any]) -> None:
    """Print the table and one JSON line."""
    print(
        f"{result['cells']} cells x {result['days']} days, {result['tickets of the last day']} tickets on the last one"
    )
    for part, seconds in sorted(result["wall_seconds_of_parts"].items(), key=lambda item: -item[1]):
        print(f"{PARTS[part]:<50}{seconds:>7.1f} s")
    print(f"{'all, from the start of the interpreter':<50}{result['wall_seconds']:>7.1f} s")
    print(f"{'processor seconds':<50}{result['cpu_seconds']:>7.1f} s")
    print(f"peak {result['peak_gib']:.1f} GiB; candidates: {result['candidates']}")
    print(json.dumps({"schema_version": 1, **result}, ensure_ascii=False))


if __name__ == "__main__":
    main()
