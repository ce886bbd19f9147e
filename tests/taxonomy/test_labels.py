"""Which labels hold, how something was called, and what it is called now."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from features.errors import CrosswalkError
from features.settings import Settings
from features.taxonomy import (
    apply_crosswalk,
    changes_since,
    install_crosswalk,
    labels_in_force,
    labels_of,
    make_crosswalk,
    taxonomy_version,
)
from features.taxonomy.labels import Labels

NOW = datetime(2026, 11, 25, tzinfo=UTC)
RENAME = ("停水", "供水中断", "2026-11-01", 1.0)


@pytest.fixture
def installation(tmp_path) -> Settings:
    return Settings(home=tmp_path / "var", mlruns=tmp_path / "mlruns")


def crosswalk(*rows):
    return make_crosswalk(pd.DataFrame(rows, columns=["old", "new", "valid_from", "weight"]))


def test_a_change_counts_from_its_day_on(installation):
    install_crosswalk(crosswalk(RENAME), installation)
    assert labels_in_force(installation, datetime(2026, 10, 20, tzinfo=UTC)).as_filed
    assert labels_in_force(installation, NOW).name("停水", "category") == "供水中断"
    assert labels_in_force(installation, NOW).name("停水", "district") == "停水"


def test_what_was_said_under_an_earlier_crosswalk_is_read_in_its_labels(installation):
    plain = taxonomy_version(installation)
    install_crosswalk(crosswalk(RENAME), installation)
    first = taxonomy_version(installation)
    install_crosswalk(crosswalk(RENAME, ("供水中断", "供水故障", "2026-11-20", 1.0)), installation)
    now = labels_in_force(installation, NOW)
    assert labels_of(installation, plain, NOW).as_filed
    changes = changes_since(labels_of(installation, first, NOW), now)
    assert changes.rows["new"].tolist() == ["供水故障"]
    assert len(changes_since(labels_of(installation, plain, NOW), now)) == 2
    assert labels_of(installation, "0123456789ab", NOW) is None


def test_a_change_that_was_taken_back_cannot_be_followed():
    then, now = Labels(crosswalk(RENAME), date(2026, 11, 25)), Labels(crosswalk(), date(2026, 11, 26))
    assert changes_since(then, now) is None
    assert len(changes_since(now, then)) == 1


def test_another_ranking_of_sources_changes_no_label(installation):
    install_crosswalk(crosswalk(RENAME), installation)
    ranked = installation.changed(taxonomy={"precedence": [["a", "b"]]})
    said = taxonomy_version(ranked)
    assert said != taxonomy_version(installation)
    for later in (installation, installation.changed(taxonomy={"precedence": [["a", "b", "c"]]})):
        assert not changes_since(labels_of(later, said, NOW), labels_in_force(later, NOW))


def test_a_draft_beside_the_crosswalk_is_not_read(installation):
    install_crosswalk(crosswalk(RENAME), installation)
    (installation.home / "taxonomy" / "crosswalk-draft.csv").write_text("old,new\n停水,\n", encoding="utf-8")
    assert labels_of(installation, "none", NOW).as_filed


def test_an_own_file_is_read_where_it_lies_and_kept_under_home(installation, tmp_path):
    own = tmp_path / "etc" / "own.csv"
    own.parent.mkdir()
    crosswalk(RENAME).rows.to_csv(own, index=False)
    configured = installation.changed(taxonomy={"crosswalk": str(own)})
    said = taxonomy_version(configured)
    assert [path.name for path in own.parent.iterdir()] == ["own.csv"]
    own.write_text("old,new,valid_from\n停水,别的,2026-11-01\n", encoding="utf-8")
    assert labels_of(configured, said, NOW).name("停水", "category") == "供水中断"
    own.write_text("old\n停水\n", encoding="utf-8")
    with pytest.raises(CrosswalkError, match="missing columns"):
        labels_in_force(configured, NOW)


def test_only_what_was_renamed_whole_and_alone_has_another_name_as_a_series():
    split = [("噪声", "施工噪声", "2026-11-01", 0.4), ("噪声", "社会噪声", "2026-11-01", 0.6)]
    merge = [("停电", "水电", "2026-11-01", 1.0), ("停气", "水电", "2026-11-01", 1.0)]
    labels = Labels(crosswalk(RENAME, *split, *merge), date(2026, 11, 25))
    assert labels.series("category=停水;district=海口市") == "category=供水中断;district=海口市"
    for same in ("category=噪声;district=海口市", "category=停电", "total", "district=海口市"):
        assert labels.series(same) == same


def test_a_part_that_stayed_keeps_its_name_for_what_was_opened_since():
    labels = Labels(
        crosswalk(("噪声", "噪声", "2026-11-01", 0.4), ("噪声", "施工噪声", "2026-11-01", 0.6)), date(2026, 11, 25)
    )
    assert labels.name("噪声", "category") == "施工噪声"
    assert labels.name("噪声", "category", pd.Timestamp("2026-11-15")) == "噪声"


def test_parents_follow_their_category_through_a_chain():
    rows = pd.DataFrame(
        [("A", "B", "2026-10-01", 1.0, "X"), ("B", "C", "2026-11-01", 1.0, "Y")],
        columns=["old", "new", "valid_from", "weight", "category1"],
    )
    labels = Labels(make_crosswalk(rows), date(2026, 11, 25))
    named = {"category": "A", "category1": "W", "category2": "", "district": "海口市"}
    assert labels.renamed(named, pd.Timestamp("2026-09-15")) == {**named, "category": "C", "category1": "Y"}


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        ("其他", ["城建 > 规划 > 杂项", "城建 > 环卫 > 杂项", "路灯"]),
        ("城建 > 环卫 > 其他", ["城建 > 规划 > 其他", "杂项", "路灯"]),
    ],
    ids=["every branch", "one branch"],
)
def test_a_change_of_a_leaf_is_one_of_all_its_branches_and_of_a_path_of_that_one(old, expected):
    tickets = pd.DataFrame(
        {
            "category": ["城建 > 规划 > 其他", "城建 > 环卫 > 其他", "路灯"],
            "category1": "城建",
            "category2": ["规划", "环卫", "环卫"],
            "opened_local": pd.Timestamp("2026-09-15"),
        }
    )
    labels = Labels(crosswalk((old, "杂项", "2026-10-01", 1.0)), date(2026, 11, 25))
    found = labels.relabel(tickets)
    assert found["category"].tolist() == expected
    assert found["category2"].tolist() == ["规划", "环卫", "环卫"]
    counts = tickets.assign(ds=tickets["opened_local"], y=[3, 4, 5])[["category", "ds", "y"]]
    restated = apply_crosswalk(counts, *labels.in_force)
    assert dict(zip(restated["category"], restated["y"], strict=True)) == dict(zip(expected, [3, 4, 5], strict=True))
    series = "category=城建 > 环卫 > 其他;district=海口市"
    assert labels.series(series) == f"category={expected[1]};district=海口市"


def test_other_under_new_parents_is_called_by_their_path():
    row = {"old": "杂项", "new": "其他", "valid_from": "2026-10-01", "category1": "城建", "category2": "环卫"}
    labels = Labels(make_crosswalk(pd.DataFrame([row])), date(2026, 11, 25))
    assert labels.name("杂项", "category") == "城建 > 环卫 > 其他"
