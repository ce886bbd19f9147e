"""Refits of a backtest on a real Dask cluster of two workers give the same numbers as on local cores."""

import numpy as np
import pandas as pd
import pytest

from features.configuration import ForecastConfig
from features.configuration.forecaster import TreeConfig
from features.errors import BadInputError
from models.forecast import backtest
from pipelines.cluster import on_cluster

SMALL = ForecastConfig(onestep=TreeConfig(trees=10, leaves=5))


def panel():
    rng = np.random.default_rng(7)
    ds = pd.date_range("2022-01-03", periods=110, freq="7D")
    frame = pd.DataFrame({"unique_id": np.repeat(list("abcd"), 110), "ds": np.tile(ds, 4), "y": rng.poisson(5, 440)})
    return frame, pd.DataFrame({"unique_id": list("abcd"), "category": list("xxyy")})


def run():
    models = ("weisu", "seasonal_naive", "same_week_mean", "issued")
    return backtest(*panel(), freq="W", origins=4, horizon=3, models=models, config=SMALL, n_jobs=2)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
def test_a_cluster_gives_the_same_numbers():
    distributed = pytest.importorskip("distributed")
    local = run()
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        with on_cluster(cluster.scheduler_address):
            remote = run()
        with distributed.Client(cluster) as client:
            done = client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.transition_counter)
    assert done > 0, "nothing was computed on the cluster"
    pd.testing.assert_frame_equal(remote.predictions, local.predictions)
    pd.testing.assert_frame_equal(remote.scores, local.scores)


def test_a_scheduler_that_does_not_answer_is_named():
    pytest.importorskip("distributed")
    with pytest.raises(BadInputError, match="no Dask scheduler answers at nonsense"), on_cluster("nonsense"):
        pass
