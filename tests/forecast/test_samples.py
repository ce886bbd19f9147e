import numpy as np
import pandas as pd
import pytest

from models.errors import PanelContractError
from models.forecast.distribution import SharedFactors, sample_paths, shared_factors
from models.forecast.hierarchy import Hierarchy
from models.forecast.model import DemandModel

CELLS = [f"{category} {district}" for category in "ab" for district in "xyz"]
STATIC = pd.DataFrame(
    {"unique_id": CELLS, "category": [cell[0] for cell in CELLS], "district": [cell[2] for cell in CELLS]}
)
HIERARCHY = Hierarchy.of(STATIC, CELLS)
MEAN = np.array([8.0, 20.0, 4.0, 30.0, 1.0, 12.0])


def dispersions(cell: float, category: float, district: float, total: float) -> dict[str, np.ndarray]:
    sizes = {level.name: len(level.ids) for level in HIERARCHY.levels}
    given = {"cell": cell, "category": category, "district": district, "total": total}
    return {name: np.full(sizes[name], value) for name, value in given.items()}


@pytest.mark.parametrize("lasting", [0.0, 1.0])
def test_factors_are_found_again_in_the_scatter_of_what_they_drew(lasting):
    levels = [HIERARCHY["total"], HIERARCHY["category"], HIERARCHY["district"]]
    drawn = SharedFactors(
        tuple((level, np.full(len(level.ids), v)) for level, v in zip(levels, (0.04, 0.05, 0.06), strict=True)),
        np.full(len(CELLS), 0.1),
    )
    cells = np.repeat(10 * MEAN[:, None], 2, axis=1)
    paths = sample_paths(cells, drawn, draws=60_000, rng=np.random.default_rng(1), lasting=lasting)
    np.testing.assert_allclose(paths.mean(axis=(0, 2)), 10 * MEAN, rtol=0.03)
    alpha = {}
    for level in HIERARCHY.levels:
        sums, mean = level.sum(paths[:, :, 0].T), level.sum(10 * MEAN)
        alpha[level.name] = (sums.var(axis=1) - mean) / mean**2
    found = shared_factors(10 * MEAN, HIERARCHY, alpha)
    for (_, variance), (_, true) in zip(found.shared, drawn.shared, strict=True):
        np.testing.assert_allclose(variance, true, atol=0.025)
    np.testing.assert_allclose(found.own, drawn.own, atol=0.03)


def test_what_lasts_widens_sums_over_weeks():
    alpha = dispersions(0.5, 0.25, 0.22, 0.15)
    factors = shared_factors(MEAN, HIERARCHY, alpha)
    cells = np.repeat(MEAN[:, None], 4, axis=1)
    spread = [
        sample_paths(cells, factors, draws=4_000, rng=np.random.default_rng(2), lasting=share).sum(axis=(1, 2)).std()
        for share in (0.0, 1.0)
    ]
    assert spread[1] > 1.3 * spread[0]


def test_cells_that_err_alone_share_nothing():
    alpha = dispersions(0.3, 0.0, 0.0, 0.0)
    factors = shared_factors(MEAN, HIERARCHY, alpha)
    assert all((variance == 0).all() for _, variance in factors.shared)
    np.testing.assert_allclose(factors.own, alpha["cell"])


def fitted() -> DemandModel:
    rng = np.random.default_rng(3)
    ds = pd.date_range("2024-01-01", periods=60, freq="7D")
    y = pd.DataFrame(
        {"unique_id": np.repeat(CELLS, 60), "ds": np.tile(ds, 6), "y": rng.poisson(np.repeat(MEAN, 60)).astype(float)}
    )
    return DemandModel.fit(y, STATIC, freq="W")


def test_any_sum_has_quantiles_around_its_mean():
    model = fitted()
    groups = {"a x": "south", "b y": "south", "b z": "north"}
    sums = model.predict_sums(groups, horizon=4, quantiles=(0.05, 0.5, 0.95), draws=500)
    assert sums["group"].tolist() == ["north", "south"]
    cells = model.predict(horizon=4, levels="input").groupby("unique_id")["mean"].sum()
    np.testing.assert_allclose(sums["mean"], [cells["b z"], cells["a x"] + cells["b y"]])
    assert (sums["p5"] < sums["p50"]).all()
    assert (sums["p50"] < sums["p95"]).all()
    pd.testing.assert_frame_equal(sums, model.predict_sums(groups, horizon=4, quantiles=(0.05, 0.5, 0.95), draws=500))


def test_a_sum_is_no_part_of_a_sum():
    with pytest.raises(PanelContractError, match="'category=a' is no cell of this model"):
        fitted().predict_sums({"category=a": "all"}, horizon=2)


def test_totals_of_every_level_agree_with_the_weeks_and_with_the_sums_of_groups():
    model = fitted()
    totals = model.predict_totals(spans=(2, 4), quantiles=(0.1, 0.5, 0.9), draws=500)
    weeks = model.predict(horizon=4)
    assert set(totals["level"]) == {"total", "category", "district", "cell"}
    assert (totals["ds"] == weeks["ds"].min()).all()
    for span, rows in totals.groupby("periods"):
        expected = weeks[weeks["horizon"] <= span].groupby("unique_id")["mean"].sum()
        np.testing.assert_allclose(rows.set_index("unique_id")["mean"], expected[rows["unique_id"]])
    named = {"a x": "a", "a y": "a", "a z": "a"}
    one = model.predict_sums(named, horizon=4, draws=500).iloc[0]
    same = totals.query("unique_id == 'category=a' and periods == 4").iloc[0]
    assert [same[name] for name in ("p10", "p50", "p90")] == [one[name] for name in ("p10", "p50", "p90")]


def test_the_band_of_a_total_is_narrower_than_the_weeks_bands_added():
    model = fitted()
    total = model.predict_totals(spans=(4,)).query("unique_id == 'total'").iloc[0]
    weeks = model.predict(horizon=4).query("unique_id == 'total'")
    assert total["p90"] - total["p10"] < (weeks["p90"] - weeks["p10"]).sum()
