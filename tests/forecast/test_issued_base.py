"""A level at which a planner's own forecast was better, again and again, is issued from it, and says so."""

import numpy as np
import pandas as pd
import pytest

from features.configuration import ForecastConfig
from features.configuration.forecaster import BaseConfig, TreeConfig
from models.forecast import DemandModel, backtest
from models.forecast.bases import issue_cells
from models.forecast.hierarchy import Hierarchy
from models.forecast.rolling_origin import issued_rows
from models.forecast.skill import judge_levels

BASES = BaseConfig()

SMALL = ForecastConfig(horizon=4, onestep=TreeConfig(trees=5, leaves=5))
MODELS = ("weisu", "seasonal_naive", "same_week_mean", "issued")


def folds(ours, naive, same_week, level="total"):
    """One series with y = 100: the models' errors per fold, which their quantiles share."""
    rows = []
    for model, errors in {"weisu": ours, "seasonal_naive": naive, "same_week_mean": same_week}.items():
        for fold, error in enumerate(errors):
            cutoff = pd.Timestamp("2024-01-01") + pd.Timedelta(weeks=4 * fold)
            ds, said = cutoff + pd.Timedelta(weeks=4), 100.0 + error
            rows.append((model, level, "total", cutoff, ds, 100.0, *4 * [said], 25.0))
    columns = ["model", "level", "unique_id", "cutoff", "ds", "y", "mean", "p10", "p50", "p90", "naive_square"]
    return pd.DataFrame(rows, columns=columns)


@pytest.mark.parametrize(
    ("ours", "naive", "same_week", "expected"),
    [
        ((20, 21, 20), (30, 30, 30), (12, 13, 12), "same_week_mean"),
        ((20, 21, 20), (11, 12, 11), (12, 13, 12), "seasonal_naive"),
        ((20, 21, 20), (30, 30, 30), (19.5, 20.5, 19.5), "weisu"),  # within the margin
        ((20, 20, 20), (30, 30, 30), (1, 30, 20), "weisu"),  # better on average, by one lucky fold
        ((20, 21), (30, 30), (12, 13), "weisu"),  # two folds prove nothing
    ],
)
def test_a_plain_forecast_must_win_clearly_and_repeatedly(ours, naive, same_week, expected):
    judged = judge_levels(folds(ours, naive, same_week), BASES)["total"]
    assert judged.base == expected
    assert judged.folds == len(ours)
    assert judged.is_better is (sum(ours) < min(sum(naive), sum(same_week)))


def test_folds_that_are_not_over_by_the_cutoff_decide_nothing():
    rows = folds((20, 21, 20), (30, 30, 30), (12, 13, 12))
    last = rows["ds"].max()
    assert judge_levels(rows, BASES, cutoff=last)["total"].base == "same_week_mean"
    assert judge_levels(rows, BASES, cutoff=last - pd.Timedelta(days=1))["total"].base == "weisu"


def test_a_level_between_plain_ones_is_issued_from_the_model_still():
    static = pd.DataFrame({"unique_id": list("abc"), "category": list("xxy")})
    hierarchy = Hierarchy.of(static, list("abc"))
    cells = np.array([[1.0, 2.0], [3.0, 2.0], [4.0, 4.0]])
    plain = {"seasonal_naive": np.ones((3, 2))}
    issued = issue_cells(cells, plain, hierarchy, {"cell": "seasonal_naive"})
    np.testing.assert_allclose(hierarchy["category"].sum(issued), hierarchy["category"].sum(cells))
    np.testing.assert_allclose(issued[0], issued[1])  # the cells' shares are the plain forecast's
    total = issue_cells(cells, plain, hierarchy, {"category": "seasonal_naive"}).sum(axis=0)
    np.testing.assert_allclose(total, cells.sum(axis=0))


