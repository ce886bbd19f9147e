from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.calendars import calendar_frame
from features.configuration import ForecastConfig
from features.configuration.forecaster import TreeConfig
from models.errors import ModelError, PanelContractError
from models.forecast import DemandModel, backtest, forecast_panel

SMALL = ForecastConfig(
    horizon=4,
    onestep=TreeConfig(trees=15, leaves=7),
    years=2.0,
)
CALENDAR = partial(calendar_frame, "US")


def panel(cells=12, weeks=130, seed=0):
    """Cells of three categories and four districts with a yearly season."""
    rng = np.random.default_rng(seed)
    ds = pd.date_range("2020-01-06", periods=weeks, freq="7D")
    season = 1 + 0.5 * np.sin(2 * np.pi * np.arange(weeks) / 52)
    rates = rng.gamma(2.0, 1.0, size=cells)
    y = rng.poisson(rates[:, None] * season)
    ids = [f"cell {index:02d}" for index in range(cells)]
    frame = pd.DataFrame({"unique_id": np.repeat(ids, weeks), "ds": np.tile(ds, cells), "y": y.ravel()})
    static = pd.DataFrame(
        {
            "unique_id": ids,
            "category": [f"c{index % 3}" for index in range(cells)],
            "district": [f"d{index % 4}" for index in range(cells)],
        }
    )
    return frame, static


@pytest.fixture(scope="module")
def fitted():
    y, static = panel()
    return DemandModel.fit(y, static, freq="W", calendar=CALENDAR, config=SMALL)


def test_levels_add_up_and_means_are_not_negative(fitted):
    rows = fitted.predict(horizon=4)
    sums = rows.groupby(["level", "ds"])["mean"].sum().unstack("level")  # noqa: PD010
    assert set(sums) == {"total", "category", "district", "cell"}
    for level in ("category", "district", "cell"):
        np.testing.assert_allclose(sums[level], sums["total"])
    assert (rows["mean"] >= 0).all()


def test_quantiles_rise_and_are_counts(fitted):
    rows = fitted.predict(horizon=3, quantiles=(0.05, 0.5, 0.975))
    assert (rows["p5"] <= rows["p50"]).all()
    assert (rows["p50"] <= rows["p97.5"]).all()
    assert (rows["p97.5"] % 1 == 0).all()


def test_a_restored_model_forecasts_the_same_without_a_calendar(fitted):
    files = fitted.export()
    assert {name.rpartition(".")[2] for name in files} <= {"json", "txt", "parquet"}
    again = DemandModel.restore(files)
    pd.testing.assert_frame_equal(again.predict(horizon=4), fitted.predict(horizon=4))
    pd.testing.assert_frame_equal(again.static, fitted.static)


def test_files_without_a_manifest_are_refused():
    with pytest.raises(ModelError, match=r"no manifest\.json"):
        DemandModel.restore({})


def test_drivers_add_up_to_the_mean(fitted):
    rows = fitted.explain(horizon=4)
    drivers = rows[["usual_level", "season", "holiday", "weather", "event", "recent_change"]].sum(axis=1)
    np.testing.assert_allclose(drivers, rows["mean"])
    expected = fitted.predict(horizon=4)
    np.testing.assert_allclose(rows["mean"], expected["mean"])


def test_newer_history_moves_the_forecast_on(fitted):
    y, _ = panel(weeks=134)
    rows = fitted.predict(y, horizon=2)
    assert rows["ds"].min() == y["ds"].max() + pd.Timedelta(days=7)


def test_a_cell_that_newer_history_does_not_name_had_no_tickets(fitted):
    y, _ = panel()
    rows = fitted.predict(y[y["unique_id"] != "cell 00"], horizon=2).set_index("unique_id")
    assert (rows.loc["cell 00", "mean"] < 0.3).all()


def test_newer_history_of_strangers_is_refused(fitted):
    y, _ = panel()
    with pytest.raises(ModelError, match="none of the cells"):
        fitted.predict(y.assign(unique_id="stranger"), horizon=2)


@pytest.mark.slow
@given(seed=st.integers(0, 1000))
@settings(max_examples=3, deadline=None)
def test_perturbing_the_future_changes_no_forecast_of_a_backtest(seed):
    y, static = panel(cells=6, weeks=90)
    cutoff = sorted(y["ds"].unique())[-9]
    noise = np.random.default_rng(seed).integers(0, 50, len(y))
    changed = y.assign(y=np.where(y["ds"] > cutoff, noise, y["y"]))
    arguments = {"freq": "W", "origins": 2, "horizon": 4, "models": ("weisu",), "config": SMALL, "calendar": CALENDAR}
    before, after = (backtest(frame, static, **arguments).predictions for frame in (y, changed))
    columns = ["unique_id", "ds", "mean", "p10", "p90"]
    first = before["cutoff"] == before["cutoff"].min()
    pd.testing.assert_frame_equal(before.loc[first, columns], after.loc[first, columns])


