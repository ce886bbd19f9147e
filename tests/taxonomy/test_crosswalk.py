from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.settings import Settings
from features.taxonomy import (
    NO_CROSSWALK,
    CrosswalkError,
    TaxonomyError,
    apply_crosswalk,
    check_file,
    crosswalk_for,
    empty_crosswalk,
    install_crosswalk,
    make_crosswalk,
    read_crosswalk,
    relabel_tickets,
    taxonomy_version,
)


def crosswalk(*rows, **columns):
    names = ["old", "new", "valid_from", "weight", "valid_to"][: len(rows[0])]
    return make_crosswalk(pd.DataFrame(rows, columns=names).assign(**columns))


def counts(*rows):
    frame = pd.DataFrame(rows, columns=["category", "ds", "y"])
    return frame.assign(ds=pd.to_datetime(frame["ds"]))


def as_dict(frame):
    return {(row.category, f"{row.ds:%Y-%m-%d}"): row.y for row in frame.itertuples()}


PANEL = counts(("A", "2023-01-02", 10), ("A", "2024-01-01", 4), ("B", "2023-01-02", 1))


def test_rename_restates_history_once_its_day_has_come():
    rename = crosswalk(("A", "A2", "2023-06-01"))
    assert as_dict(apply_crosswalk(PANEL, rename, date(2023, 6, 1))) == {
        ("A2", "2023-01-02"): 10,
        ("A2", "2024-01-01"): 4,
        ("B", "2023-01-02"): 1,
    }


def test_change_of_tomorrow_is_not_known_today():
    rename = crosswalk(("A", "A2", "2023-06-01"))
    assert apply_crosswalk(PANEL, rename, date(2023, 5, 31)) is PANEL


def test_merge_adds_histories_up():
    merge = crosswalk(("A", "C", "2023-06-01"), ("B", "C", "2023-06-01"))
    assert as_dict(apply_crosswalk(PANEL, merge, date(2024, 1, 1)))[("C", "2023-01-02")] == 11


def test_split_shares_history_by_weight():
    split = crosswalk(("A", "A1", "2023-06-01", 0.75), ("A", "A2", "2023-06-01", 0.25))
    result = as_dict(apply_crosswalk(PANEL, split, date(2024, 1, 1)))
    assert (result["A1", "2023-01-02"], result["A2", "2023-01-02"]) == (7.5, 2.5)


def test_part_that_moves_away_restates_only_what_came_before():
    part = crosswalk(("A", "A", "2023-06-01", 0.8), ("A", "New", "2023-06-01", 0.2))
    result = as_dict(apply_crosswalk(PANEL, part, date(2024, 2, 1)))
    assert result["A", "2023-01-02"] == 8
    assert result["New", "2023-01-02"] == 2
    assert result["A", "2024-01-01"] == 4


def test_changes_follow_each_other_in_order_of_time():
    chain = crosswalk(("A", "B2", "2023-02-01", 1.0), ("B2", "C2", "2023-03-01", 1.0))
    assert ("C2", "2023-01-02") in as_dict(apply_crosswalk(PANEL, chain, date(2024, 1, 1)))
    assert ("B2", "2023-01-02") in as_dict(apply_crosswalk(PANEL, chain, date(2023, 2, 15)))


def test_label_with_a_new_meaning_is_left_alone_from_then_on():
    reused = crosswalk(("A", "Old A", "2023-06-01", 1.0, "2023-12-01"), ("A", "New A", "2024-06-01", 1.0, ""))
    result = as_dict(apply_crosswalk(PANEL, reused, date(2024, 1, 1)))
    assert set(result) == {("Old A", "2023-01-02"), ("A", "2024-01-01"), ("B", "2023-01-02")}
    result = as_dict(apply_crosswalk(PANEL, reused, date(2024, 7, 1)))
    assert set(result) == {("Old A", "2023-01-02"), ("New A", "2024-01-01"), ("B", "2023-01-02")}


