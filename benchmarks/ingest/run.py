"""How fast is the lake? `python benchmarks/ingest/run.py --scale 1` (20 GB of scratch; `--scale 0.01` in a minute).

With `--keep` the simulated inputs stay in the scratch folder, and the next run measures on them at once.

    load        a simulated year of 8 million tickets, CSV and Parquet, to a queryable lake, against the time DuckDB
                needs to read the same file and write plain Parquet, in the same run; without and with privacy
    panel       1,900 cells, daily, nine years, 51.6 million tickets and their second versions, as known at a moment
    increment   a day of 25,000 tickets on top of that history, from start to visible
    retention   the first of the nine years erased by its age; retention_merged: the same where `optimize` merged the
                years into large files, the worst case

Each measurement runs in its own process: its peak memory is its own, and its seconds count from the start of the
interpreter to its end, imports included.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from contextlib import nullcontext
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parent))

YEAR_TICKETS = 8_000_000
DAY_TICKETS = 25_000
MEASUREMENTS = ("duckdb", "load", "load_private", "panel", "increment", "retention", "retention_merged")


def main() -> None:
    """Make the inputs, measure, print a table and one JSON line."""
    arguments = parse()
    folder = Path(arguments.scratch)
    folder.mkdir(parents=True, exist_ok=True)
    if arguments.measure:
        print(json.dumps(measure(arguments, folder)))
        return
    try:
        results = run_all(arguments, folder)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    report(results, arguments.scale)


def parse() -> argparse.Namespace:
    """Read the flags."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.01, help="share of the full size")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--scratch", default="ingest-benchmark", help="folder for inputs and lakes, removed at the end")
    parser.add_argument("--only", nargs="*", choices=MEASUREMENTS, default=list(MEASUREMENTS))
    parser.add_argument("--formats", nargs="*", choices=("csv", "parquet"), default=["csv", "parquet"])
    parser.add_argument("--keep", action="store_true", help="leave the scratch folder")
    parser.add_argument("--measure", choices=MEASUREMENTS, help=argparse.SUPPRESS)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    return parser.parse_args()


def run_all(arguments: argparse.Namespace, folder: Path) -> list[dict]:
    """Run every measurement in a process of its own."""
    results = []
    inputs = folder / f"inputs-{arguments.scale:g}"
    loads = [name for name in ("duckdb", "load", "load_private") if name in arguments.only]
    for form in arguments.formats if loads else []:
        file = simulated(inputs / form, form, int(YEAR_TICKETS * arguments.scale), date(2025, 1, 1), date(2026, 1, 1))
        results += [in_process(arguments, name, file) | {"format": form} for name in loads]
        if not arguments.keep:
            shutil.rmtree(file.parent)
    for name in ("panel", "increment", "retention", "retention_merged"):
        if name in arguments.only:
            file = simulated(inputs / "day", "csv", DAY_TICKETS, date(2025, 1, 2), date(2025, 1, 3))
            copy_history(inputs / "history", folder / "lake", arguments)
            if name == "retention_merged":
                merge(folder / "lake")
            results.append(in_process(arguments, name, file))
    return results


def simulated(folder: Path, form: str, tickets: int, start: date, end: date) -> Path:
    """Write simulated tickets, unless an earlier run kept them, and return their file."""
    from features.simulator import SimulatorConfig, write_city

    written = folder / f"tickets.{form}"
    if written.exists():
        return written
    config = SimulatorConfig(tickets=tickets, start=start, end=end, bursts=None if tickets > DAY_TICKETS else 0)
    return write_city(config, folder, format=form, workers=1).tickets_path


def copy_history(kept: Path, lake: Path, arguments: argparse.Namespace) -> None:
    """Give the measurement a history of its own to add to; data files are linked, not copied."""
    from history import build_history

    build_history(kept, scale=arguments.scale, threads=arguments.threads)
    shutil.rmtree(lake, ignore_errors=True)

    def link_data(source: str, target: str) -> None:
        (os.link if source.endswith(".parquet") and "_delta_log" not in source else shutil.copy2)(source, target)

    shutil.copytree(kept, lake, copy_function=link_data)


def merge(lake: Path) -> None:
    """Make one large file of the small ones, and forget those."""
    from features.lake import Lake
    from features.lake.upkeep import optimize, vacuum

    merged = Lake.open(str(lake), timezone="Asia/Shanghai")
    optimize(merged)
    vacuum(merged, retained=())


def in_process(arguments: argparse.Namespace, name: str, file: Path) -> dict:
    """Run one measurement and return what it printed."""
    command = [sys.executable, __file__, "--measure", name, "--file", str(file), "--scale", str(arguments.scale)]
    command += ["--threads", str(arguments.threads), "--scratch", arguments.scratch]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    result = json.loads(done.stdout.splitlines()[-1]) | {"seconds": round(wall, 2), "cpu_seconds": round(busy, 2)}
    print(result, file=sys.stderr, flush=True)
    return result


