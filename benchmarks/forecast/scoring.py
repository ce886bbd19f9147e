"""Scores pooled over cities, origins and horizons, exactly as the benchmark's definition says.

WAPE, bias and wQL are sums of errors over sums of counts. MASE and RMSSE are per cell, scaled on the weeks before the
city's first cutoff, then averaged over cells. Randomised PIT coverage is the share of observations inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from panels import City

from models.metrics import naive_scales, pinball, pit_coverage, randomised_pit

QUANTILES: Final = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
LEVELS: Final = ("cell", "category", "district", "city")
NOMINAL: Final = (50, 80, 90)


@dataclass
class Truth:
    """A city as matrices: counts (cells x periods), the groupings, and the index of each fold's last known period."""

    name: str
    y: Any
    groups: dict[str, Any]
    cutoffs: list[int]
    horizon: int

    @classmethod
    def of(cls, city: City, horizon: int) -> Truth:
        """Spread a city's panel."""
        wide = city.y.set_index(["unique_id", "ds"])["y"].unstack("ds").loc[city.static["unique_id"]]
        groups = {name: np.unique(city.static[name], return_inverse=True)[1] for name in ("category", "district")}
        groups["city"] = np.zeros(len(wide), dtype=int)
        return cls(city.name, wide.to_numpy(), groups, [wide.columns.get_loc(c) for c in city.cutoffs], horizon)

    def actual(self, fold: int) -> Any:
        """Return the counts of a fold's test periods, cells x horizon."""
        first = self.cutoffs[fold] + 1
        return self.y[:, first : first + self.horizon]

    def sum(self, level: str, cells: Any) -> Any:
        """Sum cells to a level."""
        if level == "cell":
            return cells
        groups = self.groups[level]
        summed = np.zeros((groups.max() + 1, *cells.shape[1:]))
        np.add.at(summed, groups, cells)
        return summed


@dataclass
class Forecasts:
    """One model's forecasts: cell means per (city, fold), and per level quantiles and CDF steps where it has them."""

    mean: dict[tuple[str, int], Any] = field(default_factory=dict)
    quantiles: dict[tuple[str, int], dict[float, Any]] = field(default_factory=dict)
    steps: dict[tuple[str, int], dict[str, tuple[Any, Any]]] = field(default_factory=dict)
    cpu: float = 0.0


def score(truths: Sequence[Truth], model: Forecasts, folds: Sequence[int]) -> dict[str, float]:
    """Return all scores of a model over some folds, pooled over cities."""
    result: dict[str, float] = {}
    pairs = [(truth, fold) for truth in truths for fold in folds]
    total = sum(float(truth.actual(fold).sum()) for truth, fold in pairs)
    for level in LEVELS:
        errors = [np.abs(t.sum(level, t.actual(f) - model.mean[t.name, f])).sum() for t, f in pairs]
        result[f"wape_{level}"] = float(np.sum(errors)) / total
    result["bias"] = sum(float((model.mean[t.name, f] - t.actual(f)).sum()) for t, f in pairs) / total
    result |= {f"bias_{t.name}": _bias(t, model, folds) for t in truths}
    result["mase"], result["rmsse"] = _scaled(truths, model, folds)
    if model.quantiles:
        losses = [
            np.mean([pinball(t.actual(f), values, q).sum() for q, values in model.quantiles[t.name, f].items()])
            for t, f in pairs
        ]
        result["wql"] = 2 * float(np.sum(losses)) / total
        result["cover80"] = _plain_cover(pairs, model)
    if model.steps:
        result |= _calibration(pairs, model)
    return result


def _bias(truth: Truth, model: Forecasts, folds: Sequence[int]) -> float:
    over = sum(float((model.mean[truth.name, f] - truth.actual(f)).sum()) for f in folds)
    return over / sum(float(truth.actual(f).sum()) for f in folds)


def _scaled(truths: Sequence[Truth], model: Forecasts, folds: Sequence[int]) -> tuple[float, float]:
    absolute, squared = [], []
    for truth in truths:
        errors = np.concatenate([truth.actual(f) - model.mean[truth.name, f] for f in folds], axis=1)
        scale, scale2 = naive_scales(truth.y[:, : truth.cutoffs[0] + 1])
        absolute.append(np.abs(errors).mean(axis=1) / scale)
        squared.append(np.sqrt((errors**2).mean(axis=1) / scale2))
    return float(np.nanmean(np.concatenate(absolute))), float(np.nanmean(np.concatenate(squared)))


def _plain_cover(pairs: Sequence[tuple[Truth, int]], model: Forecasts) -> float:
    inside = [
        (t.actual(f) >= model.quantiles[t.name, f][0.1]) & (t.actual(f) <= model.quantiles[t.name, f][0.9])
        for t, f in pairs
    ]
    return float(np.concatenate([i.ravel() for i in inside]).mean())


def _calibration(pairs: Sequence[tuple[Truth, int]], model: Forecasts) -> dict[str, float]:
    rng = np.random.default_rng(0)
    result = {}
    for level in LEVELS:
        pits = [randomised_pit(*model.steps[t.name, f][level], rng).ravel() for t, f in pairs]
        for nominal in NOMINAL:
            result[f"pit{nominal}_{level}"] = pit_coverage(np.concatenate(pits), nominal / 100)
    return result


def table(scores: Mapping[str, Mapping[str, float]], columns: Sequence[str]) -> str:
    """Return scores as a fixed-width table, one model per line."""
    width = max(len(name) for name in scores) + 2
    lines = ["".ljust(width) + "".join(column.rjust(15) for column in columns)]
    for name, values in scores.items():
        cells = [f"{values[c]:.3f}" if c in values and np.isfinite(values[c]) else "" for c in columns]
        lines.append(name.ljust(width) + "".join(cell.rjust(15) for cell in cells))
    return "\n".join(lines)
