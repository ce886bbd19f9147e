"""How a detector is scored: power, delay and precision at an equal false-positive rate, and honesty of its p-values."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scenarios import Simulated

from features.configuration.surge import FreqConfig
from models.hotspots import detect_surges
from models.hotspots.surge.scan_windows import Expectation, capped, judge, window_sum

Floats = NDArray[np.float64]

CHANNELS: Final = ("p_value", "p_value_1")


@dataclass(frozen=True)
class Score:
    """One detector at one threshold; standard errors are over series.

    Attributes:
        series: Series with an outbreak in the judged periods.
        fpr: Share of alarmed periods in the outbreak-free copies.
        pod: Share of series with an alarm between the first and last outbreak period.
        pod_se: Its standard error.
        pod_first: Share alarmed in the first outbreak period.
        pod_first_se: Its standard error.
        sensitivity: Alarmed outbreak periods / outbreak periods.
        f1: Of outbreak periods against alarms.
        timeliness: (first alarm - start) / length, 1 when missed.
        delay: Periods from start to first alarm, where there is one.
        threshold: p-value under which a period is alarmed.
    """

    series: int
    fpr: float
    pod: float
    pod_se: float
    pod_first: float
    pod_first_se: float
    sensitivity: float
    f1: float
    timeliness: float
    delay: float
    threshold: float


def p_values(simulated: Simulated, counts: Floats, freq: str, calendar: Any = None) -> dict[str, Floats]:
    """Run the detector on a simulated panel and return its channels, S x judged periods."""
    start = simulated.ds[simulated.first_judged]
    rows = detect_surges(simulated.frame(counts), freq=freq, start=start, calendar=calendar)
    return {channel: rows[channel].to_numpy().reshape(len(counts), -1) for channel in CHANNELS}


def ceiling_p_values(simulated: Simulated, counts: Floats, config: FreqConfig) -> dict[str, Floats]:
    """Return the channels of a detector that knows the true means and variances, with the same windows.

    Like ours it takes a variance below the mean for the mean.
    """
    mean, variance = simulated.mean, simulated.variance
    m = counts.shape[1] - simulated.first_judged
    ones, none = np.ones((len(counts), m)), np.zeros((len(counts), m))
    dispersion = {
        length: window_sum(variance, length, m) / np.maximum(window_sum(mean, length, m), 1e-9)
        for length in config.windows
    }
    known = Expectation(
        counts,
        capped(counts, mean, variance, config.cap),
        mean,
        none,
        dispersion,
        factor=dict.fromkeys(config.windows, ones),
        factor_spread=dict.fromkeys(config.windows, none),
    )
    raw, closed = judge(known, config), mean[:, -m:] == 0
    return {"p_value": np.where(closed, 1.0, raw.p_scan), "p_value_1": np.where(closed, 1.0, raw.p_one)}


def ceiling(channels: dict[str, Floats]) -> dict[str, Floats]:
    """Return channels under the names that tell them from ours."""
    return {f"ceiling {name}": values for name, values in channels.items()}


def found(simulated: Simulated, p: Floats, threshold: float) -> pd.Series:
    """Return whether each series with an outbreak was alarmed within it."""
    truth = simulated.outbreak[:, simulated.first_judged :] > 0
    seen = truth.any(axis=1)
    last = truth.shape[1] - truth[:, ::-1].argmax(axis=1)
    during = (np.cumsum(truth, axis=1) > 0) & (np.arange(truth.shape[1]) < last[:, None])
    return pd.Series(((p < threshold) & during).any(axis=1)[seen], index=simulated.series.index[seen])


def warm_up() -> None:
    """Let the detector import what it needs, so that a timing measures work."""
    ds = pd.date_range("2020-01-06", periods=60, freq="7D")
    detect_surges(pd.DataFrame({"unique_id": "a", "ds": ds, "y": 3}), freq="W", start=ds[-1])


def threshold_at(quiet: Floats, fpr: float) -> float:
    """Return the largest threshold whose false-positive rate on quiet p-values is at most `fpr`."""
    ordered = np.sort(quiet, axis=None)
    allowed = int(fpr * ordered.size)
    return float(ordered[allowed])


def score(simulated: Simulated, p: Floats, quiet: Floats, threshold: float) -> Score:
    """Score the alarms `p < threshold` against the truth."""
    truth = simulated.outbreak[:, simulated.first_judged :] > 0
    seen = truth.any(axis=1)
    truth, alarm = truth[seen], (p < threshold)[seen]
    periods = np.arange(truth.shape[1])
    first = truth.argmax(axis=1)
    last = truth.shape[1] - 1 - truth[:, ::-1].argmax(axis=1)
    hit = alarm & (periods >= first[:, None]) & (periods <= last[:, None])
    found = hit.any(axis=1)
    delay = hit.argmax(axis=1) - first
    at_once = alarm[np.arange(len(alarm)), first]
    n = len(truth)
    true_alarms = (alarm & truth).sum()
    return Score(
        series=n,
        fpr=float((quiet < threshold).mean()),
        pod=float(found.mean()),
        pod_se=float(found.std() / np.sqrt(n)),
        pod_first=float(at_once.mean()),
        pod_first_se=float(at_once.std() / np.sqrt(n)),
        sensitivity=float(true_alarms / truth.sum()),
        f1=float(2 * true_alarms / (alarm.sum() + truth.sum())),
        timeliness=float(np.where(found, delay / (last - first + 1), 1.0).mean()),
        delay=float(delay[found].mean()),
        threshold=threshold,
    )


def nominal_fpr(quiet: Floats, groups: pd.Series, level: float = 0.01) -> list[dict[str, float]]:
    """Return the share of quiet periods with p < `level` in each group, with its standard error over series."""
    share = pd.Series((quiet < level).mean(axis=1), index=groups.to_numpy())
    table = share.groupby(level=0).agg(["mean", "std", "size"])
    return [
        {
            "group": group,
            "fpr": float(row["mean"]),
            "se": float(row["std"] / np.sqrt(row["size"])),
            "series": int(row["size"]),
        }
        for group, row in table.iterrows()
    ]


def arguments(description: str | None, *, repetitions: int) -> argparse.ArgumentParser:
    """Return the parser of the flags all hotspot benchmarks share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--repetitions", type=int, default=repetitions)
    parser.add_argument("--seed", type=int, default=None, help="fresh entropy when absent; it is printed")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    return parser


def fresh_seed(given: int | None) -> int:
    """Return the seed asked for, or one nobody has seen."""
    return int(np.random.SeedSequence().entropy % 2**32) if given is None else given  # type: ignore[operator]


def report(document: dict[str, Any], lines: Sequence[str], *, as_json: bool) -> None:
    """Write the result as JSON on stdout, or as lines for a person."""
    if as_json:
        json.dump({"schema_version": 1, **document}, sys.stdout, indent=1)
        sys.stdout.write("\n")
    else:
        print("\n".join(lines))
