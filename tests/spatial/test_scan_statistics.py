from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from features.configuration.detection import TailConfig
from features.errors import BadInputError
from models.hotspots.spatial import ExpectationScan, GumbelTail, ScanPlaces, Zones, grid_places
from models.hotspots.spatial.zones import Rings

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "spacetime"))

from permutation import PermutationScan


def city(size: int, *, spread_km: float = 8.0, seed: int = 0) -> ScanPlaces:
    rng = np.random.default_rng(seed)
    lat = 48.7 + rng.random(size) * spread_km / 111.2
    lon = 9.1 + rng.random(size) * spread_km / 73.4
    return ScanPlaces(tuple(map(str, range(size))), lat, lon)


def quiet(places: ScanPlaces, *, mean: float = 0.3, periods: int = 365, phi: float = 2.0, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mu = np.full((len(places), periods), mean)
    return rng.negative_binomial(mu / (phi - 1), 1 / phi).astype(float)


def test_distances_are_great_circles() -> None:
    # Stuttgart to Boston, by the haversine formula on a sphere of 6371.0088 km.
    places = ScanPlaces(("s", "b"), np.array([48.7758, 42.3601]), np.array([9.1829, -71.0589]))
    assert places.distances_km()[0, 1] == pytest.approx(5992.5, abs=0.5)


def test_zones_are_nested_and_end_at_the_radius() -> None:
    places = city(30)
    zones = Zones.around(places, max_radius_km=2.0)
    distances = places.distances_km()
    for centre in range(30):
        members = zones.members(centre, zones.width - 1)
        within = np.flatnonzero(distances[centre] <= 2.0)
        assert set(members) <= set(within)
        assert len(members) == min(len(within), 15)
        assert members[0] == centre


def test_growing_sums_equal_plain_sums() -> None:
    zones = Zones.around(city(12), max_radius_km=3.0)
    values = np.random.default_rng(0).random((12, 4))
    for rank, (sums,) in enumerate(zones.growing_sums(values)):
        for centre in range(12):
            np.testing.assert_allclose(sums[centre], values[zones.members(centre, rank)].sum(axis=0))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_expectation_statistic_equals_the_formula(seed: int) -> None:
    places = city(9, seed=seed)
    counts = quiet(places, periods=40, seed=seed)
    scan = ExpectationScan(Zones.around(places, max_radius_km=4.0), durations=(1, 3, 7), half_life=20.0)
    dispersion = np.array([1.1, 1.3, 1.5])
    statistic, cylinders = scan.statistics(counts, dispersion=dispersion)
    fading = counts @ 0.5 ** (np.arange(40)[::-1] / 20.0)
    for row, size, duration in np.ndindex(*statistic.shape):
        members = scan.zones.members(int(cylinders.centres[row]), int(cylinders.ranks[size]))
        days = scan.durations[duration]
        c = counts[members, -days:].sum()
        mu = fading[members].sum() / fading.sum() * counts[:, -days:].sum()
        r = mu / (dispersion[duration] - 1)
        llr = c * np.log(c / mu) - (c + r) * np.log((c + r) / (mu + r)) if c > mu and c >= scan.min_count else 0.0
        assert cylinders.expected[row, size, duration] == pytest.approx(mu)
        assert statistic[row, size, duration] == pytest.approx(llr, abs=1e-9)


def test_circle_sizes_grow_by_a_quarter_and_end_with_all() -> None:
    places = city(60)
    zones = Zones.around(places, max_radius_km=9.0)
    sizes = Rings.of(zones, np.arange(3)).ranks + 1
    assert sizes.tolist() == [1, 2, 3, 4, 5, 7, 9, 11, 14, 18, 22, 28, 30]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_permutation_statistic_equals_the_formula(seed: int) -> None:
    places = city(8, seed=seed)
    counts = quiet(places, periods=30, seed=seed)
    scan = PermutationScan(Zones.around(places, max_radius_km=4.0), durations=(1, 3, 7))
    statistic, observed, expected = scan.statistics(counts)
    total = counts.sum()
    for centre, rank, duration in np.ndindex(*statistic.shape):
        members = scan.zones.members(centre, rank)
        days = scan.durations[duration]
        c = counts[members, -days:].sum()
        mu = counts[members].sum() * counts[:, -days:].sum() / total
        rest = (total - c) * np.log((total - c) / (total - mu)) if c < total else 0.0
        llr = c * np.log(c / mu) + rest if c > mu else 0.0
        assert (observed[centre, rank, duration], expected[centre, rank, duration]) == pytest.approx((c, mu))
        assert statistic[centre, rank, duration] == pytest.approx(llr, abs=1e-9)


def test_pruned_maxima_equal_the_full_ones() -> None:
    places = city(20)
    zones = Zones.around(places, max_radius_km=3.0)
    counts = quiet(places, periods=120)
    permutation = PermutationScan(zones, durations=(1, 2, 3))
    recent = counts[:, ::-1][:, :3, None]
    assert permutation._maxima(counts, recent)[0] == pytest.approx(permutation.statistics(counts)[0].max())
    scan = ExpectationScan(zones, durations=(1, 2, 3))
    dispersion = np.array([1.5, 1.6, 1.7])
    maxima = scan._maxima(scan._analyses(counts, np.array([100, 120])), dispersion)
    for end, found in zip((100, 120), maxima, strict=True):
        full = scan.statistics(counts[:, :end], dispersion=dispersion)[0].max()
        assert found == pytest.approx(full)


def test_permuted_windows_keep_places_and_periods() -> None:
    places = city(10)
    counts = quiet(places, periods=60, mean=1.0)
    from permutation import _permuted_windows

    drawn = _permuted_windows(counts, 5, 200, np.random.default_rng(0))
    newest_first = counts.sum(axis=0)[::-1][:5]
    np.testing.assert_array_equal(drawn.sum(axis=0), np.repeat(newest_first[:, None], 200, axis=1))
    share = counts.sum(axis=1) / counts.sum()
    np.testing.assert_allclose(drawn.sum(axis=(1, 2)) / drawn.sum(), share, atol=0.03)


@pytest.mark.parametrize("scale", ["day", "history"])
def test_a_planted_cluster_is_found_where_and_when_it_is(scale: str) -> None:
    places = city(100)
    zones = Zones.around(places, max_radius_km=3.0)
    counts = quiet(places)
    near = zones.neighbours[7, :3]
    counts[near, -3:] += 4
    scan = ExpectationScan(zones, scale=scale)  # type: ignore[arg-type]
    tail, dispersion = scan.calibrate(counts)
    statistic, cylinders = scan.statistics(counts, dispersion=dispersion)
    row, rank, duration = np.unravel_index(statistic.argmax(), statistic.shape)
    found = set(scan.zones.members(int(cylinders.centres[row]), int(cylinders.ranks[rank])))
    assert len(found & set(near)) >= 2
    assert 2 <= scan.durations[duration] <= 7
    assert cylinders.observed[row, rank, duration] >= 30
    assert 1 / tail.p_value(statistic.max()) > 365


def test_shares_are_remembered_as_long_as_they_last() -> None:
    rng = np.random.default_rng(0)
    places = city(40)
    scan = ExpectationScan(Zones.around(places, max_radius_km=1.0))
    steady = rng.poisson(np.linspace(0.01, 0.1, 40)[:, None], (40, 365)).astype(float)
    moving = rng.poisson(2.0 ** rng.normal(0, 2, (40, 5)).repeat(73, axis=1)).astype(float)
    assert scan.adapted(steady).half_life == 480.0
    assert scan.adapted(moving).half_life == 60.0
    assert scan.adapted(steady[:, :20]).half_life == 60.0


def test_the_half_life_does_not_see_what_is_under_way() -> None:
    counts = quiet(city(40))
    scan = ExpectationScan(Zones.around(city(40), max_radius_km=1.0))
    busy = counts.copy()
    busy[3, -14:] += 50
    assert scan.adapted(busy) == scan.adapted(counts)


def test_statistic_is_the_negative_binomial_likelihood_ratio() -> None:
    places = city(1)
    counts = np.full((1, 40), 2.0)
    scan = replace(ExpectationScan(Zones.around(places, max_radius_km=1.0), durations=(1,)), scale="history")
    counts[0, -1] = 9.0
    statistic, cylinders = scan.statistics(counts, dispersion=np.array([1.8]))
    size = cylinders.expected.item() / 0.8
    likely, usual = (stats.nbinom.logpmf(9, size, size / (size + mean)) for mean in (9.0, cylinders.expected.item()))
    assert statistic.item() == pytest.approx(likely - usual)


def test_a_dispersion_of_one_is_poisson() -> None:
    places = city(9)
    counts = quiet(places, periods=60)
    scan = ExpectationScan(Zones.around(places, max_radius_km=4.0))
    statistic, cylinders = scan.statistics(counts, dispersion=np.ones(9))
    c, mu = cylinders.observed, cylinders.expected
    with np.errstate(divide="ignore", invalid="ignore"):
        poisson = np.where((c > mu) & (c >= 3), c * np.log(c / mu) + mu - c, 0.0)
    np.testing.assert_allclose(statistic, poisson, atol=1e-6)


def test_a_past_cluster_does_not_hide_the_next_one() -> None:
    places = city(60)
    scan = ExpectationScan(Zones.around(places, max_radius_km=2.0))
    counts = quiet(places)
    touched = counts.copy()
    touched[7, 200:207] += 10
    before, after = scan.calibrate(counts)[0], scan.calibrate(touched)[0]
    assert after.location == pytest.approx(before.location, abs=0.4)
    assert after.scale == pytest.approx(before.scale, rel=0.25)
    assert after.p_value(15.0) < 5 * before.p_value(15.0)


def test_what_comes_every_other_month_is_not_called_rarer() -> None:
    places = city(60)
    scan = ExpectationScan(Zones.around(places, max_radius_km=2.0))
    counts = quiet(places, phi=1.2)
    without = scan.calibrate(counts)[0]
    counts[5 * np.arange(6), 10 + 60 * np.arange(6)] += 30
    tail, dispersion = scan.calibrate(counts)
    counts[41, -1] += 25
    fair = scan.statistics(counts, dispersion=dispersion)[0].max()
    assert without.p_value(fair) < 1 / 10_000
    assert tail.p_value(fair) >= 1 / 100


def test_one_past_event_makes_nothing_usual() -> None:
    tail = GumbelTail(-20.0, 1.3, stretches=(4.0, 20.0, 19.0, 5.0), periods=56)
    assert tail.p_value(18.0) == GumbelTail(-20.0, 1.3).p_value(18.0)
    assert tail.p_value([4.5, 21.0]) == pytest.approx([1 / 56, 0.0], abs=1e-9)


def test_dispersion_is_estimated() -> None:
    places = city(100)
    scan = ExpectationScan(Zones.around(places, max_radius_km=1.0))
    for phi in (1.0001, 2.0, 4.0):
        _, dispersion = scan.calibrate(quiet(places, mean=2.0, phi=phi), analyses=100)
        assert dispersion == pytest.approx(np.full(9, phi), rel=0.1)


def test_quiet_overdispersed_cities_stay_quiet_where_the_permutation_scan_claims_clusters() -> None:
    places = city(60)
    zones = Zones.around(places, max_radius_km=4.0)
    ours = theirs = 0
    for seed in range(15):
        counts = quiet(places, seed=seed)
        scan = ExpectationScan(zones)
        tail, dispersion = scan.calibrate(counts)
        ours += tail.p_value(scan.statistics(counts, dispersion=dispersion)[0].max()) < 1 / 365
        permutation = PermutationScan(zones, replicates=99)
        theirs += permutation.calibrate(counts).p_value(permutation.statistics(counts)[0].max()) < 1 / 365
    assert ours == 0
    assert theirs >= 5


def test_gumbel_recovers_its_own_quantiles() -> None:
    values = np.random.default_rng(0).gumbel(3.0, 2.0, 200_000)
    tail = GumbelTail.fit(values)
    assert (tail.location, tail.scale) == pytest.approx((3.0, 2.0), rel=0.02)
    exceeded = np.quantile(values, 1 - 1 / 365)
    assert tail.p_value(exceeded) == pytest.approx(1 / 365, rel=0.1)


def test_a_tail_goes_through_the_level_of_its_share() -> None:
    values = np.random.default_rng(0).gumbel(3.0, 1.3, 200_000)
    tail = GumbelTail.through(values, share=0.2, scale=1.3)
    assert tail.p_value(np.quantile(values, 0.8)) == pytest.approx(0.2)
    assert tail.location == pytest.approx(3.0, rel=0.02)


def tail_after(*peaks: float, level: float = 4.0, scale: float = 1.5) -> GumbelTail:
    """The tail of a past whose level is `level` and whose events, a quiet stretch between them, had these maxima."""
    stretches = np.array([value for peak in peaks for value in (peak, 0.0)])
    return GumbelTail.of_past([level] * 10, stretches, periods=14 * stretches.size, config=TailConfig(scale=scale))


def test_past_events_draw_the_scale_towards_their_mean_excess() -> None:
    usual = tail_after(*[5.5] * 8)
    assert usual.scale == pytest.approx(1.5)
    assert usual.p_value(4.0) == pytest.approx(0.2)
    assert tail_after(*[4.5] * 8).scale == pytest.approx((7 * 1.5 + 8 * 0.5) / 15)
    batches, once = tail_after(*[6.5] * 8), tail_after(6.5)
    assert batches.scale == pytest.approx((7 * 1.5 + 8 * 2.5) / 15)
    assert usual.p_value(14.0) < once.p_value(14.0) < batches.p_value(14.0)


def test_one_event_hardly_widens_the_tail_and_several_do() -> None:
    once, thrice, often = (tail_after(*[70.0] * events).scale for events in (1, 3, 8))
    assert once == tail_after(7000.0).scale == pytest.approx(1.5 * 7 / 6)
    assert thrice == pytest.approx(1.5 * 7 / 4)
    assert often > 20


@given(st.lists(st.floats(0.01, 60.0), max_size=25))
def test_no_event_counts_for_more_than_two_scales(excesses: list[float]) -> None:
    scale = tail_after(*(4.0 + np.array(excesses)), 0.0).scale
    counted = np.minimum(excesses, 2 * scale).sum()
    assert scale == pytest.approx((7 * 1.5 + counted) / (7 + len(excesses)))


def test_an_event_in_two_stretches_counts_once_for_the_scale() -> None:
    stretches = np.array([0.0, 5.0, 6.0, 0.0])
    tail = GumbelTail.of_past([4.0] * 10, stretches, periods=56, config=TailConfig(scale=1.5))
    assert tail.scale == tail_after(6.0).scale


def test_too_short_a_history_says_so() -> None:
    places = city(5)
    with pytest.raises(BadInputError, match="40 periods of history are too few"):
        ExpectationScan(Zones.around(places, max_radius_km=1.0)).calibrate(np.ones((5, 40)))


def test_grid_cells_hold_their_points() -> None:
    rng = np.random.default_rng(0)
    lat, lon = 42.3 + rng.random(500) * 0.1, -71.1 + rng.random(500) * 0.1
    lat[3] = np.nan
    places, index = grid_places(lat, lon, cell_km=0.5)
    assert index[3] == -1
    known = index >= 0
    y = (lat[known] - places.lat[index[known]]) * 111.195
    x = (lon[known] - places.lon[index[known]]) * 111.195 * np.cos(np.radians(42.35))
    assert np.hypot(x, y).max() <= places.reach_km * 1.001
    with pytest.raises(BadInputError, match="cell_km is 0"):
        grid_places(lat, lon, cell_km=0)
