"""Masking on several cores: a first load of millions leaves most of its work to processes of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from threading import Lock
from typing import Any, Final

from features.parent_watch import end_with
from features.privacy.masking import mask_column

_WORTH_A_POOL: Final = 100_000
"""Below this many texts, starting processes costs more than they save."""


@contextmanager
def masking_workers(count: int | None = None, *, after: int = _WORTH_A_POOL) -> Iterator[Callable[[Any], Any]]:
    """Yield `mask_column` that may be called from several threads and then keeps as many cores busy.

    The first texts are masked in this process. Only when more than `after` have come are workers started, so a small
    load pays nothing; they end with the block.

    Args:
        count: Worker processes; all cores when None. With one everything stays in this process.
        after: How many texts come first.
    """
    masking = _Masking(count or os.cpu_count() or 1, after)
    try:
        yield masking.mask_column
    finally:
        masking.close()


class _Masking:
    def __init__(self, workers: int, after: int) -> None:
        self._workers, self._left = workers, after
        self._pool: ProcessPoolExecutor | None = None
        self._lock = Lock()

    def mask_column(self, values: Any) -> Any:
        pool = self._pool_for(len(values)) if self._workers > 1 else None
        return pool.submit(mask_column, values).result() if pool else mask_column(values)

    def _pool_for(self, texts: int) -> ProcessPoolExecutor | None:
        with self._lock:
            self._left -= texts
            if self._left < 0 and self._pool is None:
                context = get_context("spawn")  # DuckDB's threads are running: a fork could inherit their locks
                self._pool = ProcessPoolExecutor(
                    self._workers, mp_context=context, initializer=end_with, initargs=(os.getpid(),)
                )
            return self._pool

    def close(self) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
