from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.hotspots.textgroups.memory import NEVER, Sketch

DAYS = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=20), min_size=1, max_size=10)


@settings(deadline=None)
@given(DAYS)
def test_a_roomy_sketch_counts_exactly(days: list[list[str]]) -> None:
    sketch, weights, last = Sketch(16), dict.fromkeys("abcdefgh", 0.0), dict.fromkeys("abcdefgh", NEVER)
    for day, said in enumerate(days):
        sketch.add(said, day, 0.9 if day else 1.0)
        for name in weights:
            weights[name] = weights[name] * (0.9 if day else 1.0) + said.count(name)
            last[name] = day if name in said else last[name]
    names = list(weights)
    assert sketch.weights(names) == pytest.approx(list(weights.values()), rel=1e-5)
    assert sketch.last(names).tolist() == list(last.values())
    stored = Sketch(16)
    stored.restore(**sketch.kept())
    assert stored.weights(names) == pytest.approx(sketch.weights(names))
    assert stored.last(names).tolist() == sketch.last(names).tolist()


def test_a_crowded_sketch_still_tells_the_frequent_from_the_unsaid() -> None:
    sketch = Sketch(12)
    said = [f"name {n}" for n in range(20_000)]
    sketch.add(said + ["路灯"] * 500, 0, 1.0)
    assert sketch.weights(["路灯"])[0] == pytest.approx(500, abs=15)
    unsaid = sketch.weights([f"other {n}" for n in range(1000)])
    assert np.mean(unsaid) < 1.0, "ten names share each slot, and that is taken off"
    assert (sketch.last(said) == 0).all(), "what was said is never taken for new"


def test_a_new_name_looks_old_as_rarely_as_the_table_is_full() -> None:
    sketch = Sketch(14)
    sketch.add([f"name {n}" for n in range(4096)], 0, 1.0)
    full = 1 - np.exp(-2 * 4096 / (1 << 14))
    old = np.mean(sketch.last([f"other {n}" for n in range(20_000)]) != NEVER)
    assert 0 < old < full**2 + 0.02
