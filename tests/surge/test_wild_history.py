"""Detection copes with counts of a thousand million, in a series and in its past."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.hotspots import detect_surges
from models.hotspots.surge.wild_counts import TIMES, without_wild_counts

WEEKS = pd.date_range("2023-01-02", periods=150, freq="7D")


def panel(**series: np.ndarray) -> pd.DataFrame:
    frames = [pd.DataFrame({"unique_id": name, "ds": WEEKS, "y": y}) for name, y in series.items()]
    return pd.concat(frames, ignore_index=True)


@pytest.mark.parametrize("rate", [1e6, 1e9, 5e9])
def test_a_series_of_huge_counts_is_expected_at_its_level(rate):
    y = np.round(np.random.default_rng(1).normal(rate, rate**0.5, len(WEEKS)))
    found = detect_surges(panel(a=y), freq="W", start=WEEKS[-3])
    np.testing.assert_allclose(found["expected"], rate, rtol=1e-3)
    assert not found["alarm"].any()


@settings(max_examples=8, deadline=None)
@given(at=st.integers(5, 120), size=st.sampled_from([1e4, 1e6, 1e9]), seed=st.integers(0, 1000))
def test_one_wild_count_of_the_past_hides_no_burst_and_moves_no_other_series(at, size, seed):
    rng = np.random.default_rng(seed)
    own, other = rng.poisson(20, len(WEEKS)).astype(float), rng.poisson(20, len(WEEKS)).astype(float)
    own[-1] = 90
    wild = own.copy()
    wild[at] = size
    found = detect_surges(panel(own=wild, other=other), freq="W", start=WEEKS[-2]).set_index("unique_id")
    plain = detect_surges(panel(own=own, other=other), freq="W", start=WEEKS[-2]).set_index("unique_id")
    assert found.loc["own", "alarm"].iloc[-1]
    assert found.loc["own", "expected"].iloc[-1] < 3 * plain.loc["own", "expected"].iloc[-1] + 10
    np.testing.assert_allclose(found.loc["other", "expected"], plain.loc["other", "expected"], rtol=0.25)


def test_a_wild_count_alarms_on_its_own_day_as_it_was_counted():
    y = np.random.default_rng(2).poisson(20, len(WEEKS)).astype(float)
    y[-1] = 1e9
    last = detect_surges(panel(a=y), freq="W", start=WEEKS[-1]).iloc[-1]
    assert (last["y"], last["alarm"]) == (1e9, True)


@given(
    y=st.lists(st.one_of(st.integers(0, 50), st.sampled_from([10**4, 10**9])), min_size=4, max_size=80),
    keep=st.integers(1, 80),
)
def test_what_is_cut_is_known_by_then_and_a_third_time_is_believed(y, keep):
    counts = np.array([y], dtype=float)
    found = without_wild_counts(counts)
    early = without_wild_counts(counts[:, :keep])
    np.testing.assert_array_equal(found[:, :keep], early)
    assert (found <= counts).all()
    ordinary = counts <= TIMES * 10
    np.testing.assert_array_equal(found[ordinary], counts[ordinary])
    new_level = np.array([[0.0] * 50 + [5e4] * 10])
    np.testing.assert_array_equal(without_wild_counts(new_level)[0, 53:], new_level[0, 53:])
