"""Whatever labels become, forecasts add up to what they were, and untouched series keep every digit."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.panel.hierarchy import level_codes
from features.panel.moves import Moves
from features.series import DIMENSIONS, LEVELS
from features.taxonomy import make_crosswalk

NAMES = ["噪声", "油烟", "停水", "停电"]
DISTRICTS = ["海口市", "三亚市", "万宁市"]
DAY = date(2026, 11, 25)
MERGE = [("category", name, "扰民", "2026-11-01", 1.0) for name in ("噪声", "油烟")]


def static_of(pairs):
    cells = pd.DataFrame(
        [
            {"category1": "城" if name.startswith("停") else "环", "category2": name[0], "category": name,
             "district": district, "department": f"{name[0]}局"}
            for name, district in sorted(set(pairs))
        ]
    )[list(DIMENSIONS)]  # fmt: skip
    return cells, pd.concat([level_codes(cells, level)[1] for level in LEVELS], ignore_index=True)


def forecast_of(cells, means):
    frames = []
    for level in LEVELS:
        codes, static = level_codes(cells, level)
        mean = np.bincount(codes, means)
        frames.append(
            static[["unique_id", "level"]].assign(
                ds=pd.Timestamp("2026-11-30"), horizon=1, mean=mean, p10=np.floor(mean * 0.6), p50=np.round(mean),
                p90=np.ceil(mean * 1.5 + 1), base_model="weisu",
            )
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def changes(*rows):
    return make_crosswalk(pd.DataFrame(rows, columns=["dimension", "old", "new", "valid_from", "weight"]))


pairs = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(DISTRICTS)), min_size=1, max_size=10)
weights = st.sampled_from([0.1, 0.25, 0.5])
crosswalks = st.one_of(
    st.builds(lambda old: [("category", old, f"新{old}", "2026-11-01", 1.0)], st.sampled_from(NAMES)),
    st.builds(
        lambda old, weight: [
            ("category", old, "甲", "2026-11-01", weight),
            ("category", old, "乙", "2026-11-01", 1 - weight),
        ],
        st.sampled_from(NAMES),
        weights,
    ),
    st.builds(
        lambda old: [("category", old, old, "2026-11-01", 0.75), ("category", old, "新增", "2026-11-01", 0.25)],
        st.sampled_from(NAMES),
    ),
    st.just([("category", name, "合并", "2026-11-01", 1.0) for name in NAMES[:2]]),
    st.just([("district", name, "东部", "2026-11-01", 1.0) for name in DISTRICTS[:2]]),
    st.just([("category", "噪声", "油烟", "2026-11-01", 1.0)]),
    st.just([("category", "噪声", "扰民", "2026-10-01", 1.0), ("category", "扰民", "社会噪声", "2026-11-01", 1.0)]),
)


@settings(max_examples=30, deadline=None)
@given(pairs, crosswalks, st.integers(0, 1000))
def test_every_level_still_adds_up_to_the_total(pairs, rows, seed):
    cells, static = static_of(pairs)
    means = np.random.default_rng(seed).gamma(1.0, 10.0, len(cells))
    before = forecast_of(cells, means)
    after = Moves.of(static, changes(*rows), DAY).forecast(before, by=["ds", "horizon"])
    sums = after.groupby("level")["mean"].sum()
    assert np.allclose(sums, means.sum())
    assert set(sums.index) == set(LEVELS)
    assert (after["p10"] <= after["p50"]).all()
    assert (after["p50"] <= after["p90"]).all()
    assert not after["unique_id"].duplicated().any()
    stays = {new for _, _, new, *_ in rows}
    for dimension, old, *_ in rows:
        if old not in stays:
            assert not after["unique_id"].str.contains(f"{dimension}={old}(?:;|$)").any()


@settings(max_examples=40, deadline=None)
@given(pairs, st.integers(0, 1000))
def test_a_rename_keeps_every_number(pairs, seed):
    cells, static = static_of(pairs)
    before = forecast_of(cells, np.random.default_rng(seed).gamma(1.0, 10.0, len(cells)))
    rename = changes(("category", pairs[0][0], "新名", "2026-11-01", 1.0))
    after = Moves.of(static, rename, DAY).forecast(before, by=["ds", "horizon"])
    numbers = ["mean", "p10", "p50", "p90"]
    renamed = before.assign(unique_id=before["unique_id"].str.replace(f"category={pairs[0][0]}", "category=新名"))
    pd.testing.assert_frame_equal(
        after.set_index("unique_id")[numbers].sort_index(), renamed.set_index("unique_id")[numbers].sort_index()
    )


def test_counts_under_new_labels_return_to_those_they_came_of():
    _, static = static_of([("噪声", "海口市"), ("油烟", "海口市"), ("停水", "海口市")])
    moves = Moves.of(static, changes(*MERGE), DAY)
    weeks = pd.date_range("2026-10-12", periods=4, freq="7D")
    y = pd.DataFrame(
        [("category=噪声;district=海口市", weeks[0], 30), ("category=油烟;district=海口市", weeks[0], 10),
         ("category=扰民;district=海口市", weeks[3], 40), ("category=停水;district=海口市", weeks[3], 7)],
        columns=["unique_id", "ds", "y"],
    )  # fmt: skip
    new = pd.DataFrame(
        [{"unique_id": "category=扰民;district=海口市", "level": "cell", "category": "扰民", "district": "海口市"}]
    )
    found = moves.counts_before(y, pd.concat([static, new]))
    last = found[found["ds"] == weeks[3]].set_index("unique_id")["y"]
    assert last["category=噪声;district=海口市"] == pytest.approx(30)
    assert last["category=油烟;district=海口市"] == pytest.approx(10)
    assert last["category=停水;district=海口市"] == 7
    assert found["y"].sum() == pytest.approx(y["y"].sum())


def test_what_was_not_known_of_a_mixture_is_not_made_up():
    cells, static = static_of([("噪声", "海口市"), ("油烟", "海口市")])
    before = forecast_of(cells, np.array([9.0, 4.0])).assign(last_year=5.0)
    merged = Moves.of(static, changes(*MERGE), DAY)
    after = merged.forecast(before, by=["ds", "horizon"]).set_index("unique_id")["last_year"]
    assert np.isnan(after["category=扰民"])
    assert after["total"] == 5.0
