"""Run long searches beside the caller, in a process of their own, where a city is large enough to pay for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any

Search = Callable[[], Any]


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
        apart: They run in another process; else each runs in the caller's, when it is waited for.
    """
    if not apart:
        yield lambda name: _noted(took, name, _run(searches[name]))
        return
    from loky import ProcessPoolExecutor
    from threadpoolctl import threadpool_limits

    process = ProcessPoolExecutor(1, initializer=threadpool_limits, initargs=(1,))
    try:
        started = {name: process.submit(_run, search) for name, search in searches.items()}
        # The cores are taken: threads of linear algebra would wait for one another.
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
