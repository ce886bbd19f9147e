"""Leave one city out: what is chosen for a panel is chosen on the others; beside libraries that forecast each level.

    WEISU_REAL_DATA=... python benchmarks/forecast/left_out.py [--peers FOLDER] [--json FILE] [--only PANEL ...]

One choice is left out here: the share of a level's own forecasts (`[forecast.follow] share`), from SHARES, by the mean
log WAPE over the four levels of the other panels. Everything else in the forecaster was chosen on nyc, stuttgart,
boston and chicago, so their rows are in-sample but for that share; budapest and wales are not. Peers are the files that
`peers.py --by-level` wrote: each library fitted to each level by itself, which need not add up.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import panels
from scoring import LEVELS, QUANTILES, Truth

from features.calendars import calendar_frame
from features.configuration import ForecastConfig
from models.forecast.distribution import count_quantiles
from models.forecast.engine import Engine, fit_engine
from models.forecast.hierarchy import PanelMatrix
from models.forecast.model import matrix_of
from models.metrics import pinball

SHARES: Final = (0.0, 0.2, 0.4, 0.6)
_NAMES: Final = {"cell": "cell", "category": "category", "district": "district", "city": "total"}


def main() -> None:
    """Print, per panel and level, today's code, the code that follows nothing, and the best peer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, help="folder that peers.py --by-level wrote to")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", nargs="*", default=[*panels.CITIES, *panels.UNTUNED])
    asked = parser.parse_args()
    cities = [panels.load_counts(name) if name in panels.COUNTS else panels.load_city(name) for name in asked.only]
    ours = {city.name: _scores(city) for city in cities}
    peers = {} if asked.peers is None else {city.name: _peer_scores(city, asked.peers) for city in cities}
    rows = [_row(city.name, ours, peers.get(city.name, {})) for city in cities]
    document = {"schema_version": 1, "panels": rows, "geometric mean": _means(rows)}
    for row in (*rows, document["geometric mean"]):
        print(json.dumps(row, ensure_ascii=False))
    if asked.json:
        asked.json.write_text(json.dumps({**document, "scores": ours, "peers": peers}, indent=1), encoding="utf-8")


def _scores(city: panels.City) -> dict[str, dict[str, float]]:
    """Return share -> `wape_<level>`, `wql_<level>`, bias and CPU seconds of all folds."""
    panel, hierarchy = matrix_of(city.y, city.static, "W")
    order = pd.Index(panel.ids).get_indexer(city.static["unique_id"])
    truth, sums = Truth.of(city, city.horizon), {share: _Sums() for share in SHARES}
    for fold, cutoff in enumerate(city.cutoffs):
        started, known = time.process_time(), panel.until(cutoff)
        config = ForecastConfig(horizon=city.horizon)
        engine = fit_engine(known, hierarchy, config=config, calendar=partial(calendar_frame, city.country))
        fitted = time.process_time() - started
        for share, total in sums.items():
            started = time.process_time()
            _add(total, truth, fold, _with_share(engine, share), known, order)
            total.cpu += fitted + time.process_time() - started
    return {str(share): total.scores() for share, total in sums.items()}


class _Sums:
    """Errors and counts of one setting, summed over folds."""

    def __init__(self) -> None:
        self.error = dict.fromkeys(LEVELS, 0.0)
        self.loss = dict.fromkeys(LEVELS, 0.0)
        self.count, self.over, self.cpu = 0.0, 0.0, 0.0

    def scores(self) -> dict[str, float]:
        wape = {f"wape_{level}": value / self.count for level, value in self.error.items()}
        wql = {f"wql_{level}": 2 * value / self.count for level, value in self.loss.items()}
        return wape | wql | {"bias": self.over / self.count, "cpu": self.cpu}


def _with_share(engine: Engine, share: float) -> Engine:
    follow = engine.config.follow.model_copy(update={"share": share})
    followed = engine.followed if share else {}
    return replace(engine, followed=followed, config=engine.config.model_copy(update={"follow": follow}))


def _add(total: _Sums, truth: Truth, fold: int, engine: Engine, known: PanelMatrix, order: Any) -> None:
    actual, mean = truth.actual(fold), engine.cell_means(known, truth.horizon)[order]
    total.count += float(actual.sum())
    total.over += float((mean - actual).sum())
    for level in LEVELS:
        said, y = truth.sum(level, mean), truth.sum(level, actual)
        alpha = engine.alpha[_NAMES[level]]
        quantiles = count_quantiles(said, (alpha[order] if level == "cell" else alpha)[:, None], QUANTILES)
        total.error[level] += float(np.abs(said - y).sum())
        total.loss[level] += float(np.mean([pinball(y, values, q).sum() for q, values in quantiles.items()]))


def _peer_scores(city: panels.City, folder: Path) -> dict[str, dict[str, float]]:
    truth, found = Truth.of(city, city.horizon), {}
    for path in sorted(folder.glob(f"L__*__{city.name}.npz")):
        content, scores, count = np.load(path), dict.fromkeys(LEVELS, 0.0), 0.0
        for fold in range(len(city.cutoffs)):
            actual = truth.actual(fold)
            count += float(actual.sum())
            for level in LEVELS:
                scores[level] += float(np.abs(content[f"{level}_{fold}"] - truth.sum(level, actual)).sum())
        found[path.stem.split("__")[1]] = {f"wape_{level}": value / count for level, value in scores.items()}
    return found


def _row(
    name: str, ours: Mapping[str, Mapping[str, Mapping[str, float]]], peers: Mapping[str, Mapping[str, float]]
) -> dict[str, Any]:
    share = min(SHARES, key=lambda one: _loss(one, [other for other in ours if other != name] or [name], ours))
    chosen, before = ours[name][str(share)], ours[name]["0.0"]
    row: dict[str, Any] = {"panel": name, "share from the others": share, "bias": round(chosen["bias"], 4)}
    ranked = sorted(peers, key=lambda peer: np.mean([_rank(peers, peer, level) for level in LEVELS]))
    row["best peer"] = ranked[0] if ranked else None
    for level in LEVELS:
        key = f"wape_{level}"
        row[level] = {"weisu": round(chosen[key], 4), "to nothing followed": round(chosen[key] / before[key], 4)}
        row[level]["wql to nothing followed"] = round(chosen[f"wql_{level}"] / before[f"wql_{level}"], 4)
        if ranked:
            row[level]["peer"] = round(peers[ranked[0]][key], 4)
            row[level]["to peer"] = round(chosen[key] / peers[ranked[0]][key], 4)
    return row


def _loss(share: float, names: list[str], ours: Mapping[str, Mapping[str, Mapping[str, float]]]) -> float:
    return float(np.mean([np.log(ours[name][str(share)][f"wape_{level}"]) for name in names for level in LEVELS]))


def _rank(peers: Mapping[str, Mapping[str, float]], peer: str, level: str) -> int:
    return sorted(peers, key=lambda one: peers[one][f"wape_{level}"]).index(peer)


def _means(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return geometric means of ratios per level, over the panels that have them."""
    means: dict[str, Any] = {}
    for level in LEVELS:
        for key in ("to nothing followed", "wql to nothing followed", "to peer"):
            ratios = [row[level][key] for row in rows if key in row[level]]
            if ratios:
                means.setdefault(level, {})[key] = round(float(np.exp(np.mean(np.log(ratios)))), 4)
    return means


if __name__ == "__main__":
    main()
