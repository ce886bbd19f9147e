"""The store answers a filter by category as `is_asked_for` does."""

from __future__ import annotations

import hypothesis
import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, String, Table, create_engine, insert, select

from features.branches import PATH, is_asked_for, name_branches, whole_path
from serve.store.categories import category_condition

NAMES = st.sampled_from(["噪声", "水", "其他", "Other", "50%_"])
PATHS = st.tuples(NAMES, NAMES, NAMES).filter(lambda path: path[2] not in path[:2])
TREES = st.lists(PATHS, min_size=1, max_size=12, unique=True)
MOMENT = pd.Timestamp("2026-01-05")


@given(TREES, NAMES)
@hypothesis.settings(deadline=None, max_examples=40)
def test_a_filter_means_the_same_in_the_store_and_out_of_it(paths, bare):
    filed = pd.DataFrame(paths, columns=list(PATH))
    spans = filed.assign(known=range(len(filed)), first=MOMENT, last=MOMENT)
    rows = name_branches(spans).rename(filed).to_dict("records")
    rows += [{**row, "category": ""} for row in rows]
    engine = create_engine("sqlite://")
    table = Table("rows", MetaData(), *(Column(name, String) for name in PATH))
    table.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(table), rows)
        names = {name for row in rows for name in (*row.values(), whole_path(*row.values()))}
        for asked in {bare, *names, "不在"} - {""}:
            found = connection.execute(select(table).where(category_condition(asked, table.c))).mappings().all()
            expected = [row for row in rows if is_asked_for(asked, *(row[name] for name in PATH))]
            assert [dict(row) for row in found] == expected, asked
    engine.dispose()


@given(TREES)
@hypothesis.settings(deadline=None, max_examples=40)
def test_the_name_of_a_leaf_finds_no_other_leaf(paths):
    filed = pd.DataFrame(paths, columns=list(PATH))
    rows = name_branches(filed.assign(known=range(len(filed)), first=MOMENT, last=MOMENT)).rename(filed)
    for name in rows["category"]:
        found = rows[[is_asked_for(name, *path) for path in rows[list(PATH)].itertuples(index=False, name=None)]]
        items = [whole_path(*pair) for pair in zip(rows["category1"], rows["category2"], strict=True)]
        under = rows[
            (rows["category1"] == name) | (rows["category2"] == name) | np.array([item == name for item in items])
        ]
        assert set(found["category"]) == {name} | set(under["category"])
