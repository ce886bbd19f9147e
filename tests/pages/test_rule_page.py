"""The page of danger words: a supervisor tries a text and reads what counts, what does not, and the level."""

from __future__ import annotations

import re


def test_a_supervisor_tries_a_text(browser, enter):
    page = enter("supervisor", "/rules")
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)[1]
    answer = browser.post("/rules", data={"csrf": csrf, "text": "楼道电动车无故起火，老人下不来；热水器打不着火"})
    assert "红色：敏感事项，一件即报，且有人在场" in answer.text
    assert "“打不着火”是无害的说法" in answer.text


def test_a_department_is_told_that_the_page_is_the_supervisors(browser, enter):
    enter("department", "/alerts")
    assert browser.get("/rules").status_code == 403
