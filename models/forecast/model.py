"""`DemandModel`: fit on the cells of a panel, forecast every level, coherently, with count quantiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from features.configuration import ForecastConfig
from features.reasons import Reason, ReasonCode
from models.errors import PanelContractError, UnusableModelError
from models.forecast.archive import pack, unpack
from models.forecast.candidate_models import RivalInput, rival
from models.forecast.coherent_bands import Bands, above_parts, around_mean, within_periods
from models.forecast.distribution import count_quantiles, sample_paths, shared_factors
from models.forecast.drivers import Calendar, Circumstances
from models.forecast.engine import Engine, fit_engine
from models.forecast.events import Events
from models.forecast.hierarchy import CELL, Hierarchy, HierarchyLevel, PanelMatrix
from models.forecast.lead import dispersions_at
from models.forecast.members import Floats, PlainMembers, Steps
from models.forecast.periods import cadence_of
from models.forecast.skill import MODEL
from models.forecast.weather import Weather
from models.forecast.wild_counts import bounded

_PATHS_AT_ONCE: Final = 100


@dataclass(frozen=True)
class DemandModel:
    """A fitted model and the history it was fitted on.

    Attributes:
        panel: The cells' history.
        static: The static frame, as given.
        engine: What was learned.
    """

    panel: PanelMatrix
    static: pd.DataFrame
    engine: Engine

    @classmethod
    def fit(
        cls,
        y: pd.DataFrame,
        static: pd.DataFrame,
        *,
        freq: str,
        calendar: Calendar | None = None,
        weather: Weather | None = None,
        events: Events | None = None,
        config: ForecastConfig | None = None,
        n_jobs: int = 1,
    ) -> DemandModel:
        """Fit on the cells of `y`.

        Args:
            y: Long frame `unique_id, ds, y`; rows of levels above the cells are ignored, they are sums.
            static: One row per series, see `Hierarchy.of`.
            freq: W or D.
            calendar: First and last day to calendar rows, e.g. `functools.partial(calendar_frame, "CN")`.
            weather: Daily weather as known at a moment; used where the configuration says so.
            events: The event register as known at a moment.
            config: The configuration; the default one when None.
            n_jobs: Threads of LightGBM and workers for Prophet.

        Raises:
            PanelError: The panel does not fit the contract.
        """
        panel, hierarchy = matrix_of(y, static, freq)
        engine = fit_engine(
            panel,
            hierarchy,
            config=config or ForecastConfig(),
            calendar=calendar,
            circumstances=Circumstances(weather, events),
            n_jobs=n_jobs,
        )
        return cls(panel, static, engine)

    def predict(
        self,
        y: pd.DataFrame | None = None,
        *,
        horizon: int,
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        levels: str = "all",
        skip: int = 0,
    ) -> pd.DataFrame:
        """Forecast the periods after the history.

        Args:
            y: Newer history of the same cells; the fitted one when None.
            horizon: Periods ahead.
            quantiles: Levels between 0 and 1; columns `p10`, `p50`, ...
            levels: `all`, or `input` for the cells alone.
            skip: Periods right after the history that are over and not known; the horizon begins behind them, and its
                bands are those of the longer lead.

        Returns:
            `unique_id, ds, mean, p.., base_model, horizon, level`, one row per series and period; means are
            non-negative and add up over the levels. `base_model` is `weisu`, or the plain forecast that the level is
            issued from.
        """
        panel = self.panel if y is None else self._newer(y)
        cells = self.engine.cell_means(panel, skip + horizon)[:, skip:]
        wanted = [level for level in self.engine.hierarchy.levels if levels == "all" or level.name == CELL]
        engine = _engine_at(self.engine, panel, skip)
        bands = above_parts(
            self.engine.hierarchy, {level.name: _bands(engine, level, cells, quantiles) for level in wanted}
        )
        frames = []
        for level in wanted:
            frame = _long(level.ids, panel.future(skip + horizon)[skip:], level.sum(cells), first=skip + 1)
            for quantile, values in bands[level.name].items():
                frame[f"p{100 * quantile:g}"] = values.ravel()
            base = self.engine.bases.get(level.name, MODEL)
            frames.append(frame.assign(base_model=base, level=level.name))
        return pd.concat(frames, ignore_index=True)

    def predict_sums(
        self,
        groups: Mapping[str, str],
        y: pd.DataFrame | None = None,
        *,
        horizon: int,
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        draws: int = 1_000,
    ) -> pd.DataFrame:
        """Forecast sums that no level holds, over cells and over all periods of the horizon, from sample paths.

        Args:
            groups: `unique_id` of cells -> name of the sum they belong to; other cells are left out.
            y: Newer history of the same cells; the fitted one when None.
            horizon: Periods ahead, summed.
            quantiles: Levels between 0 and 1.
            draws: Sample paths, see models/forecast/distribution.py.

        Returns:
            `group, mean, p..`, in order of the names.

        Raises:
            PanelError: A `unique_id` is no cell of this model.
        """
        panel = self.panel if y is None else self._newer(y)
        strange = sorted(set(groups) - set(panel.ids))
        if strange:
            raise PanelContractError(
                f"{strange[0]!r} is no cell of this model", hint="groups are made of cells, not of sums"
            )
        cells = self.engine.cell_means(panel, horizon)
        names = sorted(set(groups.values()))
        members = np.array([[groups.get(cell) == name for cell in panel.ids] for name in names], dtype=float)
        paths = [chunk.sum(axis=2) @ members.T for chunk in _paths(self.engine, cells, draws)]
        columns = _columns(_quantiles(np.concatenate(paths), quantiles))
        return pd.DataFrame({"group": names, "mean": members @ cells.sum(axis=1), **columns})

    def predict_totals(
        self,
        y: pd.DataFrame | None = None,
        *,
        spans: Sequence[int],
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        draws: int = 1_000,
        skip: int = 0,
    ) -> pd.DataFrame:
        """Forecast how much comes in the next periods together, for every series of every level, from sample paths.

        The quantiles of such a total are not the sums of the periods' quantiles: periods err together, in part.

        Args:
            y: Newer history of the same cells; the fitted one when None.
            spans: Numbers of periods to sum, each from the first one ahead.
            quantiles: Levels between 0 and 1.
            draws: Sample paths; cells and sums come from the same ones, so that they belong together.
            skip: Periods right after the history that are passed over, see `predict`.

        Returns:
            `unique_id, ds` (start of the first period), `periods, mean, p.., base_model, level`; the means are sums of
            those of `predict` for that many periods.
        """
        panel = self.panel if y is None else self._newer(y)
        levels, first, frames = self.engine.hierarchy.levels, panel.future(skip + 1)[skip], []
        engine = _engine_at(self.engine, panel, skip)
        for span in spans:
            cells = self.engine.cell_means(panel, skip + span)[:, skip:]
            drawn = [chunk.sum(axis=2).T for chunk in _paths(engine, cells, draws)]
            for level in levels:
                mean = level.sum(cells.sum(axis=1))
                paths = _quantiles(np.concatenate([level.sum(part).T for part in drawn]), quantiles)
                held = within_periods(paths, mean, _bands(engine, level, cells, quantiles))
                columns = _columns(around_mean(mean, held))
                rows = pd.DataFrame({"unique_id": level.ids, "ds": first, "periods": span, "mean": mean, **columns})
                base = self.engine.bases.get(level.name, MODEL)
                frames.append(rows.assign(base_model=base, level=level.name))
        return pd.concat(frames, ignore_index=True)

    def explain(
        self, y: pd.DataFrame | None = None, *, horizon: int, levels: str = "all", skip: int = 0
    ) -> pd.DataFrame:
        """Say what drives each forecast, in tickets; the drivers add up to the mean.

        Args:
            y: Newer history of the same cells; the fitted one when None.
            horizon: Periods ahead.
            levels: `all`, or `input` for the cells alone.
            skip: Periods right after the history that are passed over, see `predict`.

        Returns:
            `unique_id, ds, mean, usual_level, season, holiday, weather, event, recent_change, horizon, level`, see
            models/forecast/model.py.
        """
        panel = self.panel if y is None else self._newer(y)
        found = explain_cells(self.engine, panel, skip + horizon)
        drivers = {name: values[:, skip:] for name, values in found.items()}
        wanted = [level for level in self.engine.hierarchy.levels if levels == "all" or level.name == CELL]
        frames = []
        for level in wanted:
            sums = {name: level.sum(values) for name, values in drivers.items()}
            frame = _long(level.ids, panel.future(skip + horizon)[skip:], sums.pop("mean"), first=skip + 1)
            frames.append(frame.assign(level=level.name, **{name: values.ravel() for name, values in sums.items()}))
        return pd.concat(frames, ignore_index=True)

    def issued_from(self, bases: Mapping[str, str]) -> DemandModel:
        """Issue some levels from a plain forecast, with its own dispersion; see models/forecast/bases.py.

        Args:
            bases: Level -> `seasonal_naive` or `same_week_mean`; unknown levels are ignored.
        """
        known = {level: name for level, name in bases.items() if level in self.engine.hierarchy.names}
        given = RivalInput(self.panel, self.engine.hierarchy, self.engine.calendar, self.engine.config, 1)
        alpha = {level: rival(name)(given).alpha[level] for level, name in known.items()}
        return replace(self, engine=replace(self.engine, bases=known, alpha={**self.engine.alpha, **alpha}))

    def export(self) -> dict[str, bytes]:
        """Return the model as files: LightGBM text, Prophet JSON, Parquet tables and JSON; no pickle."""
        return pack(self.panel, self.static, self.engine)

    @classmethod
    def restore(
        cls,
        files: Mapping[str, bytes],
        *,
        calendar: Calendar | None = None,
        weather: Weather | None = None,
        events: Events | None = None,
    ) -> DemandModel:
        """Read what `export` wrote.

        Args:
            files: Name to content.
            calendar: Gives the days of coming periods; the exported calendar rows serve when None.
            weather: Daily weather as known at a moment.
            events: The event register as known at a moment.

        Raises:
            UnusableModelError: A file is missing or of another schema.
        """
        panel, static, engine = unpack(files)
        told = Circumstances(weather, events)
        return cls(panel, static, replace(engine, calendar=calendar or engine.calendar, circumstances=told))

    def _newer(self, y: pd.DataFrame) -> PanelMatrix:
        known = y[y["unique_id"].isin(self.panel.ids)]
        if known.empty:
            raise UnusableModelError(Reason(ReasonCode.NO_COMMON_CELL), hint="train again")
        panel = PanelMatrix.of(known, freq=self.panel.freq)
        # A cell whose only tickets were re-categorised, or that is younger than this history, has no rows: zeros.
        cells = pd.DataFrame(panel.y, index=list(panel.ids)).reindex(list(self.panel.ids), fill_value=0.0)
        return replace(panel, y=cells.to_numpy(), ids=self.panel.ids)


def matrix_of(y: pd.DataFrame, static: pd.DataFrame, freq: str) -> tuple[PanelMatrix, Hierarchy]:
    """Spread the cells of a long frame and find their hierarchy.

    Raises:
        PanelError: The frames do not fit the contract.
    """
    if "unique_id" not in static:
        raise PanelContractError("the static frame has no column 'unique_id'")
    if "level" in static:
        cells = static.loc[static["level"] == CELL, "unique_id"]
        y = y[y["unique_id"].isin(cells)]
    panel = PanelMatrix.of(y, freq=freq)
    return panel, Hierarchy.of(static, panel.ids)


def _engine_at(engine: Engine, panel: PanelMatrix, skip: int) -> Engine:
    """Return an engine with the dispersions of periods that lie `skip` further ahead."""
    if not skip:
        return engine
    known = bounded(panel, engine.hierarchy, engine.config.wild).y
    cadence = cadence_of(panel.freq)
    alpha = dispersions_at(engine.alpha, known, engine.hierarchy, cadence, engine.config, further=skip)
    return replace(engine, alpha=alpha)


def _bands(engine: Engine, level: HierarchyLevel, cells: Floats, quantiles: Sequence[float]) -> Bands:
    """Return the bands of a level's periods, by quantile."""
    mean = level.sum(cells)
    return around_mean(mean, count_quantiles(mean, engine.alpha[level.name][:, None], quantiles))


