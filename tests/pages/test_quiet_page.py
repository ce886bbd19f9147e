"""静默与提醒: an official keeps quiet about planned work, and says when a department may be told."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from serve.store.tables import DepartmentRule, Silence

MAINTENANCE = {
    "purpose": "maintenance",
    "category": "停水",
    "area": "海口市",
    "starts": "2026-11-23T09:00",
    "ends": "2026-11-23T20:00",
    "comment": "计划检修，已公告",
}


def csrf_of(page: str) -> str:
    return re.search(r'name="csrf" value="([^"]+)"', page)[1]


def silences_in(city) -> list[tuple[str, str, str, str]]:
    with city.store.reading() as session:
        return [
            (row.category, row.area, row.department, row.ended_early_by) for row in session.scalars(select(Silence))
        ]


@pytest.mark.parametrize(("role", "department"), [("supervisor", ""), ("department", "市水务局")])
def test_planned_maintenance_is_entered_and_ended(role, department, enter, browser, city):
    page = enter(role, "/quiet")
    shown = browser.post("/quiet/silences", data={"csrf": csrf_of(page), **MAINTENANCE}).text
    assert "已静默" in shown
    assert "2026-11-23 09:00 – 2026-11-23 20:00" in shown
    assert silences_in(city) == [("停水", "海口市", department, "")]
    ending = re.search(r'action="(/quiet/silences/[^"]+/end)"', shown)[1]
    assert "现在没有静默" in browser.post(ending, data={"csrf": csrf_of(shown)}).text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"category": "", "area": " "}, "至少填一项"),
        ({"ends": "2026-11-23T09:00"}, "结束时间应晚于开始时间"),
        ({"ends": ""}, "结束时间应晚于开始时间"),
        ({"comment": " "}, "请写明原因"),
    ],
)
def test_a_silence_that_makes_no_sense_is_explained(changes, said, enter, browser, city):
    page = enter("supervisor", "/quiet")
    answer = browser.post("/quiet/silences", data={"csrf": csrf_of(page), **MAINTENANCE, **changes})
    assert (answer.status_code, said in answer.text) == (422, True)
    assert silences_in(city) == []
    for typed in (MAINTENANCE | changes).values():
        assert typed.strip() in answer.text, "nothing that was typed is lost"


def rule_of(city, department: str) -> DepartmentRule:
    with city.store.reading() as session:
        return session.get(DepartmentRule, department)


def test_a_department_sets_its_quiet_hours_and_keeps_the_budget_it_was_given(enter, browser, city):
    page = enter("supervisor", "/quiet?department=市水务局")
    browser.post("/quiet/rule", data={"csrf": csrf_of(page), "department": "市水务局", "weekly_budget": "7"})
    browser.cookies.clear()
    page = enter("department", "/quiet")
    assert 'name="weekly_budget"' not in page
    hours = {"quiet_from": "22:00", "quiet_to": "07:00", "minimum_level": "yellow", "department": "市水务局"}
    answer = browser.post("/quiet/rule", data={"csrf": csrf_of(page), **hours})
    assert "规则已保存" in answer.text
    rule = rule_of(city, "市水务局")
    assert (f"{rule.quiet_from:%H:%M}", rule.minimum_level, rule.weekly_budget) == ("22:00", "yellow", 7)
    other = browser.post("/quiet/rule", data={"csrf": csrf_of(page), **hours, "department": "市生态环境局"})
    assert (other.status_code, rule_of(city, "市生态环境局")) == (404, None)
    answer = browser.post("/quiet/rule", data={"csrf": csrf_of(page), **hours, "quiet_to": ""})
    assert "同时填写开始和结束" in answer.text


def test_a_rule_is_some_departments(enter, browser, city):
    page = enter("supervisor", "/quiet")
    answer = browser.post("/quiet/rule", data={"csrf": csrf_of(page), "department": " ", "minimum_level": "red"})
    assert (answer.status_code, "请先填写单位名称" in answer.text) == (422, True)
    assert rule_of(city, "") is None


def test_a_planner_reads_and_changes_nothing(enter, browser, city):
    page = enter("planner", "/quiet?department=市水务局")
    assert 'action="/quiet/silences"' not in page
    assert "disabled" in page
    answer = browser.post("/quiet/silences", data={"csrf": csrf_of(page), **MAINTENANCE})
    assert answer.status_code == 403
    assert browser.post("/quiet/rule", data={"csrf": csrf_of(page), "department": "市水务局"}).status_code == 403
    assert silences_in(city) == []
