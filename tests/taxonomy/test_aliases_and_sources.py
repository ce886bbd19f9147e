from datetime import timedelta

import pandas as pd
import pytest

from features.taxonomy import TaxonomyError, clock_differences, normal_label, prefer_source, suggest_aliases


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


def tickets(source, ids, opened):
    times = pd.to_datetime(pd.Series(opened), utc=True)
    return pd.DataFrame({"source": source, "ticket_id": ids, "opened_at": times})


BOTH = pd.concat(
    [
        tickets("first", ["1", "2"], ["2015-01-01T05:00Z", "2015-07-01T04:00Z"]),
        tickets("second", ["1", "2", "3"], ["2015-01-01T00:00Z", "2015-07-01T00:00Z", "2015-07-02T00:00Z"]),
        tickets("third", ["1"], ["2015-01-01T00:00Z"]),
    ],
    ignore_index=True,
)


def test_shared_ticket_is_kept_from_the_preferred_source_and_others_are_left_alone():
    kept = prefer_source(BOTH, ["first", "second"])
    assert list(zip(kept["source"], kept["ticket_id"], strict=True)) == [
        ("first", "1"),
        ("first", "2"),
        ("second", "3"),
        ("third", "1"),
    ]


def test_clock_of_a_source_is_corrected_by_its_zone_or_by_a_fixed_offset():
    zone = prefer_source(BOTH, ["second", "first"], offsets={"second": "America/New_York"})
    assert zone.set_index("ticket_id").loc["2", "opened_at"] == pd.Timestamp("2015-07-01T04:00Z")
    fixed = prefer_source(BOTH, ["second", "first"], offsets={"second": timedelta(hours=5)})
    assert fixed[fixed["source"] == "second"]["opened_at"].tolist()[0] == pd.Timestamp("2015-01-01T05:00Z")


def test_clock_differences_are_counted():
    result = clock_differences(BOTH, "first", "second")
    assert result["difference"].tolist() == [timedelta(hours=-5), timedelta(hours=-4)]
    assert clock_differences(BOTH, "first", "nowhere").empty


def test_wrong_calls_are_refused():
    with pytest.raises(TaxonomyError, match="names a source twice"):
        prefer_source(BOTH, ["first", "first"])
    with pytest.raises(TaxonomyError, match=r"no column \['source'\]"):
        prefer_source(BOTH.drop(columns="source"), ["first"])


@pytest.mark.real_data
def test_bostons_two_clocks(real_data):
    names = {"boston_311": "boston_311_2015_minus5types", "boston_animals": "boston_animals_pests_2013_2023"}
    frames = []
    for source, name in names.items():
        raw = pd.read_parquet(real_data / "tickets" / f"{name}.parquet", columns=["id", "created"])
        frames.append(tickets(source, raw["id"].astype(str), raw["created"]))
    both = pd.concat(frames, ignore_index=True)
    differences = clock_differences(both, "boston_311", "boston_animals")
    assert differences["tickets"].tolist() == [4766, 1458]
    assert differences["difference"].tolist() == [timedelta(hours=-4), timedelta(hours=-5)]
    once = prefer_source(both, ["boston_311", "boston_animals"], offsets={"boston_animals": "America/New_York"})
    assert len(both) - len(once) == 6224
    animals = prefer_source(both, ["boston_animals"], offsets={"boston_animals": "America/New_York"})
    assert clock_differences(animals, "boston_311", "boston_animals")["difference"].tolist() == [timedelta(0)]
