"""Searches that run beside the caller in a process of their own, or one by one in the caller's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

import pytest

from pipelines.parallel_search import searched_beside

FINE = {"first": partial(divmod, 7, 3), "second": os.getpid}


def test_searches_run_in_another_process_and_are_waited_for_by_name() -> None:
    took: dict[str, float] = {}
    with searched_beside(FINE, took, apart=True) as found:
        assert found("second") != os.getpid()
        assert found("first") == (2, 1)
    assert set(took) == {"first", "second"}


def test_a_small_hotline_pays_for_no_process() -> None:
    took: dict[str, float] = {}
    with searched_beside(FINE, took, apart=False) as found:
        assert (found("first"), found("second")) == ((2, 1), os.getpid())
    assert set(took) == {"first", "second"}


@pytest.mark.parametrize("apart", [True, False])
def test_what_a_search_stumbles_over_is_said_where_it_is_waited_for(apart: bool) -> None:
    with (
        pytest.raises(ZeroDivisionError, match="division"),
        searched_beside({"broken": partial(divmod, 1, 0)}, {}, apart=apart) as found,
    ):
        found("broken")


def test_a_killed_search_fails_the_run() -> None:
    killed = {"killed": _kill_itself}
    with pytest.raises(BrokenProcessPool, match="terminated"), searched_beside(killed, {}, apart=True) as found:
        found("killed")


def test_a_caller_that_fails_leaves_no_search_behind() -> None:
    workers: list[int] = []
    with pytest.raises(KeyError, match="lost"):
        _lose_the_thread(workers)
    with pytest.raises(ProcessLookupError, match="No such process"):
        os.kill(workers[0], 0)


def test_a_caller_that_is_killed_leaves_no_search_behind() -> None:
    script = """if True:
        import os, time
        from functools import partial
        from pipelines.parallel_search import searched_beside
        with searched_beside({"who": os.getpid, "long": partial(time.sleep, 600)}, {}, apart=True) as found:
            print(found("who"), flush=True)
            found("long")
    """
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as caller:
        worker = int(caller.stdout.readline())  # type: ignore[union-attr]
        caller.kill()
    ends_at = time.monotonic() + 60
    while Path(f"/proc/{worker}").exists() and time.monotonic() < ends_at:
        time.sleep(0.1)
    assert not Path(f"/proc/{worker}").exists()


def test_a_search_has_one_thread_of_linear_algebra() -> None:
    with searched_beside({"threads": _threads}, {}, apart=True) as found:
        assert set(found("threads")) == {1}


def _lose_the_thread(workers: list[int]) -> None:
    searches = {"who": os.getpid, "long": partial(time.sleep, 600)}
    with searched_beside(searches, {}, apart=True) as found:
        workers.append(found("who"))
        raise KeyError("lost")


def _kill_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _threads() -> list[int]:
    import numpy as np
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    return [int(library["num_threads"]) for library in threadpool_info()]
