"""Masking in worker processes gives what masking here gives, and starts them only when it is worth it."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from features.privacy import mask_column, masking_workers

TEXTS = pa.array(["我叫王建国，电话13800000000", None, "滨海大道积水", "call (617) 555-0123"])


@pytest.mark.slow
def test_workers_mask_like_this_process_and_end_with_the_block():
    before = set(multiprocessing.active_children())  # other tests may have left workers of their own
    columns = [TEXTS.take(pa.array([i % 4, (i + 1) % 4])) for i in range(8)]
    with masking_workers(2, after=3) as mask, ThreadPoolExecutor(2) as threads:
        masked = list(threads.map(mask, columns))
        assert len(set(multiprocessing.active_children()) - before) in {1, 2}
    assert masked == [mask_column(column) for column in columns]
    assert not set(multiprocessing.active_children()) - before


def test_a_small_load_starts_no_process():
    before = set(multiprocessing.active_children())
    with masking_workers(2, after=len(TEXTS)) as mask:
        assert mask(TEXTS) == mask_column(TEXTS)
        assert not set(multiprocessing.active_children()) - before
