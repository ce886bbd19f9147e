import numpy as np
import pandas as pd
import pytest

from features.taxonomy import TaxonomyError, make_crosswalk, propose_changes, proposed_rows

WEEKS = pd.date_range("2023-01-02", periods=104, freq="W-MON")


def panel(rates, seed=0):
    """Poisson counts; a rate is a number or an array over the weeks."""
    rng = np.random.default_rng(seed)
    frames = [
        pd.DataFrame({"category": name, "ds": WEEKS, "y": rng.poisson(np.broadcast_to(rate, 104))})
        for name, rate in rates.items()
    ]
    return pd.concat(frames, ignore_index=True)


def from_week(week, rate, before=0.0):
    return np.where(np.arange(104) >= week, rate, before)


def proposals(rates, **kwargs):
    return propose_changes(panel(rates), **kwargs)


def test_quiet_panel_has_no_changes():
    assert proposals({"a": 20.0, "b": 3.0, "rare": 0.05}).empty


def test_death_and_birth_in_the_same_week_are_a_rename():
    result = proposals({"a": 20.0, "Noise": from_week(60, 0, 8), "Noise, night": from_week(60, 8)})
    assert result[["kind", "old", "new"]].to_numpy().tolist() == [["rename", "Noise", "Noise, night"]]
    assert result["valid_from"].item() == WEEKS[60]
    assert result["score"].item() > 0.7


def test_two_deaths_and_one_birth_are_a_merge_and_the_reverse_a_split():
    merge = proposals({"a": 30.0, "x": from_week(60, 0, 9), "y": from_week(60, 0, 6), "xy": from_week(60, 15)})
    assert merge[["kind", "old", "new", "weight"]].to_numpy().tolist() == [
        ["merge", "x", "xy", 1.0],
        ["merge", "y", "xy", 1.0],
    ]
    split = proposals({"a": 30.0, "xy": from_week(60, 0, 16), "x": from_week(60, 12), "y": from_week(60, 4)})
    assert split["kind"].tolist() == ["split", "split"]
    assert split["weight"].sum() == pytest.approx(1)
    assert split.set_index("new").loc["x", "weight"] == pytest.approx(0.75, abs=0.1)


def test_birth_out_of_a_label_that_lives_on_is_a_part():
    result = proposals({"a": 60.0, "other": from_week(60, 50, 80), "new": from_week(60, 30)})
    assert result[["kind", "old", "new"]].to_numpy().tolist() == [["part", "other", "new"]]
    assert result["weight"].item() == pytest.approx(30 / 80, abs=0.1)


def test_birth_and_death_without_a_partner_stand_alone():
    result = proposals({"a": 50.0, "gone": from_week(30, 0, 10), "new": from_week(70, 10)})
    assert result[["kind", "old", "new"]].to_numpy().tolist() == [["death", "gone", ""], ["birth", "", "new"]]


def test_rare_label_that_happens_to_start_late_is_no_birth():
    assert proposals({"a": 20.0, "rare": from_week(20, 0.3)}).empty


def test_label_that_pauses_is_not_renamed_into_itself():
    pausing = np.where((np.arange(104) > 40) & (np.arange(104) < 60), 12.0, 0.0)
    assert not (proposals({"a": 30.0, "p": pausing})["kind"] == "rename").any()


def test_proposals_become_rows_that_pass_the_check():
    result = proposals(
        {"a": 60.0, "other": from_week(60, 50, 80), "new": from_week(60, 30), "gone": from_week(30, 0, 10)}
    )
    rows = make_crosswalk(proposed_rows(result)).rows
    assert set(zip(rows["old"], rows["new"], strict=True)) == {("other", "other"), ("other", "new")}
    assert rows["weight"].sum() == pytest.approx(1)


def test_missing_column_is_named():
    with pytest.raises(TaxonomyError, match=r"no column \['category'\]"):
        propose_changes(pd.DataFrame({"ds": [], "y": []}))


@pytest.mark.real_data
def test_stuttgarts_two_births_and_what_they_came_out_of(real_data):
    tickets = pd.read_parquet(
        real_data / "tickets" / "stuttgart_gelbe_karten_2020_2026.parquet", columns=["created", "category"]
    )
    opened = pd.to_datetime(tickets["created"], utc=True).dt.tz_convert("Europe/Berlin").dt.tz_localize(None)
    tickets["ds"] = opened.dt.to_period("W-SUN").dt.start_time
    weekly = tickets.groupby(["category", "ds"]).size().rename("y").reset_index()
    result = propose_changes(weekly)
    assert result[["kind", "old", "new"]].to_numpy().tolist() == [
        ["part", "Sonstiges", "Gefahrenstelle"],
        ["part", "Sonstiges", "Begrünung"],
    ]
    assert result["valid_from"].dt.strftime("%Y-%m-%d").tolist() == ["2023-08-28", "2024-09-02"]