def test_backtest_scores_every_level_and_model():
    y, static = panel(cells=6, weeks=100)
    result = backtest(
        y, static, freq="W", origins=2, horizon=4, models=("weisu", "seasonal_naive", "window_mean"), config=SMALL
    )
    assert len(result.scores) == 4 * 3
    assert result.scores["wape"].between(0, 2).all()
    assert result.predictions.groupby(["model", "level"])["cutoff"].nunique().eq(2).all()


def test_backtest_says_when_history_is_too_short():
    y, static = panel(weeks=30)
    with pytest.raises(PanelContractError, match="too few for 6 origins"):
        backtest(y, static, freq="W", origins=6, horizon=4, models=("window_mean",))


@pytest.mark.parametrize(("freq", "step"), [("W", 7), ("D", 1)])
def test_a_bare_panel_of_26_periods_is_enough(freq, step):
    rng = np.random.default_rng(3)
    ds = pd.date_range("2026-01-04", periods=26, freq=f"{step}D")
    frame = pd.concat([pd.DataFrame({"unique_id": name, "ds": ds, "y": rng.poisson(2, 26)}) for name in "ab"])
    frame = frame[(frame["unique_id"] == "a") | (frame["ds"] > ds[20])]  # a young series
    rows = forecast_panel(frame, freq=freq, horizon=3, config=SMALL)
    assert list(rows.columns) == ["unique_id", "ds", "mean", "p10", "p50", "p90"]
    assert rows.groupby("unique_id").size().to_dict() == {"a": 3, "b": 3}
    assert rows["ds"].min() == ds[-1] + pd.Timedelta(days=step)
    assert np.isfinite(rows["mean"]).all()


def test_levels_all_adds_the_aggregates_of_static_columns():
    y, static = panel(cells=4, weeks=40)
    rows = forecast_panel(y.merge(static), freq="W", horizon=2, levels="all", config=SMALL)
    assert {"total", "category=c0", "district=d3", "cell 00"} <= set(rows["unique_id"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="y"), "no column 'y'"),
        (lambda f: f.assign(y=-1), "row 1 of the panel: y is -1"),
        (lambda f: f.assign(y=f["y"].astype(object).where(f.index != 4, "x")), "row 5 of the panel: y is 'x'"),
        (lambda f: f.assign(ds=f["ds"].astype(object).where(f.index != 4, "soon")), "row 5 of the panel: ds is 'soon'"),
        (lambda f: f.assign(unique_id=f["unique_id"].where(f.index != 4, "")), "row 5 of the panel: unique_id is ''"),
        (lambda f: f.assign(area=np.where(f.index == 4, "b", "a")), "'cell 00' has two values of 'area': 'a' and 'b'"),
        (lambda f: pd.concat([f, f.head(1)]), "twice"),
        (lambda f: f[f["ds"] < f["ds"].min() + pd.Timedelta(days=70)], "10 periods"),
        (lambda f: f.assign(ds=f["ds"] + pd.to_timedelta(np.arange(len(f)) % 2, unit="D")), "do not fit"),
    ],
)
def test_a_wrong_panel_is_refused_with_a_reason(change, message):
    y, _ = panel(cells=2, weeks=30)
    with pytest.raises(PanelContractError, match=message):
        forecast_panel(change(y), freq="W", horizon=2)


def test_any_static_column_is_a_level_whatever_it_is_called():
    y, static = panel(cells=4, weeks=40)
    odd = static.rename(columns={"category": "cell", "district": "category1_district"}).assign(level="x", total="y")
    rows = forecast_panel(y.merge(odd), freq="W", horizon=2, levels="all", config=SMALL)
    assert {"cell_=c0", "category1_district=d3", "level_=x", "total_=y", "total", "cell 00"} <= set(rows["unique_id"])
    assert not rows.duplicated(["unique_id", "ds"]).any()


def test_a_series_named_like_an_aggregate_is_refused_beside_aggregates_only():
    y, _ = panel(cells=2, weeks=30)
    named = y.assign(unique_id=y["unique_id"].replace("cell 00", "total"))
    assert set(forecast_panel(named, freq="W", horizon=2, config=SMALL)["unique_id"]) == {"total", "cell 01"}
    with pytest.raises(PanelContractError, match="'total' is named like an aggregate"):
        forecast_panel(named, freq="W", horizon=2, levels="all", config=SMALL)


def test_a_panel_of_zeros_is_forecast_near_zero():
    y, _ = panel(cells=12, weeks=120)
    rows = forecast_panel(y.assign(y=0), freq="W", horizon=2, config=SMALL)
    assert rows["mean"].between(0, 0.1).all()


def test_an_empty_week_last_year_does_not_silence_a_sparse_series():
    rng = np.random.default_rng(0)
    ds = pd.date_range("2025-01-06", periods=60, freq="7D")
    y = pd.DataFrame({"unique_id": "a", "ds": ds, "y": rng.poisson(0.6, 60)})
    rows = forecast_panel(y, freq="W", horizon=8, config=SMALL)
    assert rows["mean"].between(0.15, 1.5).all()


def test_configuration_survives_json():
    assert ForecastConfig.model_validate_json(SMALL.model_dump_json()) == SMALL
