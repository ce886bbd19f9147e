"""Run long searches beside the caller, in a process of their own, where a city is large enough to pay for it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from multiprocessing import current_process
from typing import Any, Final

from features.parent_watch import end_with

Search = Callable[[], Any]

_ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""The cores are taken: threads of linear algebra would wait for one another."""


@contextmanager
def clocked(took: MutableMapping[str, float], part: str) -> Iterator[None]:
    """Note the wall seconds of a block."""
    started = time.perf_counter()
    yield
    took[part] = time.perf_counter() - started


@contextmanager
def searched_beside(
    searches: Mapping[str, Search], took: MutableMapping[str, float], *, apart: bool
) -> Iterator[Callable[[str], Any]]:
    """Start searches one after the other and yield the function that waits for what one of them found, by its name.

    Args:
        searches: Functions without arguments that can be pickled, as what they return can.
        took: Gets the seconds of each.
        apart: They run in another process, which ends with the block; else, and in a process that may have no children,
            each runs in the caller's when it is waited for.
    """
    if not apart or current_process().daemon:
        yield lambda name: _noted(took, name, _run(searches[name]))
        return
    from loky import ProcessPoolExecutor
    from threadpoolctl import threadpool_limits

    process = ProcessPoolExecutor(1, initializer=end_with, initargs=(os.getpid(),), env=_ONE_THREAD)
    try:
        started = {name: process.submit(_run, search) for name, search in searches.items()}
        with threadpool_limits(1):
            yield lambda name: _noted(took, name, started[name].result())
    finally:
        process.shutdown(kill_workers=True)


def _noted(took: MutableMapping[str, float], name: str, done: tuple[Any, float]) -> Any:
    found, took[name] = done
    return found


def _run(search: Search) -> tuple[Any, float]:
    took: dict[str, float] = {}
    with clocked(took, ""):
        result = search()
    return result, took[""]
