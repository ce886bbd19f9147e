from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from features.configuration import RuleConfig
from models.hotspots.rules import apply_rules

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # noon in Shanghai
NOON = pd.Timestamp("2026-11-23 12:00")


def ticket(number: int, *, hours_ago: float = 1, caller: str | None = "", **columns: object) -> dict[str, object]:
    opened = NOON - pd.Timedelta(hours=hours_ago)
    known = pd.Timestamp(NOW) - pd.Timedelta(hours=hours_ago)
    row = {"source": "city", "ticket_id": str(number), "opened_local": opened, "known_at": known}
    labels = {
        "category1": "环境",
        "category2": "噪声",
        "category": "施工噪声",
        "district": "海口市",
        "department": "城管",
    }
    return {**row, **labels, "caller": f"c{number}" if caller == "" else caller, **columns}


def hits(rows: list[dict[str, object]], **kwargs: object) -> pd.DataFrame:
    return apply_rules(pd.DataFrame(rows), as_of=NOW, **kwargs)  # type: ignore[arg-type]


def test_five_in_seven_days_is_frequent_and_four_are_not() -> None:
    found = hits([ticket(n, hours_ago=24 * n) for n in range(1, 6)])
    assert found["kind"].tolist() == ["高频"]
    row = found.iloc[0]
    assert (row["observed"], row["callers"], row["area"], row["department"]) == (5, 5, "海口市", "城管")
    assert row["tickets"] == [f"city/{n}" for n in (5, 4, 3, 2, 1)]
    assert (row["window_start"], row["window_end"]) == (NOON - pd.Timedelta(days=7), NOON)
    assert hits([ticket(n, hours_ago=24 * n) for n in range(1, 5)]).empty
    assert hits([ticket(n, hours_ago=24 * 7.1 if n == 5 else 24 * n) for n in range(1, 6)]).empty


def test_tickets_that_nobody_placed_are_not_in_one_place() -> None:
    unplaced = [ticket(n, hours_ago=24 * n, district="") for n in range(1, 6)]
    assert hits(unplaced).empty
    assert hits([{**row, "street": "海秀街道"} for row in unplaced])["kind"].tolist() == ["高频"]


def test_one_caller_cannot_make_a_matter_frequent_but_is_a_repeat() -> None:
    found = hits([ticket(n, caller="one") for n in range(6)])
    assert found["kind"].tolist() == ["一人多诉"]
    assert (found.iloc[0]["observed"], found.iloc[0]["callers"]) == (6, 1)


def test_tickets_without_a_caller_never_repeat() -> None:
    assert hits([ticket(n, caller=None) for n in range(4)]).empty


def test_two_streets_are_two_places() -> None:
    rows = [ticket(n, street="甲街" if n < 4 else "乙街") for n in range(8)]
    assert hits(rows).empty
    found = hits(rows, config=RuleConfig.model_validate({"frequent": {"place": "district"}}))
    assert found["observed"].tolist() == [8]


def test_a_place_that_is_always_busy_is_not_frequent() -> None:
    usual = [ticket(n, hours_ago=24 * (n / 5)) for n in range(5 * 35)]
    assert hits(usual).empty
    always = RuleConfig.model_validate({"frequent": {"usual_factor": 0}})
    assert hits(usual, config=always)["kind"].tolist() == ["高频"]
    burst = usual + [ticket(1000 + n) for n in range(40)]
    assert hits(burst).iloc[0]["usual"] == pytest.approx(35, abs=1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("楼下燃气泄漏，很危险", "燃气泄漏"),
        ("没有发生爆炸", ""),
        ("请加强防范，避免溺水", ""),
        ("无燃气泄漏。但邻居持刀威胁", "持刀"),
        ("Strong smell, a gas leak", "gas leak"),
        ("There was no gas leak", ""),
    ],
)
def test_watched_words_know_negation(text: str, words: str) -> None:
    found = hits([ticket(1, text=text)])
    assert [",".join(told) for told in found["words"]] == ([words] if words else [])
    assert (found["kind"].tolist() or ["敏感"]) == ["敏感"]


def test_a_watched_category_is_sensitive_without_any_word() -> None:
    config = RuleConfig.model_validate({"sensitive": {"categories": ["噪声"]}})
    assert hits([ticket(1)], config=config)["words"].tolist() == [("施工噪声",)]
    assert hits([ticket(1, hours_ago=25)], config=config).empty


def test_a_category_may_ask_for_more() -> None:
    config = RuleConfig.model_validate({"category": {"噪声": {"frequent": {"tickets": 10}}}})
    assert hits([ticket(n) for n in range(9)], config=config).empty
    assert hits([ticket(n) for n in range(10)], config=config)["threshold"].tolist() == [10]
    silent = RuleConfig.model_validate({"category": {"施工噪声": {"frequent": {"enabled": False}}}})
    assert hits([ticket(n) for n in range(10)], config=silent).empty


def test_only_hits_that_a_batch_touched() -> None:
    rows = [ticket(n) for n in range(5)]
    assert hits(rows, only=["city/3"])["kind"].tolist() == ["高频"]
    assert hits(rows, only=["city/99"]).empty


def test_bad_configuration_names_the_key() -> None:
    with pytest.raises(ValidationError, match=r"frequent\.tickets"):
        RuleConfig.model_validate({"frequent": {"tickets": 0}})
    with pytest.raises(
        ValidationError, match=r'dayz is not a key of \[rules.category."噪声".repeat\]: did you mean days'
    ):
        RuleConfig.model_validate({"category": {"噪声": {"repeat": {"dayz": 3}}}})


def test_lookback_covers_every_version_of_a_rule() -> None:
    config = RuleConfig.model_validate({"category": {"噪声": {"repeat": {"days": 90}}}})
    assert config.lookback_days == 90


AGES = st.lists(st.floats(0.1, 24 * 40), min_size=1, max_size=30)


@settings(deadline=None, max_examples=25)
@given(ages=AGES, later=AGES, street=st.sampled_from(["", "甲街"]), callers=st.integers(3, 30))
def test_what_is_known_later_changes_nothing(ages: list[float], later: list[float], street: str, callers: int) -> None:
    rows = [ticket(n, hours_ago=age, caller=f"c{n % callers}", street=street) for n, age in enumerate(ages)]
    moment = pd.Timestamp(NOW) + timedelta(seconds=1)
    # Opened in the judged window or in those before it, and all of them told afterwards.
    known_later = [
        {**ticket(500 + n, hours_ago=age, caller="c0", street=street), "known_at": moment, "text": "燃气泄漏"}
        for n, age in enumerate(later)
    ]
    pd.testing.assert_frame_equal(hits(rows), hits(rows + known_later))
