"""Precision of the alerts of five real spans: by rule, and by the verdicts of readers where an alert was read.

    WEISU_REAL_DATA=... python benchmarks/judged/run.py --work FOLDER [--again] [--sheet FILE] [SPAN ...]

`--work` keeps lakes and replays (they hold ticket ids: not in the repository); `--again` replays anew. `--sheet`
writes the alerts for readers, shuffled, without level or version; how to read them is in VERDICTS.md.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from benchmarks.judged.replays import JUDGED, alerts_of, replayed, tickets_of
from benchmarks.judged.rule import judge

_READ: Final = Path(__file__).parent / "verdicts.csv"
_NEAR: Final = pd.Timedelta(days=3)
_STRICT: Final = ("orange", "red")


def main() -> None:
    """Judge the spans and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("spans", nargs="*", default=list(JUDGED), metavar="SPAN")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    judged = [_judged(name, asked.work, again=asked.again) for name in asked.spans or list(JUDGED)]
    alerts = pd.concat([frame for frame, _ in judged], ignore_index=True)
    rows = [_row(name, frame, extra) for name, (frame, extra) in zip(asked.spans, judged, strict=True)]
    rows.append(_row("all", alerts, {}))
    if asked.sheet:
        _sheet(alerts).to_csv(asked.sheet, index=False)
    document = {"schema_version": 1, "spans": rows, "agreement": _agreement(alerts), "why": _why(alerts)}
    if asked.json:
        print(json.dumps(document, indent=1, ensure_ascii=False))
        return
    _print(document)


def _judged(name: str, work: Path, *, again: bool) -> tuple[pd.DataFrame, dict[str, Any]]:
    span = JUDGED[name]
    document = replayed(name, span, work, again=again)
    alerts = alerts_of(document)
    if alerts.empty:
        return alerts, {"load": document["alerts_below_red_per_department_and_week"]}
    judged = judge(alerts, tickets_of(span.city, work)).assign(span=name)
    return judged.assign(read=_read(name, judged)), {"load": document["alerts_below_red_per_department_and_week"]}


def _read(name: str, alerts: pd.DataFrame) -> list[str]:
    """Return the newest verdict on each alert, '' where none was read: same category and area, within three days."""
    known = pd.read_csv(_READ, keep_default_na=False, parse_dates=["opened"])
    known = known[known["span"] == name]
    verdicts = []
    for row in alerts.to_dict("records"):
        matter = row["category"] or row["category2"] or row["category1"]
        near = (known["opened"] - row["told_at"].normalize()).abs() <= _NEAR
        same = known[(known["category"] == matter) & (known["area"] == row["area"]) & near]
        verdicts.append("" if same.empty else str(same["verdict"].iloc[-1]))
    return verdicts


def _row(name: str, alerts: pd.DataFrame, extra: dict[str, Any]) -> dict[str, Any]:
    if alerts.empty:
        return {"span": name, "alerts": 0, **extra}
    real, read = alerts["verdict"] == "real", alerts[alerts["read"] != ""]
    strict = alerts["highest_level"].isin(_STRICT)
    return {
        "span": name,
        "alerts": len(alerts),
        "real by rule": int(real.sum()),
        "precision by rule": _share(real),
        "real, not duplicate": int((real & ~alerts["duplicate"]).sum()),
        "duplicates by rule": _share(alerts["duplicate"])[0],
        "orange and red": int(strict.sum()),
        "their precision by rule": _share(real[strict]),
        "read": len(read),
        "precision of the read": _share(read["read"] == "real"),
        **extra,
    }


def _share(hits: pd.Series) -> list[float]:
    """Return a share with its 95 % interval (Wilson)."""
    n = len(hits)
    if n == 0:
        return [math.nan, 0.0, 1.0]
    p, z = float(hits.mean()), 1.96
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return [round(p, 3), *(round((middle + sign * half) / (1 + z * z / n), 3) for sign in (-1, 1))]


def _agreement(alerts: pd.DataFrame) -> dict[str, Any]:
    """Return how often the rule and the readers say the same, real or not, and Cohen's kappa."""
    read = alerts[alerts["read"] != ""]
    rule, hand = (read["verdict"] == "real").to_numpy(), (read["read"] == "real").to_numpy()
    if not len(read):
        return {"alerts": 0}
    same = float(np.mean(rule == hand))
    chance = float(rule.mean() * hand.mean() + (1 - rule.mean()) * (1 - hand.mean()))
    return {
        "alerts": len(read),
        "same": round(same, 3),
        "kappa": round((same - chance) / (1 - chance), 3) if chance < 1 else None,
        "rule real, readers not": int((rule & ~hand).sum()),
        "readers real, rule not": int((~rule & hand).sum()),
    }


def _why(alerts: pd.DataFrame) -> dict[str, int]:
    return {str(why or "real"): int(count) for why, count in alerts["why"].value_counts().items()}


def _sheet(alerts: pd.DataFrame) -> pd.DataFrame:
    """Return what a reader sees, in an order that says nothing."""
    shown = alerts.sample(frac=1.0, random_state=1)[
        ["span", "told_at", "department", "sentence_zh", "sentence_en", "category", "area", "told"]
    ]
    return shown.assign(told=shown["told"].str.join(" "), verdict="", duplicate_of="")


def _print(document: dict[str, Any]) -> None:
    for row in document["spans"]:
        print("; ".join(f"{name} {value}" for name, value in row.items()))
    print("agreement of rule and readers:", document["agreement"])
    print("by rule:", document["why"])


if __name__ == "__main__":
    main()
