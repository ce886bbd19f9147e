"""One wild count spoils nobody; a rise that lasts is followed; bands agree with means, parts and weeks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.configuration.forecaster import WildConfig
from models.forecast import forecast_panel
from models.forecast.coherent_bands import above_parts, around_mean, within_periods
from models.forecast.hierarchy import Hierarchy, PanelMatrix
from models.forecast.model import DemandModel, matrix_of
from models.forecast.stand_in import NAME, StandIn
from models.forecast.wild_counts import bounded

COLUMNS = ["mean", "p10", "p50", "p90"]


def random_panel(seed: int, *, cells: int = 12, weeks: int = 120) -> pd.DataFrame:
    """Return cells of .3 to 60 tickets a week with seasons and overdispersion of their own."""
    rng = np.random.default_rng(seed)
    ds, rows = pd.date_range("2023-01-02", periods=weeks, freq="7D"), []
    for number in range(cells):
        alpha = rng.choice([0.01, 0.1, 0.4])
        season = 1 + 0.4 * np.sin(2 * np.pi * np.arange(weeks) / 52 + rng.uniform(0, 6))
        mean = np.exp(rng.uniform(np.log(0.3), np.log(60))) * season * rng.gamma(1 / alpha, alpha, weeks)
        labels = {"category": f"c{number % 4}", "district": f"d{number % 3}"}
        rows.append(pd.DataFrame({"unique_id": f"s{number}", "ds": ds, "y": rng.poisson(mean).astype(float), **labels}))
    return pd.concat(rows, ignore_index=True)


def one_week(panel: pd.DataFrame, seed: int) -> int:
    """Return the row of a random cell's random week, of a count at least its cell's mean."""
    rng = np.random.default_rng(seed)
    means = panel.groupby("unique_id")["y"].transform("mean").clip(lower=1)
    return int(rng.choice(panel.index[panel["y"] >= means]))


def forecast(panel: pd.DataFrame, row: int | None = None, times: float = 1) -> pd.DataFrame:
    changed = panel.copy()
    if row is not None:
        changed.loc[row, "y"] *= times
    return forecast_panel(changed, freq="W", horizon=4, levels="all")


@pytest.mark.parametrize("seed", range(6))
def test_one_wild_count_gives_the_same_answer_however_wild_and_moves_nobody_else(seed):
    panel = random_panel(seed)
    row = one_week(panel, seed)
    plain, ten = forecast(panel), forecast(panel, row, 10)
    for times in (100, 1_000_000):
        wild = forecast(panel, row, times)
        assert (wild[COLUMNS] - ten[COLUMNS]).abs().le(0.01 * ten[COLUMNS] + 0.02).all(axis=None)
    others = plain["unique_id"].isin(set(panel["unique_id"]) - {panel.loc[row, "unique_id"]})
    moved = (ten.loc[others, "mean"] - plain.loc[others, "mean"]).abs()
    assert moved.le(0.05 * plain.loc[others, "mean"] + 0.1).all()
    assert ten.loc[others, "mean"].sum() == pytest.approx(plain.loc[others, "mean"].sum(), rel=0.01)


def test_a_rise_that_lasts_is_followed():
    panel = random_panel(3)
    last = sorted(panel["ds"].unique())[-3:]
    row = panel["ds"].isin(last) & (panel["unique_id"] == "s1")
    panel.loc[panel["unique_id"] == "s1", "y"] = np.random.default_rng(1).poisson(20, 120)
    matrix, hierarchy = matrix_of(panel[["unique_id", "ds", "y"]], panel[["unique_id", "category", "district"]], "W")
    at = matrix.ids.index("s1")
    risen = matrix.y.copy()
    risen[at, -3:] = (300, 310, 290)
    kept = bounded(PanelMatrix(risen, matrix.ids, matrix.ds, matrix.freq), hierarchy, WildConfig())
    np.testing.assert_array_equal(kept.y[at, -3:], (300, 310, 290))
    two = risen.copy()
    two[at, -3] = 20
    cut = bounded(PanelMatrix(two, matrix.ids, matrix.ds, matrix.freq), hierarchy, WildConfig())
    assert (cut.y[at, -2:] < 60).all()
    before = forecast(panel)
    panel.loc[row, "y"] = (300, 310, 290)
    after = forecast(panel)
    of = before["unique_id"] == "s1"
    assert (after.loc[of, "mean"] > 1.5 * before.loc[of, "mean"]).all()


def test_a_storm_and_a_season_are_believed_but_not_without_bound():
    rng = np.random.default_rng(5)
    y = rng.poisson(4.0, (6, 160)).astype(float)
    y[:4, 100] = (60, 70, 80, 1_000_000)
    y[5, [40, 92, 144]] = (50, 55, 60)
    static = pd.DataFrame(
        {"unique_id": [str(i) for i in range(6)], "category": ["a"] * 5 + ["b"], "district": list("xyzxyz")}
    )
    panel = PanelMatrix(y, tuple(static["unique_id"]), pd.date_range("2023-01-02", periods=160, freq="7D"), "W")
    kept = bounded(panel, Hierarchy.of(static, panel.ids), WildConfig()).y
    np.testing.assert_array_equal(kept[:3, 100], (60, 70, 80))
    assert 60 < kept[3, 100] < 500
    np.testing.assert_array_equal(kept[5, [40, 92, 144]], (50, 55, 60))


def test_nothing_wild_changes_nothing():
    panel = PanelMatrix(np.full((3, 30), 2.0), ("a", "b", "c"), pd.date_range("2023-01-02", periods=30, freq="7D"), "W")
    static = pd.DataFrame({"unique_id": list("abc"), "category": list("xxy"), "district": list("uvv")})
    assert bounded(panel, Hierarchy.of(static, panel.ids), WildConfig()) is panel


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["trained", "stand-in"])
def test_bands_agree_with_means_parts_and_weeks(seed, kind):
    panel = random_panel(seed + 10)
    office = (panel["district"] == "d1") & (panel["ds"] < panel["ds"].max() - pd.Timedelta(weeks=14))
    panel.loc[office, "y"] = (panel.loc[office, "y"] / 30).round()
    y, static = panel[["unique_id", "ds", "y"]], panel[["unique_id", "category", "district"]].drop_duplicates()
    if kind == "trained":
        model = DemandModel.fit(y, static, freq="W")
        rows, totals = model.predict(horizon=4), model.predict_totals(spans=(4,))
    else:
        stand_in = StandIn(y, static, freq="W")
        rows, totals = stand_in.predict_with_drivers(horizon=4), stand_in.predict_totals(spans=(4,))
        assert set(rows["base_model"]) == {NAME}
    assert rows["p10"].le(rows["p50"]).all()
    assert rows["p50"].le(rows["p90"]).all()
    large = rows[rows["mean"] > 5]
    assert large["p10"].le(large["mean"]).all()
    assert large["mean"].le(large["p90"]).all()
    broken = rows[rows["unique_id"] == "district=d1"]
    assert broken["p10"].gt(0).all()
    assert broken["p50"].gt(0.5 * broken["mean"]).all()
    cells = rows[rows["level"] == "cell"].merge(static, on="unique_id")
    for of in ("category", "district"):
        largest = cells.groupby([of, "ds"])["p10"].max()
        whole = rows[rows["level"] == of].assign(name=lambda r: r["unique_id"].str.split("=").str[1])
        assert whole.set_index(["name", "ds"])["p50"].sub(largest).dropna().ge(0).all()
    weeks = rows.groupby("unique_id")[COLUMNS].sum()
    four = totals.set_index("unique_id")[COLUMNS].reindex(weeks.index)
    np.testing.assert_allclose(four["mean"], weeks["mean"])
    assert four["p10"].ge(np.minimum(weeks["p10"], np.floor(weeks["mean"]))).all()
    assert four["p50"].ge(weeks["p50"]).all()
    assert four["p90"].le(np.maximum(weeks["p90"], np.ceil(weeks["mean"]))).all()


def test_the_rules_of_bands_one_by_one():
    mean = np.array([[62.8], [3.0]])
    bands = around_mean(mean, {0.1: np.array([[70.0], [0.0]]), 0.5: np.zeros((2, 1)), 0.9: np.array([[61.0], [0.0]])})
    assert [bands[level].ravel().tolist() for level in (0.1, 0.9)] == [[62.0, 0.0], [63.0, 0.0]]
    static = pd.DataFrame({"unique_id": ["a", "b"], "category": ["x", "x"]})
    levels = Hierarchy.of(static, ("a", "b"))
    of_cells = {0.1: np.array([[3.0], [1.0]]), 0.5: np.array([[11.0], [2.0]])}
    raised = above_parts(levels, {"total": {0.5: np.zeros((1, 1)), 0.9: np.ones((1, 1))}, "cell": of_cells})
    assert (raised["total"][0.5].item(), raised["total"][0.9].item()) == (3.0, 3.0)
    weeks = {0.1: np.full((1, 4), 3.0), 0.5: np.full((1, 4), 11.0), 0.9: np.full((1, 4), 25.0)}
    total = within_periods({0.1: np.zeros(1), 0.5: np.array([19.0]), 0.9: np.array([604.0])}, np.array([68.0]), weeks)
    assert [total[level].item() for level in (0.1, 0.5, 0.9)] == [12.0, 44.0, 100.0]
