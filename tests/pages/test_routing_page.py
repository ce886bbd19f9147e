"""分派规则: the table goes out as a sheet and comes back edited, and a 不归我 answer becomes a line."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from serve.store.tables import Alert, Route, RouteCorrection


def csrf_of(page: str) -> str:
    return re.search(r'name="csrf" value="([^"]+)"', page)[1]


def lines_in(city) -> set[tuple[str, str]]:
    with city.store.reading() as session:
        return {(row.category, row.department) for row in session.scalars(select(Route))}


def upload(browser, page: str, content: bytes, **fields: str):
    data = {"csrf": csrf_of(page)} | fields
    return browser.post("/routing/sheet", data=data, files={"sheet": ("规则.csv", content)})


def test_the_table_comes_back_edited(enter, browser, city):
    page = enter("supervisor", "/routing")
    link = re.search(r'href="(/v1/routes/sheet\?format=csv)"', page)[1]
    sheet = browser.get(link).content.decode("utf-8-sig")
    edited = sheet.replace("市市政管理局", "市交通运输局")
    asked_back = upload(browser, page, edited.encode("utf-8-sig"))
    assert asked_back.status_code == 422
    assert "没有“市交通运输局”这个单位" in asked_back.text
    assert "市市政管理局" in asked_back.text
    assert "分派规则已更新" in upload(browser, page, edited.encode("utf-8-sig"), new_names="true").text
    assert ("路面积水", "市交通运输局") in lines_in(city)


def test_a_sheet_with_a_bad_row_changes_nothing_and_says_why(enter, browser, city):
    before = lines_in(city)
    answer = upload(browser, enter("supervisor", "/routing"), b"x,y\n1,2\n")
    assert answer.status_code == 422
    assert "没有修改" in answer.text
    assert lines_in(city) == before


@pytest.mark.parametrize(("department", "adopted"), [("市交通运输局", True), ("", False)])
def test_a_not_mine_answer_becomes_a_line_or_is_put_aside(department, adopted, enter, browser, city):
    with city.store.session() as session:
        alert = session.scalar(select(Alert.id).where(Alert.category == "路面积水", Alert.area == "儋州市"))
        said = {"category": "路面积水", "area": "儋州市", "sent_to": "市市政管理局", "suggested": "市交通运输局"}
        session.add(RouteCorrection(id="rc_1", alert_id=alert, author="test", created_at=city.now, **said))
    page = enter("supervisor", "/routing")
    assert "以后分派给市交通运输局" in page
    answer = browser.post("/routing/corrections/rc_1", data={"csrf": csrf_of(page), "department": department})
    assert "没有待核的" in answer.text
    assert (("路面积水", "市交通运输局") in lines_in(city)) is adopted


def test_a_planner_reads_the_table_and_a_department_does_not(enter, browser, city):
    before = lines_in(city)
    page = enter("planner", "/routing")
    assert "现行规则 3 条" in page
    assert 'action="/routing/sheet"' not in page
    assert upload(browser, page, b"x").status_code == 403
    browser.cookies.clear()
    enter("department")
    assert browser.get("/routing").status_code == 403
    assert lines_in(city) == before