def _paths(engine: Engine, cells: Floats, draws: int) -> Iterator[Floats]:
    """Draw sample paths around the cells' means, a part at a time: draws x cells x horizon."""
    factors = shared_factors(cells.mean(axis=1), engine.hierarchy, engine.alpha)
    config = engine.config
    rng = np.random.default_rng(config.seed)
    sizes = [_PATHS_AT_ONCE] * (draws // _PATHS_AT_ONCE) + [draws % _PATHS_AT_ONCE]
    for size in sizes:
        if size:
            yield sample_paths(cells, factors, draws=size, rng=rng, lasting=config.lasting)


def _quantiles(paths: Floats, quantiles: Sequence[float]) -> Bands:
    return dict(zip(quantiles, np.quantile(paths, list(quantiles), axis=0, method="inverted_cdf"), strict=True))


def _columns(bands: Bands) -> dict[str, Floats]:
    return {f"p{100 * level:g}": row for level, row in bands.items()}


def _long(ids: Sequence[str], ds: pd.DatetimeIndex, mean: Floats, *, first: int) -> pd.DataFrame:
    horizon = len(ds)
    return pd.DataFrame(
        {
            "unique_id": np.repeat(np.asarray(ids, dtype=object), horizon),
            "ds": np.tile(ds.to_numpy(), len(ids)),
            "mean": mean.ravel(),
            "horizon": np.tile(np.arange(first, first + horizon), len(ids)),
        }
    )


# Why a forecast is what it is: six drivers in tickets that add up to the mean.
#
# They answer a planner's questions by comparison, not by taking trees apart: what is usual here (the trailing
# mean), what last year's same periods add to it (season), what the days off of the coming period change (the same
# model asked without its calendar), what the weather and the event register change (asked without them), and what
# is left, which the model has from recent weeks (recent change).


DRIVERS: Final = ("usual_level", "season", "holiday", "weather", "event", "recent_change")


def explain_cells(engine: Engine, panel: PanelMatrix, horizon: int) -> dict[str, Floats]:
    """Split the means of the cells into drivers.

    Args:
        engine: The fitted engine.
        panel: The history to forecast from.
        horizon: Periods ahead.

    Returns:
        `mean` and the `DRIVERS`, each cells x horizon; the drivers add up to the mean.
    """
    mean = engine.cell_means(panel, horizon)
    told = engine.circumstances
    no_events = _asked(replace(engine, circumstances=replace(told, events=None)), panel, horizon, told.events, mean)
    bare = replace(engine, circumstances=Circumstances())
    no_weather = _asked(bare, panel, horizon, engine.weather and told.weather, no_events)
    without = _asked(replace(bare, calendar=None), panel, horizon, engine.calendar, no_weather)
    members = PlainMembers(panel.y, cadence_of(panel.freq), engine.config.members)
    steps = Steps.grid([panel.y.shape[1] - 1], range(1, horizon + 1))
    level = members.window(steps)
    season = members.season(steps) - level
    return {
        "mean": mean,
        "usual_level": level,
        "season": season,
        "holiday": no_weather - without,
        "weather": no_events - no_weather,
        "event": mean - no_events,
        "recent_change": without - level - season,
    }


def _asked(engine: Engine, panel: PanelMatrix, horizon: int, left_out: object, otherwise: Floats) -> Floats:
    """Ask an engine that lacks something; the same answer as with it where there was nothing to leave out."""
    return otherwise if left_out is None else engine.cell_means(panel, horizon)
