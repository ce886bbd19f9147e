"""The design matrix of the cell model: what could be known at an origin about a cell a few periods ahead.

Four views are cut from the same history: the cell itself, its matter (category), its place (district) and the total.
Each gives a chain of trailing means, every mean shrunk to the next longer one and set against its own season, and the
seasonal ratio of the target. Trees then learn only how far to trust which of them: the level is an offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.forecast.cadence import Cadence
from models.forecast.drivers import COLUMNS
from models.forecast.hierarchy import Hierarchy
from models.forecast.windows import Floats, Steps, Sums, level_chain, season_ratio, weekday_ratio

_LEVEL_SHRINK = 4.0
_SEASON_SHRINK = {"total": 60.0, "matter": 15.0, "place": 30.0, "cell": 30.0}
_LONGEST_SILENCE = 60


@dataclass(frozen=True)
class Design:
    """Features of cells x steps.

    Attributes:
        X: Shape (cells, pairs, features), float32.
        offset: Log of the seasonally set main level, shape (cells, pairs).
        names: Names of the features.
        steps: The pairs.
    """

    X: NDArray[np.float32]
    offset: Floats
    names: tuple[str, ...]
    steps: Steps

    def flat(self) -> NDArray[np.float32]:
        """Return the features as rows, cells slowest."""
        return self.X.reshape(-1, self.X.shape[-1])


@dataclass(frozen=True)
class _View:
    """One grouping's levels and ratios, as logs, shape (series, pairs)."""

    level: dict[int, Floats]
    ratio: dict[int, Floats]
    weekday: Floats


class DesignBuilder:
    """Cuts designs from one history; what does not depend on the origin is computed once."""

    def __init__(self, y: Floats, hierarchy: Hierarchy, cadence: Cadence, drivers: Floats) -> None:
        """Prepare.

        Args:
            y: Cells x known periods.
            hierarchy: Groups the cells.
            cadence: Windows and season.
            drivers: Calendar of known and coming periods, see models/forecast/drivers.py.
        """
        self.y, self.cadence, self.drivers = y, cadence, drivers
        self._groups = {"total": hierarchy.levels[0], "matter": hierarchy.matter(), "place": hierarchy.place()}
        self._sums = {name: (level.sum(y), Sums(level.sum(y))) for name, level in self._groups.items()}
        self._cells = Sums(y)
        seen = np.where(y > 0, np.arange(y.shape[1]), -1)
        self._last_seen = np.maximum.accumulate(seen, axis=1)

    def at(self, steps: Steps) -> Design:
        """Return the design of these origins and horizons."""
        views = self._views(steps)
        cell = views["cell"]
        main = self.cadence.main
        columns = {"level": cell.level[main]}
        for name, view in views.items():
            columns |= self._view_columns(name, view)
        columns |= self._state_columns(steps) | self._calendar_columns(steps)
        shape = (len(self.y), len(steps.origin))
        X = np.empty((*shape, len(columns)), dtype=np.float32)
        for position, values in enumerate(columns.values()):
            X[..., position] = values
        offset = cell.level[main] + self._spread("matter", views["matter"].ratio[main] + views["matter"].weekday)
        return Design(X, offset, tuple(columns), steps)

    def _views(self, steps: Steps) -> dict[str, _View]:
        total = self._view("total", steps, None)
        matter = self._view("matter", steps, total)
        place = self._view("place", steps, total)
        above = _View(
            matter.level,
            {base: self._spread("matter", ratio) for base, ratio in matter.ratio.items()},
            self._spread("matter", matter.weekday),
        )
        return {"total": total, "matter": matter, "place": place, "cell": self._view("cell", steps, above)}

    def _view(self, name: str, steps: Steps, above: _View | None) -> _View:
        y, sums = self._sums.get(name, (self.y, self._cells))
        cadence, shrink = self.cadence, _SEASON_SHRINK[name]
        level = level_chain(sums, steps.origin, cadence.windows, shrink=_LEVEL_SHRINK)
        ratio = {
            base: season_ratio(
                sums, steps, cadence, base, prior=1.0 if above is None else np.exp(above.ratio[base]), shrink=shrink
            )
            for base in cadence.windows
        }
        weekday = weekday_ratio(
            sums, y, steps, cadence, prior=1.0 if above is None else np.exp(above.weekday), shrink=shrink
        )
        return _View(
            {base: np.log(values) for base, values in level.items()},
            {base: np.log(values) for base, values in ratio.items()},
            np.log(weekday),
        )

    def _view_columns(self, name: str, view: _View) -> dict[str, Floats]:
        windows, main = self.cadence.windows, self.cadence.main
        shortest = windows[-2]
        columns = {
            f"{name}_{short}": self._spread(
                name, view.level[short] + view.ratio[short] - view.level[long] - view.ratio[long]
            )
            for long, short in pairwise(windows)
        }
        columns[f"{name}_season"] = self._spread(name, view.ratio[main])
        columns[f"{name}_season_recent"] = self._spread(name, view.ratio[shortest])
        if self.cadence.week:
            columns[f"{name}_weekday"] = self._spread(name, view.weekday)
        if name != "cell":
            columns[f"{name}_size"] = self._spread(name, view.level[main])
        return columns

    def _spread(self, name: str, values: Floats) -> Floats:
        return values if name == "cell" else values[self._groups[name].groups]

    def _state_columns(self, steps: Steps) -> dict[str, Floats]:
        return {
            "silence": np.minimum(steps.origin - self._last_seen[:, steps.origin], _LONGEST_SILENCE).astype(float),
            "latest": self.y[:, steps.origin],
            "ahead": steps.ahead[None].astype(float),
        }

    def _calendar_columns(self, steps: Steps) -> dict[str, Floats]:
        now = self.drivers[steps.target]
        then = self.drivers[np.maximum(steps.target - self.cadence.year, 0)]
        columns = {name: now[None, :, place] for place, name in enumerate(COLUMNS)}
        columns["days_off_then"] = then[None, :, 0]
        if self.cadence.week:
            columns["weekday"] = (steps.target % self.cadence.week).astype(float)[None]
        return columns
