"""The libraries as rivals, where they are installed."""

import numpy as np
import pandas as pd
import pytest

from models.forecast import ForecastConfig
from models.forecast.hierarchy import Hierarchy, PanelMatrix
from models.forecast.peers import NEEDS, installed_peers
from models.forecast.rivals import RIVALS, Known, rival


def test_only_installed_peers_are_offered():
    assert set(installed_peers()) <= set(NEEDS) <= set(RIVALS)


@pytest.mark.parametrize("name", list(NEEDS))
@pytest.mark.parametrize(("freq", "step"), [("W", 7), ("D", 1)])
def test_a_peer_finds_the_level_of_each_cell_in_order(name, freq, step):
    pytest.importorskip(NEEDS[name])
    ids = tuple("dcba")
    y = np.random.default_rng(0).poisson([[1], [5], [20], [60]], (4, 150)).astype(float)
    panel = PanelMatrix(y, ids, pd.date_range("2022-01-05", periods=150, freq=f"{step}D"), freq)
    static = pd.DataFrame({"unique_id": ids, "category": list("xxyy"), "district": list("1212")})
    mean = rival(name)(Known(panel, Hierarchy.of(static, ids), None, ForecastConfig(), 3)).mean
    np.testing.assert_allclose(mean.mean(axis=1), [1, 5, 20, 60], rtol=0.5)
