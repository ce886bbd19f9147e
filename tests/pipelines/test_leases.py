"""Work waits for the like of it that writes the same, and for nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from threading import Barrier, Event

import pytest

from features.errors import LakeError
from features.one_writer import writer_lock
from features.settings import Settings
from pipelines import leases
from pipelines.detect import detect_batch, detect_everything
from pipelines.forecast import forecast
from pipelines.leases import Lease, lease
from pipelines.promotion import promote
from pipelines.replay import replay
from pipelines.tracking.registry import HOTSPOT


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever would wait for a lease fails at once."""
    monkeypatch.setattr(leases, "writer_lock", partial(writer_lock, wait=0.0))


def test_the_second_of_two_waits_until_the_first_has_written(settings: Settings) -> None:
    holds, order = Event(), []

    def first() -> None:
        with lease(settings, Lease.ISSUE):
            holds.set()
            order.append("first begins")
            Event().wait(0.2)
            order.append("first ends")

    def second() -> None:
        holds.wait()
        with lease(settings, Lease.ISSUE):
            order.append("second")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda work: work(), (first, second)))
    assert order == ["first begins", "first ends", "second"]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("held", list(Lease))
def test_no_lease_waits_for_another_kind(settings: Settings, held: Lease) -> None:
    with lease(settings, held):
        for other in set(Lease) - {held}:
            with lease(settings, other):
                pass
        with pytest.raises(LakeError, match="another writer held it"), lease(settings, held):
            pass


@contextmanager
def everything_but(settings: Settings, *free: Lease) -> Iterator[None]:
    with ExitStack() as stack:
        for one in set(Lease) - set(free):
            stack.enter_context(lease(settings, one))
        yield


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.usefixtures("impatient")
def test_detection_and_the_rules_wait_for_no_training_forecast_or_replay(own_city) -> None:
    settings, clock = own_city.settings, own_city.clock
    with everything_but(settings, Lease.CANDIDATES):
        assert detect_everything(settings, clock, as_of=own_city.now).candidates > 0
        assert detect_batch(settings, clock, keys=None, as_of=own_city.now).candidates > 0
    with everything_but(settings, Lease.ISSUE):
        assert forecast(settings, clock, as_of=own_city.now).rows > 0
    with everything_but(settings):
        moment = own_city.now - timedelta(days=1)
        assert replay(settings, start=moment, end=moment, compare=False).moments == 1
        with pytest.raises(LakeError, match="candidates: another writer held it"):
            detect_batch(settings, clock, keys=None, as_of=own_city.now)
        with pytest.raises(LakeError, match="issue: another writer held it"):
            forecast(settings, clock, as_of=own_city.now)
        with pytest.raises(LakeError, match="champion: another writer held it"):
            promote(settings, HOTSPOT, "1", actor="tester", reason="by hand")


@pytest.mark.slow
def test_first_commands_at_once_make_the_tables_of_mlflow_once(settings: Settings) -> None:
    code = (
        "import sys; from pathlib import Path; from features.settings import Settings;"
        "from pipelines.tracking import Registry;"
        "print(Registry.open(Settings(home=Path(sys.argv[1]), mlruns=Path(sys.argv[2]))).versions('weisu-demand'))"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, str(settings.home), str(settings.mlruns)]
    together = Barrier(3)

    def start(_number: int) -> subprocess.CompletedProcess[str]:
        together.wait()
        return subprocess.run(command, capture_output=True, text=True, check=False)

    with ThreadPoolExecutor(3) as pool:
        ends = list(pool.map(start, range(3)))
    assert [(end.returncode, end.stdout) for end in ends] == [(0, "[]\n")] * 3, [end.stderr[-500:] for end in ends]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_replay_makes_no_tracking_store(own_city, tmp_path) -> None:
    bare = own_city.settings.model_copy(update={"mlruns": tmp_path / "none"})
    moment = own_city.now - timedelta(days=1)
    assert replay(bare, start=moment, end=moment, compare=False).detectors["version"].tolist() == ["release"]
    assert not (tmp_path / "none").exists()
