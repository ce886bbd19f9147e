"""Run long searches beside each other in processes of their own, where a city is large enough to pay for them."""

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
def side_by_side(
    searches: Mapping[str, Search], took: MutableMapping[str, float], *, processes: int
) -> Iterator[Callable[[], dict[str, Any]]]:
    """Start searches and yield the function that waits for what they found, by name.

    Args:
        searches: Functions without arguments that can be pickled, as what they return can.
        took: Gets the seconds of each.
        processes: How many run at once, beside the caller; with 1 they run in the caller's process, when it waits.
    """
    from joblib import Parallel, delayed
    from threadpoolctl import threadpool_limits

    # The cores are taken: threads of linear algebra would wait for one another.
    with threadpool_limits(1 if processes > 1 else None):
        started = Parallel(n_jobs=processes, return_as="generator")(
            delayed(_run)(search) for search in searches.values()
        )

        def wait() -> dict[str, Any]:
            found = {}
            for name, (result, seconds) in zip(searches, started, strict=True):
                found[name], took[name] = result, seconds
            return found

        yield wait


def _run(search: Search) -> tuple[Any, float]:
    took: dict[str, float] = {}
    with clocked(took, ""):
        result = search()
    return result, took[""]
