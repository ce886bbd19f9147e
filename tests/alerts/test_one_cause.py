"""What belongs to an open alert, and what is another alert: tickets, places, departments and hours decide."""

from __future__ import annotations

import pytest

from features.sentences import Sentence, SentenceCode, said_of
from features.vocabulary import EVERYWHERE
from serve.alerts import actions
from tests.alerts.conftest import SUPERVISOR


def sentence(matter: str, areas: list[str], observed: int) -> dict[str, object]:
    return Sentence(
        SentenceCode.SURGE,
        {
            "matter": matter,
            "areas": areas,
            "place": "",
            "lat": None,
            "lon": None,
            "observed": observed,
            "tickets": observed,
            "callers": 0,
            "start": "2026-11-23T02:00:00",
            "end": "2026-11-23T08:00:00",
            "freq": "h",
            "expected": 1.0,
            "upper": 3.0,
        },
    ).document()


def matter(category: str, area: str, tickets: range, **changes: object) -> dict[str, object]:
    return {
        "category": category,
        "area": area,
        "cells": [f"category={category};district={area}"],
        "tickets": [f"demo/{number}" for number in tickets],
        "observed": len(tickets),
        "callers": len(tickets),
        "sentence": sentence(category, [] if area == EVERYWHERE else [area], len(tickets)),
        **changes,
    }


def arrived(start: int, end: int) -> dict[str, object]:
    return {"arrived": [f"2026-11-23T{start:02}:00:00", f"2026-11-23T{end:02}:00:00"]}


TAXI = matter("出租车", "陵水县", range(20), department="交通局")


def test_another_matter_that_shares_one_ticket_is_another_alert_with_its_own_department(hotline):
    hotline.detect(TAXI)
    hotline.detect(matter("污水外溢", "陵水县", range(19, 30), department="水务局"))
    assert (hotline.count(), hotline.alert(2).department) == (2, "水务局")
    assert (hotline.alert(1).ticket_count, hotline.alert(2).ticket_count) == (20, 11)


def test_a_matter_that_shares_half_of_its_tickets_joins_is_named_and_its_department_assists(hotline):
    hotline.detect(TAXI)
    hotline.later(minutes=10)
    hotline.detect(matter("网约车", "陵水县", range(16, 24), department="网约车办"))
    alert = hotline.alert()
    assert (hotline.count(), alert.category, alert.ticket_count) == (1, "出租车", 24)
    assert said_of(alert.sentence, "zh-CN").endswith("；同时还有陵水县 网约车 8件")
    assert hotline.messages()[-2:] == [(10, "updated", "交通局"), (10, "updated", "网约车办")]


def test_a_single_ticket_is_shared_by_two_alerts_and_joins_neither(hotline):
    hotline.detect(TAXI)
    hotline.detect(matter("持刀", "陵水县", range(5, 6), kind="敏感", department="公安局"))
    hotline.detect(TAXI, matter("持刀", "陵水县", range(5, 6), kind="敏感", department="公安局"))
    assert [hotline.alert(n).category for n in (1, 2)] == ["出租车", "持刀"]


def test_a_sum_takes_the_lead_of_a_district_it_explains_and_never_hides_in_it(hotline):
    hotline.detect(TAXI)
    hotline.later(minutes=10)
    hotline.detect(matter("出租车", EVERYWHERE, range(10, 60), department="交通局"))
    alert = hotline.alert()
    assert (hotline.count(), alert.area, alert.ticket_count) == (1, EVERYWHERE, 60)
    assert said_of(alert.sentence, "zh-CN").endswith("；同时还有陵水县 出租车 20件")
    assert hotline.messages()[-1] == (10, "updated", "交通局")


def test_a_sum_that_holds_little_of_an_alert_is_an_alert_of_its_own(hotline):
    hotline.detect(TAXI)
    hotline.detect(matter("出租车", EVERYWHERE, range(18, 60), department="交通局"))
    assert [hotline.alert(n).area for n in (1, 2)] == ["陵水县", EVERYWHERE]


