"""A leaf that stands under two parents is two matters: in names, counts, tickets, filters and rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import hypothesis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.branches import (
    PATH,
    chain_of,
    is_asked_for,
    is_unclassified,
    leaf_of,
    means_other,
    name_branches,
    path_name,
)
from features.knowledge import Knowledge
from features.lake import Lake
from features.mappings import Mapping
from features.sources.staging import Staging
from features.vocabulary import Frequency
from models.hotspots.candidates.signals import surge_signals
from models.hotspots.ticketframe import clean_tickets

START = pd.Timestamp("2026-01-05")
DAYS = 70
END = START + pd.Timedelta(days=DAYS)
AS_OF = datetime(2026, 3, 16, 1, tzinfo=UTC)
OTHERS = ["其他", "Other", "未分类"]
NAMES = ["噪声", "水", "电", "占道", *OTHERS]
TREES = st.lists(st.tuples(*[st.sampled_from(NAMES)] * 3), min_size=2, max_size=25, unique=True)


def spans(paths, known=None, first=START, last=END):
    frame = pd.DataFrame(paths, columns=list(PATH))
    return frame.assign(known=range(len(frame)) if known is None else known, first=first, last=last)


def named(paths, **more):
    filed = pd.DataFrame(paths, columns=list(PATH))
    return name_branches(spans(paths, **more)).rename(filed)


@given(TREES)
@hypothesis.settings(deadline=None, max_examples=60)
def test_every_branch_has_a_name_of_its_own_and_one_parent(paths):
    rows = named(paths)
    assert rows["category"].nunique() == len(paths)
    assert rows.groupby("category")["category1"].nunique().max() == 1
    assert rows.groupby("category")["category2"].nunique().max() == 1
    assert rows.groupby("category2")["category1"].nunique().max() == 1
    assert [leaf_of(name) for name in rows["category"]] == [path[2] for path in paths]


@given(TREES, st.integers(1, 24))
@hypothesis.settings(deadline=None, max_examples=60)
def test_a_path_that_comes_later_renames_no_earlier_one(paths, count):
    before, after = named(paths[:count]), named(paths)
    pd.testing.assert_frame_equal(before, after.head(count).reset_index(drop=True))


def test_other_is_called_by_its_path_and_a_second_branch_too():
    paths = [("城建", "规划", "其他"), ("城建", "城建", "其他"), ("残联", "残联", "通话"), ("老兵", "一般", "通话")]
    assert named(paths)["category"].tolist() == ["城建 > 规划 > 其他", "城建 > 其他", "通话", "老兵 > 一般 > 通话"]
    assert named([("其他", "其他", "其他")])["category"].tolist() == ["其他"]
    assert name_branches(spans([("城建", "规划", "路灯")])).as_filed


def test_a_branch_that_moved_to_new_parents_is_the_same_matter():
    paths, move = [("公路", "坑洼", "坑洞"), ("街道", "坑洼", "坑洞")], START + pd.Timedelta(days=200)
    ends = {"first": [START, move], "last": [move + pd.Timedelta(days=9), move + pd.Timedelta(days=90)]}
    assert named(paths, **ends).to_numpy().tolist() == [["街道", "坑洼", "坑洞"]] * 2
    beside = {**ends, "last": [move + pd.Timedelta(days=90)] * 2}
    assert named(paths, **beside)["category"].tolist() == ["坑洞", "街道 > 坑洼 > 坑洞"]


def test_names_say_what_they_mean():
    assert means_other("城建 > 其他")
    assert means_other("BWSC General Request")
    assert not means_other("其他垃圾")
    assert means_other("Reste", ["reste"])
    assert is_unclassified("城建 > 未分类")
    assert len(path_name(["长" * 150, "名" * 100, "其他"])) < 40
    chain = chain_of("城建", "城建 > 其他", "城建 > 其他 > 其他")
    assert chain[:2] == ["城建 > 其他 > 其他", "其他"]
    assert is_asked_for("城建 > 规划 > 路灯", "城建", "规划", "路灯")
    assert not is_asked_for("城建 > 规划 > 其他", "城建", "环卫", "城建 > 环卫 > 其他")
    assert not is_asked_for("通话", "老兵", "一般", "老兵 > 一般 > 通话")


def city(folder, seed, parents):
    """A hotline in whose tree 其他, Other and 未分类 stand under every parent."""
    draw = np.random.default_rng(seed)
    tree = [(f"类{k % 3}", f"项{k}" if k % 2 else "其他", leaf) for k in range(parents) for leaf in [*OTHERS, f"事{k}"]]
    paths = np.array(tree)[draw.integers(0, len(tree), 1500)]
    opened = START + pd.to_timedelta(draw.integers(0, DAYS * 86400 - 60, len(paths)), unit="s")
    rows = pd.DataFrame(paths, columns=list(PATH)).assign(
        ticket_id=[f"T{n}" for n in range(len(paths))],
        opened_at=opened.astype(str),
        district=draw.choice(["甲区", "乙区"], len(paths)),
        caller=[f"c{n}" for n in range(len(paths))],
    )
    names = {name: name for name in rows.columns}
    how = Mapping(
        source="city", timezone="Asia/Shanghai", known_at="opened_at", columns=names, complete_through=date(2026, 3, 15)
    )
    lake = Lake.open(str(folder / "lake"), timezone="Asia/Shanghai")
    with lake.staging() as (load_id, into):
        staging = Staging(how, into=into, privacy=None, now=AS_OF, load_id=load_id)
        lake.upsert(staging.rows(pa.Table.from_pandas(rows, preserve_index=False), name="rows"))
    return lake, rows


@pytest.mark.parametrize("keep", [False, True], ids=["counted", "kept"])
@pytest.mark.parametrize("seed", [1, 2])
def test_each_branch_has_its_own_tickets_and_no_others(tmp_path, settings, seed, keep):
    lake, rows = city(tmp_path, seed, 7)
    knowledge = Knowledge.at(settings, AS_OF, lake=lake)
    panel = knowledge.panel(Frequency.DAILY, keep=keep).panel
    assert panel.static["unique_id"].is_unique
    sums = panel.y.merge(panel.static, on="unique_id").groupby("level")["y"].sum()
    assert set(sums) == {len(rows)}

    counted = panel.y.groupby("unique_id")["y"].sum()
    cells = panel.static[panel.static["level"] == "cell"]
    paths = zip(*(cells[name].map(leaf_of) for name in PATH), cells["district"], strict=True)
    found = dict(zip(paths, cells["unique_id"].map(counted), strict=True))
    assert found == rows.groupby([*PATH, "district"]).size().to_dict()

    tickets = clean_tickets(knowledge.reports(columns=["source", "ticket_id", "known_at", "opened_local", *PATH,
                                                       "district", "caller"]), as_of=AS_OF)  # fmt: skip
    last = panel.y.assign(expected=0.0, upper=0.5, p_value=1e-9, p_value_1=1e-9, window=5, recurrence_days=1e9)
    last = last.assign(alarm=True)
    signals = surge_signals(last, freq=Frequency.DAILY, static=panel.static, tickets=tickets, q=0.2, min_count=1)
    of = rows.set_index("city/" + rows["ticket_id"])
    assert len(signals) > 30
    for signal in signals:
        assert signal.observed == len(signal.tickets) == signal.callers
        levels = zip(("category1", "category2", "category"), PATH, strict=True)
        for name, column in levels:
            if said := getattr(signal, name):
                assert set(of.loc[list(signal.tickets), column]) == {leaf_of(said)}
        if signal.category:
            assert len(of.loc[list(signal.tickets), list(PATH)].drop_duplicates()) == 1


def test_places_are_scanned_branch_by_branch(tmp_path, settings):
    lake, rows = city(tmp_path, 3, 4)
    placed = Knowledge.at(settings, AS_OF, lake=lake).placed(by="category", days=DAYS + 10, points_only=False)
    counts = pd.Series([placed.labels[code] for code in placed.label]).value_counts()
    assert counts.sum() == len(rows)
    assert sorted(counts) == sorted(rows.groupby(list(PATH)).size())


def test_what_comes_later_changes_no_name(tmp_path, settings):
    lake, _ = city(tmp_path, 4, 5)
    early = Knowledge.at(settings, AS_OF - timedelta(days=30), lake=lake).branches.renamed
    late = Knowledge.at(settings, AS_OF, lake=lake).branches.renamed
    pd.testing.assert_frame_equal(early, late.loc[early.index])