def test_cells_are_brought_together_with_an_issued_level():
    static = pd.DataFrame({"unique_id": list("abc"), "category": list("xxy")})
    hierarchy = Hierarchy.of(static, list("abc"))
    cells = np.array([[1.0, 2.0], [3.0, 2.0], [4.0, 4.0]])
    plain = {"same_week_mean": np.full((3, 2), 3.0), "seasonal_naive": np.ones((3, 2))}
    issued = issue_cells(cells, plain, hierarchy, {"category": "seasonal_naive", "total": "same_week_mean"})
    np.testing.assert_allclose(issued.sum(axis=0), 9.0)
    np.testing.assert_allclose(hierarchy["category"].sum(issued)[0] / issued[2], 2.0)  # the categories' shares: 2 to 1
    np.testing.assert_array_equal(issue_cells(cells, plain, hierarchy, {}), cells)


def seasonal_panel():
    """Cells that repeat themselves exactly every year, in jumps that no window mean follows."""
    rng = np.random.default_rng(2)
    ds = pd.date_range("2019-01-07", periods=230, freq="7D")
    year = rng.integers(0, 60, (4, 52)).astype(float)
    y = np.tile(year, 5)[:, :230]
    frame = pd.DataFrame({"unique_id": np.repeat(list("abcd"), 230), "ds": np.tile(ds, 4), "y": y.ravel()})
    return frame, pd.DataFrame({"unique_id": list("abcd"), "category": list("xxyy")})


@pytest.fixture(scope="module")
def result():
    return backtest(*seasonal_panel(), freq="W", origins=5, horizon=4, models=MODELS, config=SMALL)


def test_a_backtest_issues_the_plain_forecast_where_the_model_lost_before(result):
    rows = result.predictions[result.predictions["model"] == "issued"]
    bases = rows.groupby("cutoff")["base_model"].agg(set)
    assert list(bases.iloc[:3]) == [{"weisu"}] * 3  # the folds before are needed to know
    assert bases.iloc[-1] == {"seasonal_naive"}  # the same-week mean is as good: both repeat exactly
    late = rows["cutoff"] == rows["cutoff"].max()
    np.testing.assert_allclose(rows.loc[late, "mean"], rows.loc[late, "y"])
    sums = rows.groupby(["cutoff", "ds", "level"])["mean"].sum().unstack()  # noqa: PD010
    np.testing.assert_allclose(sums["category"], sums["total"])
    np.testing.assert_allclose(sums["cell"], sums["total"])


def test_later_folds_never_change_what_was_issued_before(result):
    early = result.predictions[result.predictions["cutoff"] < result.predictions["cutoff"].max()]
    y, static = seasonal_panel()
    hierarchy = Hierarchy.of(static, sorted(y["unique_id"].unique()))
    changed = result.predictions.assign(
        y=result.predictions["y"].where(result.predictions["cutoff"].isin(early["cutoff"]), 0)
    )
    columns = ["level", "unique_id", "ds", "mean", "p10", "p90", "base_model"]
    before = early.loc[early["model"] == "issued", columns].reset_index(drop=True)
    again = issued_rows(changed[changed["model"] != "issued"], hierarchy, BASES)
    again = again[again["cutoff"].isin(early["cutoff"])]
    pd.testing.assert_frame_equal(again[columns].reset_index(drop=True), before)


def test_the_model_issues_a_level_from_a_plain_forecast_and_says_so_after_a_restart():
    y, static = seasonal_panel()
    model = DemandModel.fit(y, static, freq="W", config=SMALL).issued_from({"total": "seasonal_naive", "district": "x"})
    rows = DemandModel.restore(model.export()).predict(horizon=4)
    base = rows.groupby("level")["base_model"].agg(set)
    assert base["total"] == {"seasonal_naive"}
    assert base["category"] == base["cell"] == {"weisu"}
    year = y.groupby("ds")["y"].sum().to_numpy()
    total = rows[rows["level"] == "total"]
    np.testing.assert_allclose(total["mean"], year[-52:-48])
    np.testing.assert_allclose(rows[rows["level"] == "cell"].groupby("ds")["mean"].sum(), total["mean"])
    why = model.explain(horizon=4)
    drivers = why[["usual_level", "season", "holiday", "weather", "event", "recent_change"]].sum(axis=1)
    np.testing.assert_allclose(drivers, rows["mean"])
