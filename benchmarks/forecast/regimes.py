"""What happens after a break: errors of the eight weeks after origins around real breaks, and around a moving holiday.

    WEISU_REAL_DATA=... python benchmarks/forecast/regimes.py [--only NAME ...]

New York with all its offices around March 2020 (the pandemic) and January 2022 (a new council: offices leave, others
come), Stuttgart around August 2023 (the category Gefahrenstelle is born), and a simulated city before its Spring
Festivals. `without breaks` is the same model without models/forecast/breaks.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd
import panels

from features.calendars import calendar_frame
from features.configuration import ForecastConfig
from features.simulator import SimulatorConfig
from features.simulator.catalogue import catalogue
from features.simulator.intensity import expected_tickets
from models.forecast.candidate_models import RivalInput, rival
from models.forecast.hierarchy import Hierarchy, PanelMatrix
from models.forecast.model import matrix_of

HORIZON: Final = 8
MODELS: Final = ("weisu", "without breaks", "window_mean", "seasonal_naive", "same_week_mean")
LEVELS: Final = ("total", "category", "district", "cell")
_FEWEST: Final = 5


@dataclass(frozen=True)
class After:
    """Forecasts from one origin, and what came.

    Attributes:
        panel: The city's counts.
        hierarchy: Its levels.
        known: Periods known at the origin.
        means: Model -> means of the cells.
    """

    panel: PanelMatrix
    hierarchy: Hierarchy
    known: int
    means: dict[str, Any]

    @property
    def actual(self) -> Any:
        """Counts of the weeks after the origin, cells x horizon."""
        return self.panel.y[:, self.known : self.known + HORIZON]

    def wape(self, model: str, level: str) -> float:
        """Return a model's error at a level."""
        grouping = self.hierarchy[level]
        actual = grouping.sum(self.actual)
        return float(np.abs(actual - grouping.sum(self.means[model])).sum() / actual.sum())

    def mean(self, model: str, unique_id: str) -> float:
        """Return a model's mean week of one series; of `actual` counts when the model is that."""
        level = next(level for level in self.hierarchy.levels if unique_id in level.ids)
        cells = self.actual if model == "actual" else self.means[model]
        return float(level.sum(cells)[level.ids.index(unique_id)].mean())


def after(wide: pd.DataFrame, origin: str, country: str) -> After:
    """Forecast from one origin: the last known week is the one that starts on that Monday."""
    cutoff = pd.Timestamp(origin)
    kept = wide.loc[:, wide.loc[:cutoff].sum() >= _FEWEST]
    city = panels.city_of(origin, country, kept, [cutoff])
    panel, hierarchy = matrix_of(city.y, city.static, "W")
    calendar = partial(calendar_frame, country)
    known = RivalInput(panel.until(cutoff), hierarchy, calendar, ForecastConfig(horizon=HORIZON), HORIZON)
    means = {name: rival(name)(known).mean for name in MODELS if name != "without breaks"}
    means["without breaks"] = known.outcome(breaks=known.config.breaks.model_copy(update={"enabled": False})).mean
    return After(panel, hierarchy, known.panel.y.shape[1], means)


def new_york() -> pd.DataFrame:
    """Return weekly counts of every office, weeks x cells."""
    tickets = pd.read_parquet(panels.real_data() / "tickets" / "nyc_council_cases_2015_2025.parquet")
    tickets = tickets.rename(columns={"office": "district"}).dropna(subset=["category", "district"])
    return _weekly(tickets, "2015-01-05", "2023-11-26")


def stuttgart() -> pd.DataFrame:
    """Return weekly counts, weeks x cells."""
    tickets, start, end, _ = panels.load_tickets("stuttgart", panels.real_data())
    return _weekly(tickets, start, end)


def simulated() -> pd.DataFrame:
    """Return weekly counts of four simulated years, weeks x cells."""
    config = SimulatorConfig(tickets=400_000, start=date(2022, 1, 3), end=date(2026, 5, 3), seed=11)
    city = catalogue()
    rate = expected_tickets(config, city) * config.tickets
    counts = np.random.default_rng(0).poisson(rate)
    weeks = counts[: len(counts) // 7 * 7].reshape(-1, 7, *counts.shape[1:]).sum(axis=1)
    starts = pd.DatetimeIndex([config.start + timedelta(weeks=number) for number in range(len(weeks))])
    names = [[leaf.name for leaf in city.leaves], [district.name for district in city.districts]]
    columns = pd.MultiIndex.from_product(names, names=["category", "district"])
    return pd.DataFrame(weeks.reshape(len(weeks), -1).astype(float), index=starts, columns=columns)


def _weekly(tickets: pd.DataFrame, start: str, end: str) -> pd.DataFrame:
    weeks = pd.date_range(start, end, freq="W-MON")
    return panels.wide_counts(tickets, tickets["created"].dt.to_period("W-SUN").dt.start_time, weeks)


SCENARIOS: Final[dict[str, tuple[Callable[[], pd.DataFrame], str, tuple[str, ...]]]] = {
    "New York, pandemic": (new_york, "US", ("2020-03-16", "2020-04-06", "2020-05-04", "2020-06-01", "2020-08-03")),
    "New York, new council": (new_york, "US", ("2022-01-24", "2022-02-21", "2022-04-18", "2022-07-11")),
    "Stuttgart, new category": (stuttgart, "DE", ("2023-09-04", "2023-10-02", "2023-11-27")),
    "Spring Festival": (simulated, "CN", ("2024-01-15", "2025-01-06", "2026-01-26")),
}


def main() -> None:
    """Print one table per scenario."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", help=f"of {', '.join(SCENARIOS)}")
    for name in parser.parse_args().only or SCENARIOS:
        build, country, origins = SCENARIOS[name]
        wide = build()
        print(f"\n{name}\n{'origin':<12}{'model':<18}" + "".join(f"{level:>10}" for level in LEVELS))
        for origin in origins:
            found = after(wide, origin, country)
            for model in MODELS:
                print(f"{origin:<12}{model:<18}" + "".join(f"{found.wape(model, level):>10.3f}" for level in LEVELS))


if __name__ == "__main__":
    main()
