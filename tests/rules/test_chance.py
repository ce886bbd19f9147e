"""Tails of the negative binomial against `scipy.stats`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.hotspots.negative_binomial import at_least, usual_maximum

MEANS = st.floats(1e-4, 1e4)
DISPERSIONS = st.floats(1.001, 20)


@given(MEANS, DISPERSIONS, st.integers(0, 30_000))
def test_a_count_or_more_is_as_likely_as_scipy_says(mean: float, dispersion: float, count: int) -> None:
    oracle = stats.nbinom.sf(count - 1, mean / (dispersion - 1), 1 / dispersion)
    assert at_least(count, mean, dispersion) == pytest.approx(oracle, rel=1e-7, abs=1e-300)


@given(MEANS, DISPERSIONS)
def test_the_usual_maximum_is_the_quantile(mean: float, dispersion: float) -> None:
    assert usual_maximum(mean, dispersion) == stats.nbinom.ppf(0.99, mean / (dispersion - 1), 1 / dispersion)


@pytest.mark.parametrize("mean", [1e-4, 0.3, 7.0, 900.0])
def test_nearly_a_poisson_count_has_its_quantile(mean: float) -> None:
    assert usual_maximum(mean, 1 + 1e-6) == stats.poisson.ppf(0.99, mean)
