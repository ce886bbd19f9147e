import pandas as pd
import pytest

from features.taxonomy import normal_label, suggest_aliases


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("4 Brooklyn", "04 Brooklyn"),
        ("04Brooklyn", "BROOKLYN 4"),
        ("海口", "海口市"),
        ("Ｒｏａｄ　works", "road works"),
        ("白沙县", "白沙黎族自治县"),
    ],
)
def test_spellings_of_one_label_are_equal(one, other):
    assert normal_label(one) == normal_label(other)


@pytest.mark.parametrize(("one", "other"), [("04 Brooklyn", "14 Brooklyn"), ("海口市", "三亚市"), ("Main", "Maine")])
def test_different_labels_stay_different(one, other):
    assert normal_label(one) != normal_label(other)


def test_aliases_typos_parents_and_strangers_are_told_apart():
    labels = ["01 Queens"] * 900 + ["02 Queens"] * 800 + ["03 Queens"] * 700 + ["2 Queens"] * 3
    labels += ["Street lighting"] * 600 + ["Street lightning"] * 2 + ["Queens"] * 5 + ["0230458"]
    result = suggest_aliases(pd.Series(labels)).set_index("old")
    assert result["new"].to_dict() == {
        "2 Queens": "02 Queens",
        "Street lightning": "Street lighting",
        "Queens": "",
        "0230458": "",
    }
    assert result["reason"].to_dict() == {
        "2 Queens": "spelling",
        "Street lightning": "typo",
        "Queens": "parent",
        "0230458": "unmatched",
    }


def test_number_alone_is_completed_by_its_parent():
    labels = pd.Series(["07 Brooklyn"] * 500 + ["07 Queens"] * 400 + ["7", "7", "07"])
    parents = pd.Series(["Brooklyn"] * 500 + ["Queens"] * 400 + ["Brooklyn", "Queens", None])
    result = suggest_aliases(labels, context=parents)
    completed = result[result["reason"] == "context"]
    assert set(zip(completed["old"], completed["context"], completed["new"], strict=True)) == {
        ("7", "Brooklyn", "07 Brooklyn"),
        ("7", "Queens", "07 Queens"),
    }
    assert result.loc[result["old"] == "07", "reason"].tolist() == ["unmatched"]


@pytest.mark.real_data
def test_new_yorks_community_boards(real_data):
    cases = pd.read_parquet(
        real_data / "tickets" / "nyc_council_cases_2015_2025.parquet", columns=["community_board", "city", "created"]
    )
    cases = cases[cases["created"] < "2023-11-27"]
    result = suggest_aliases(cases["community_board"], context=cases["city"])
    spelling = result[result["reason"] == "spelling"].set_index("old")["new"].to_dict()
    assert spelling == {
        "3 Staten Island": "03 Staten Island",
        "8 Brooklyn": "08 Brooklyn",
        "4 Brooklyn": "04 Brooklyn",
        "5 Brooklyn": "05 Brooklyn",
        "7 Manhattan": "07 Manhattan",
    }
    assert set(result.loc[result["reason"] == "parent", "old"]) == {
        "Brooklyn",
        "Queens",
        "Staten Island",
        "Bronx",
        "Manhattan",
    }
    completed = result[result["reason"] == "context"].set_index(["old", "context"])["new"]
    assert completed["15", "Brooklyn"] == "15 Brooklyn"
    assert {"CB3", "0230458", "82 Queens"} <= set(result.loc[result["reason"] == "unmatched", "old"])
    assert "16 Brooklyn" not in set(result["old"])