@pytest.mark.parametrize(
    ("changes", "alerts"),
    [
        ({"category": "停电", "area": "陵水县", "evidence": arrived(4, 6)}, 1),
        ({"category": "停电", "area": "陵水县", "evidence": arrived(10, 12)}, 2),
        ({"category": "停电", "area": "保亭县", "evidence": arrived(4, 6)}, 2),
        ({"category": "出租车", "area": "保亭县", "evidence": arrived(4, 6), "department": "交通局"}, 1),
        ({"category": "出租车", "area": "保亭县", "evidence": arrived(4, 6), "department": "保亭交通局"}, 2),
        ({"category": "停电", "area": "陵水县", "evidence": arrived(4, 6), "kind": "敏感"}, 2),
    ],
    ids=["same hours", "other hours", "another district", "same department", "another department", "a danger"],
)
def test_what_a_later_run_finds_of_the_same_cause_joins(hotline, changes, alerts):
    hotline.detect({**TAXI, "evidence": arrived(3, 5)})
    later = matter(changes["category"], changes["area"], range(100, 108), department="供电局")
    hotline.detect({**later, **changes})
    assert hotline.count() == alerts


STORM = matter("铲雪", EVERYWHERE, range(40), department="环卫局", evidence={"lift": 4.0})
DAY_AFTER = {"window_start": "2026-11-23T08:00:00", "window_end": "2026-11-24T00:00:00"}
LATER = {"window_start": "2026-11-25T00:00:00", "window_end": "2026-11-26T00:00:00"}


@pytest.mark.parametrize(
    ("changes", "alerts"),
    [
        ({"evidence": {"lift": 4.0}}, 1),
        ({"evidence": {"lift": 4.0}, **DAY_AFTER}, 1),
        ({"evidence": {"lift": 4.0}, **LATER}, 2),
        ({"evidence": {"lift": 1.6}}, 1),
        ({"evidence": {"lift": 0.0}}, 2),
        ({}, 2),
        ({"evidence": {"lift": 4.0}, "area": "陵水县"}, 2),
    ],
    ids=["same day", "the next day", "days later", "beside a shock", "no sum", "nobody says", "one district"],
)
def test_what_rises_over_the_city_with_a_shock_is_told_as_one(hotline, changes, alerts):
    hotline.detect(STORM)
    hotline.detect({**matter("消火栓", EVERYWHERE, range(100, 130), department="消防局"), **changes})
    assert hotline.count() == alerts
    if alerts == 1:
        assert said_of(hotline.alert().sentence, "zh-CN").endswith("；同时还有消火栓 30件")
        assert "消防局" in {audience for _, _, audience in hotline.messages()}


@pytest.mark.parametrize(("first", "alerts"), [(5, 1), (12, 2)], ids=["half was told", "most is new"])
def test_what_an_alert_that_ended_has_told_is_not_told_anew(hotline, first, alerts):
    hotline.detect(TAXI)
    hotline.press(actions.resolve, SUPERVISOR, reason="done")
    hotline.detect(matter("的士", "陵水县", range(first, first + 20), department="交通局"))
    assert hotline.count() == alerts


@pytest.mark.parametrize(
    ("days", "changes"),
    [(8, {}), (0, {"kind": "敏感", "sensitive": True})],
    ids=["a week later", "a danger"],
)
def test_after_a_week_it_is_told_anew_and_a_danger_at_once(hotline, days, changes):
    hotline.detect(TAXI)
    hotline.press(actions.resolve, SUPERVISOR, reason="done")
    hotline.later(days=days, every=600)
    hotline.detect(matter("的士", "陵水县", range(20), department="交通局", **changes))
    assert hotline.count() == 2


def test_siblings_of_one_run_assist_from_the_start(hotline):
    sibling = {"category": "停电", "area": "陵水县", "department": "供电局", "observed": 8}
    hotline.detect({**TAXI, "siblings": [sibling]})
    assert sorted(hotline.messages()) == [(0, "opened", "交通局"), (0, "opened", "供电局")]


def test_what_was_named_stays_named_when_the_leading_matter_is_seen_again(hotline):
    hotline.detect(TAXI)
    hotline.detect(matter("网约车", "陵水县", range(16, 24), department="网约车办"))
    hotline.detect({**TAXI, "tickets": [f"demo/{number}" for number in (*range(20), 90)], "observed": 21})
    assert said_of(hotline.alert().sentence, "en").endswith("; at the same time 网约车, 陵水县 8")