def measure(arguments: argparse.Namespace, folder: Path) -> dict:
    """Run one measurement; rows, and peak memory of this process and of as many workers as it was given threads."""
    rows = MEASURES[arguments.measure](arguments, folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak += arguments.threads * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {"what": arguments.measure, "rows": rows, "peak_gib": round(peak / 2**20, 2)}


def plain_duckdb(arguments: argparse.Namespace, folder: Path) -> int:
    """What DuckDB needs to read the file and write plain Parquet."""
    from features.lake.duck import duck, literal

    target = folder / "plain.parquet"
    with duck(threads=arguments.threads) as connection:
        copied = connection.execute(f"COPY (FROM {literal(arguments.file)}) TO {literal(str(target))} (FORMAT parquet)")
        rows = copied.fetchall()[0][0]
    target.unlink()
    return int(rows)


def load(arguments: argparse.Namespace, folder: Path, *, private: bool = False) -> int:
    """The product's first load, to a lake that answers."""
    from features.lake import Lake
    from features.mappings import load_mapping
    from features.sources.staging import Privacy, Staging

    home = folder / "first"
    lake = Lake.open(str(home / "lake"), timezone="Asia/Shanghai")
    masked = Privacy.on_all_cores(b"benchmark-key", workers=arguments.threads) if private else nullcontext()
    with masked as privacy, lake.staging() as (load_id, into):
        staging = Staging(
            load_mapping("simulated"),
            into=into,
            privacy=privacy,
            now=datetime.now(UTC),
            load_id=load_id,
            threads=arguments.threads,
        )
        batch = staging.file(Path(arguments.file))
        lake.upsert(batch)
    shutil.rmtree(home)
    return batch.read


def load_private(arguments: argparse.Namespace, folder: Path) -> int:
    """The same with masking and hashing: what the product really takes."""
    return load(arguments, folder, private=True)


def panel(arguments: argparse.Namespace, folder: Path) -> int:
    """The daily panel of the whole history as known on a day before its end."""
    from features.lake import Lake
    from features.panel import build_panel

    lake = Lake.open(str(folder / "lake"), timezone="Asia/Shanghai")
    as_of = datetime(2024, 12, 1, tzinfo=UTC)
    built = build_panel(lake, as_of=as_of, freq="D", threads=arguments.threads, memory="5GB")
    assert (built.static["level"] == "cell").sum() == 1900
    return len(built.y)


def increment(arguments: argparse.Namespace, folder: Path) -> int:
    """A day's file on top of the history, until a reader sees it."""
    from features.clock import SystemClock
    from features.lake import Lake
    from features.settings import Settings
    from pipelines.ingest import ingest

    settings = Settings(home=folder, hmac_key="benchmark-key")
    summary = ingest([arguments.file], "simulated", settings, SystemClock())
    lake = Lake.open(settings.lake_path, timezone=settings.timezone)
    seen = lake.tickets(since=datetime(2025, 1, 1, 16, tzinfo=UTC), columns=["ticket_id"]).num_rows
    assert seen == summary.kept > 0
    return summary.read


def retention(_: argparse.Namespace, folder: Path) -> int:
    """The first year of the history erased, from the table, its old versions and with its audit."""
    from history import SOURCE, YEARS

    from features.lake import Lake
    from features.lake.erasure import erase

    lake = Lake.open(str(folder / "lake"), timezone="Asia/Shanghai")
    first = datetime(YEARS[1], 1, 1, tzinfo=ZoneInfo(lake.timezone))
    now = datetime(2025, 1, 1, tzinfo=UTC)
    erased = erase(lake, source=SOURCE, opened_before=first, by="benchmark", reason="retention", now=now)
    assert lake.tickets(until=first, columns=["ticket_id"]).num_rows == 0
    return erased.versions


MEASURES = {
    "duckdb": plain_duckdb,
    "load": load,
    "load_private": load_private,
    "panel": panel,
    "increment": increment,
    "retention": retention,
    "retention_merged": retention,
}


def report(results: list[dict], scale: float) -> None:
    """Print what was measured."""
    reference = {result["format"]: result["seconds"] for result in results if result["what"] == "duckdb"}
    print(f"scale {scale}, {os.cpu_count()} processors, load average {os.getloadavg()[0]:.1f}")
    print(f"{'what':<14}{'format':<9}{'rows':>12}{'seconds':>9}{'cpu':>8}{'x DuckDB':>9}{'peak GiB':>9}")
    for result in results:
        form = result.get("format", "")
        ratio = f"{result['seconds'] / reference[form]:.1f}" if form in reference else ""
        print(
            f"{result['what']:<14}{form:<9}{result['rows']:>12,}{result['seconds']:>9.1f}{result['cpu_seconds']:>8.1f}"
            f"{ratio:>9}{result['peak_gib']:>9.2f}"
        )
    print(json.dumps({"schema_version": 1, "scale": scale, "results": results}))


if __name__ == "__main__":
    main()