def test_other_columns_are_kept_apart_and_parents_follow():
    frame = PANEL.assign(category1="top", district=["x", "x", "y"], callers=[5, 2, 1])
    moved = crosswalk(("A", "A2", "2023-06-01"), category1="other", category2="")
    result = apply_crosswalk(frame, moved, date(2024, 1, 1), values=("y", "callers"))
    assert list(result.columns) == list(frame.columns)
    assert result.set_index("category").loc["A2", "category1"].tolist() == ["other", "other"]
    assert result["callers"].sum() == 8


def test_districts_have_a_crosswalk_of_their_own():
    rows = crosswalk(("x", "x2", "2023-06-01"), dimension="district")
    frame = PANEL.assign(district="x")
    assert apply_crosswalk(frame, rows, date(2024, 1, 1)) is frame
    assert set(apply_crosswalk(frame, rows, date(2024, 1, 1), dimension="district")["district"]) == {"x2"}


def test_tickets_of_a_split_get_the_likeliest_part():
    tickets = pd.DataFrame(
        {"category": ["A", "B"], "category1": ["t", "t"], "opened_local": pd.to_datetime(["2023-01-02"] * 2)}
    )
    split = crosswalk(("A", "A1", "2023-06-01", 0.3), ("A", "A2", "2023-06-01", 0.7), category1="u", category2="")
    relabelled = relabel_tickets(tickets, split, date(2024, 1, 1))
    assert relabelled["category"].tolist() == ["A2", "B"]
    assert relabelled["category1"].tolist() == ["u", "t"]
    assert tickets["category"].tolist() == ["A", "B"]


LABELS = st.sampled_from("ABCDEF")
DAYS = st.sampled_from(["2023-02-06", "2023-05-01", "2024-01-01"])


@st.composite
def crosswalks(draw):
    """Changes that go forward in the alphabet only, so that they are free of cycles, and split into any shares."""
    rows = []
    for old in draw(st.sets(LABELS, min_size=1, max_size=4)):
        day = draw(DAYS)
        news = sorted(draw(st.sets(st.sampled_from([f"{old}{n}" for n in range(3)]), min_size=1)))
        shares = np.array(draw(st.lists(st.integers(1, 9), min_size=len(news), max_size=len(news))), dtype=float)
        rows += [(old, new, day, share) for new, share in zip(news, shares / shares.sum(), strict=True)]
    return crosswalk(*rows)


@settings(max_examples=40, deadline=None)
@given(
    crosswalks(),
    st.lists(st.tuples(LABELS, DAYS, st.integers(0, 50)), min_size=1, max_size=20),
    st.dates(date(2023, 1, 1), date(2024, 12, 31)),
)
def test_totals_of_every_period_stay(changes, rows, as_of):
    frame = counts(*rows)
    before = frame.groupby("ds")["y"].sum()
    after = apply_crosswalk(frame, changes, as_of).groupby("ds")["y"].sum()
    pd.testing.assert_series_equal(before.astype(float), after.astype(float))


