"""The libraries as rivals: here where they are installed, or in another Python."""

import sys

import numpy as np
import pandas as pd
import pytest

from features.configuration import ForecastConfig
from features.errors import BadInputError
from features.vocabulary import Frequency
from models.forecast.candidate_models import RIVALS, RivalInput, rival
from models.forecast.hierarchy import Hierarchy, PanelMatrix
from models.forecast.peers import NEEDS, installed_peers
from pipelines.backtest import _names
from pipelines.errors import PeerError
from pipelines.peer_environment import PeerEnvironment, peers_of


def known(freq, step, **settings) -> RivalInput:
    ids = tuple("dcba")
    y = np.random.default_rng(0).poisson([[1], [5], [20], [60]], (4, 150)).astype(float)
    panel = PanelMatrix(y, ids, pd.date_range("2022-01-05", periods=150, freq=f"{step}D"), Frequency(freq))
    static = pd.DataFrame({"unique_id": ids, "category": list("xxyy"), "district": list("1212")})
    return RivalInput(panel, Hierarchy.of(static, ids), None, ForecastConfig(), 3, **settings)


def test_only_installed_peers_are_offered():
    assert set(installed_peers()) <= set(NEEDS) <= set(RIVALS)


@pytest.mark.parametrize("name", list(NEEDS))
@pytest.mark.parametrize(("freq", "step"), [("W", 7), ("D", 1)])
def test_a_peer_finds_the_level_of_each_cell_in_order(name, freq, step):
    pytest.importorskip(NEEDS[name])
    mean = rival(name)(known(freq, step)).mean
    np.testing.assert_allclose(mean.mean(axis=1), [1, 5, 20, 60], rtol=0.5)


@pytest.fixture
def another_python(tmp_path):
    """Stand in for an environment of its own: this interpreter, with a statsforecast that repeats the last count."""
    site = tmp_path / "site"
    (site / "statsforecast").mkdir(parents=True)
    (site / "statsforecast-9.9.dist-info").mkdir()
    (site / "statsforecast-9.9.dist-info" / "METADATA").write_text("Name: statsforecast\nVersion: 9.9\n")
    (site / "statsforecast" / "models.py").write_text(
        "def _model(**given):\n    return given\nAutoETS = DynamicOptimizedTheta = MSTL = _model\n"
    )
    (site / "statsforecast" / "__init__.py").write_text(
        "import pandas as pd\n"
        "class StatsForecast:\n"
        "    def __init__(self, models, freq, n_jobs):\n"
        "        self.alias, self.freq = models[0]['alias'], freq\n"
        "    def forecast(self, df, h):\n"
        "        if df['y'].max() > 1e6:\n"
        "            raise ValueError('too large for this library')\n"
        "        last = df.groupby('unique_id').tail(1)\n"
        "        ahead = [last.assign(ds=last['ds'] + pd.Timedelta(days=n)) for n in range(1, h + 1)]\n"
        "        return pd.concat(ahead).rename(columns={'y': self.alias})\n"
    )
    python = tmp_path / "python"
    start = f"import sys; sys.path.insert(0, {str(site)!r}); import runpy; sys.argv[:] = sys.argv[1:]; "
    run = "runpy.run_path(sys.argv[0], run_name='__main__')"
    python.write_text(f'#!/bin/sh\nshift\nexec {sys.executable} -c "{start}{run}" "$@"\n')
    python.chmod(0o755)
    return python


def test_another_python_fits_what_is_installed_there(another_python):
    fit, installed = peers_of(another_python)
    assert {name: installed[name] for name in ("autoets", "theta", "mstl")} == dict.fromkeys(
        ("autoets", "theta", "mstl"), "statsforecast 9.9"
    )
    given = known("W", 7, peer_fit=fit)
    np.testing.assert_array_equal(rival("autoets")(given).mean, np.repeat(given.panel.y[:, -1:], 3, axis=1))


def test_what_another_python_says_when_it_fails_is_said_again(another_python, tmp_path):
    given = known("W", 7, peer_fit=PeerEnvironment(another_python))
    given.panel.y[0, 0] = 1e7
    with pytest.raises(PeerError, match=r"fitting autoets: .*too large for this library"):
        rival("autoets")(given)
    with pytest.raises(PeerError, match="absent does not start"):
        peers_of(tmp_path / "absent")


def test_models_are_named_once_and_must_exist():
    installed = {"autoets": "statsforecast 2"}
    assert _names(["weisu", "autoets", "weisu"], "W", peers=True, installed=installed) == ["weisu", "autoets"]
    assert _names([], "D", peers=False, installed={}).count("prophet") == 0
    assert _names([], "D", peers=True, installed={}).count("prophet") == 1
    with pytest.raises(BadInputError, match="no model 'arima' to backtest"):
        _names(["arima"], "W", peers=False, installed={})
    with pytest.raises(BadInputError, match="'mlforecast' needs mlforecast, which is not installed"):
        _names(["mlforecast"], "W", peers=False, installed=installed)