@settings(max_examples=40, deadline=None)
@given(
    crosswalks(),
    st.lists(st.tuples(LABELS, DAYS, st.integers(0, 50)), min_size=1),
    st.dates(date(2023, 1, 1), date(2024, 12, 31)),
)
def test_later_changes_never_change_an_earlier_view(changes, rows, as_of):
    frame = counts(*rows)
    known = make_crosswalk(changes.rows[changes.rows["valid_from"] <= pd.Timestamp(as_of)])
    pd.testing.assert_frame_equal(apply_crosswalk(frame, changes, as_of), apply_crosswalk(frame, known, as_of))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("A", "B", "2023-01-01", 0.5)], "weights of 'A' on 2023-01-01 sum to 0.5, not 1"),
        ([("A", "B", "soon", 1)], r"row 2 \(A\) has no valid valid_from"),
        ([("A", "", "2023-01-01", 1)], r"row 2 \(A\) has no old or no new label"),
        ([("A", "B", "2023-01-01", 2)], r"row 2 \(A\) has a weight outside 0 to 1"),
        ([("A", "B", "2023-01-01", 1, "2022-01-01")], r"row 2 \(A\) ends before it begins"),
        ([("A", "B", "2023-01-01", 0.5), ("A", "B", "2023-01-01", 0.5)], "row 3 .* repeats a row"),
        (
            [("A", "B", "2023-01-01", 1), ("B", "A", "2023-02-01", 1)],
            "cycle from 2023-02-01 on: A -> B -> A|B -> A -> B",
        ),
        (
            [("A", "B", "2023-01-01", 1), ("A", "C", "2023-02-01", 1)],
            "'A' changes on 2023-02-01, but was gone from 2023-01-01 on",
        ),
    ],
)
def test_contradictions_are_named(rows, message):
    with pytest.raises(CrosswalkError, match=message):
        crosswalk(*rows)


def test_back_and_forth_is_no_cycle_once_the_first_change_has_ended():
    assert len(crosswalk(("A", "B", "2023-01-01", 1, "2023-06-01"), ("B", "A", "2023-06-01", 1, ""))) == 2


def test_report_names_unknown_labels_as_warnings(tmp_path):
    path = tmp_path / "crosswalk.csv"
    path.write_text("old,new,valid_from\nA,B,2023-01-01\nZ,B,2023-01-01\n", encoding="utf-8-sig")
    report = check_file(path, known=frozenset({"A"}))
    assert report.ok
    assert [(problem.severity, problem.kind, problem.row) for problem in report.problems] == [("warning", "unknown", 3)]
    assert report.to_json()["schema_version"] == 1


def test_csv_and_xlsx_with_the_same_rows_have_the_same_version(tmp_path):
    frame = pd.DataFrame({"old": ["A", "B"], "new": ["C", "C"], "valid_from": ["2023-01-01", "2023-01-01"]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.iloc[::-1].to_excel(tmp_path / "a.xlsx", index=False)
    assert read_crosswalk(tmp_path / "a.csv").version == read_crosswalk(tmp_path / "a.xlsx").version
    frame.loc[0, "new"] = "D"
    frame.to_csv(tmp_path / "b.csv", index=False)
    assert read_crosswalk(tmp_path / "a.csv").version != read_crosswalk(tmp_path / "b.csv").version


def test_installed_crosswalk_is_found_again_and_earlier_ones_are_kept(tmp_path):
    installation = Settings(home=tmp_path)
    assert taxonomy_version(installation) == NO_CROSSWALK == empty_crosswalk().version
    first, second = crosswalk(("A", "B", "2023-01-01")), crosswalk(("A", "C", "2023-01-01"))
    install_crosswalk(first, installation)
    path = install_crosswalk(second, installation)
    assert crosswalk_for(installation).version == second.version
    assert sorted(file.name for file in path.parent.iterdir()) == sorted(
        ["crosswalk.csv", f"crosswalk-{first.version}.csv", f"crosswalk-{second.version}.csv"]
    )


def test_unreadable_files_and_frames_are_named(tmp_path):
    with pytest.raises(CrosswalkError, match=r"none\.csv cannot be read"):
        read_crosswalk(tmp_path / "none.csv")
    (tmp_path / "odd.csv").write_text("from,to\nA,B\n", encoding="utf-8")
    with pytest.raises(
        CrosswalkError, match=r"missing columns \['old', 'new', 'valid_from'\], unknown columns \['from', 'to'\]"
    ):
        read_crosswalk(tmp_path / "odd.csv")
    with pytest.raises(TaxonomyError, match=r"no column \['district'\]"):
        apply_crosswalk(PANEL, empty_crosswalk(), date(2024, 1, 1), dimension="district")
