"""督办 and the dead-letter page: who may open them, what they list, and what their forms do."""

from __future__ import annotations

import html
import io
import re
from datetime import timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from serve.access import add_key
from serve.store.columns import new_id
from serve.store.tables import Alert, Delivery, OutboxMessage, Subscription, SupervisionOrder


def csrf_of(page: str) -> str:
    return re.search(r'name="csrf" value="([^"]+)"', page)[1]


def named(page: str, name: str) -> str:
    return html.unescape(re.search(rf'name="{name}" value="([^"]*)"', page)[1])


def order_of(city, **changes):
    """Return the form of an order about the outage in Haikou, as the page proposes it."""
    with city.store.reading() as session:
        alert = session.scalar(select(Alert.id).where(Alert.category == "停水", Alert.area == "海口市"))
    form = {"alert_id": alert, "department": "市水务局", "due": "2026-11-24T18:00", "demand": "请现场核查并回复。"}
    return form | changes


def orders_in(city) -> list[SupervisionOrder]:
    with city.store.reading() as session:
        return list(session.scalars(select(SupervisionOrder)))


@pytest.fixture
def dead_letter(city):
    """A message to the water authority that its bot refused."""
    with city.store.session() as session:
        message = session.scalars(select(OutboxMessage).where(OutboxMessage.audience == "市水务局")).first()
        subscription = Subscription(
            id="sub_1", name="水务局值班群", audience="市水务局", channel="wecom", config={"target": "w"}, kinds=[],
            author="test", created_at=city.now,
        )  # fmt: skip
        session.add(subscription)
        session.flush()
        row = Delivery(
            id=new_id("dl"), outbox_id=message.id, subscription_id="sub_1", attempt=3, status="dead", due_at=city.now,
            finished_at=city.now, response_code=93000, cause="refused", said="invalid webhook url", cause_params={},
        )  # fmt: skip
        session.add(row)
    return row.id


@pytest.mark.parametrize("path", ["/supervision", "/deliveries"])
@pytest.mark.parametrize(("role", "allowed"), [("supervisor", True), ("planner", False), ("department", False)])
def test_only_who_answers_for_all_departments_opens_these_pages(path, role, allowed, browser, enter):
    page = enter(role, path)
    assert browser.get(path).status_code == (200 if allowed else 403)
    assert (f'href="{path}"' in page) is allowed, "the navigation offers what may be opened"


def test_the_duty_desk_opens_the_dead_letters_but_not_the_supervision(browser, enter, city):
    duty = add_key(city.store, name="值班员", role="department", department="值班台", now=city.now).secret
    page = enter(duty, "/deliveries")
    assert browser.get("/deliveries").status_code == 200
    assert 'href="/deliveries"' in page
    assert browser.get("/supervision").status_code == 403


def test_the_list_says_who_is_late_and_by_how_much(enter, browser, city):
    assert "没有需要督办的预警" in enter("supervisor", "/supervision")
    city.clock.advance(timedelta(hours=30))
    page = browser.get("/supervision").text
    assert page.count("<article") == 5
    assert "逾期未签收" in page
    assert "已逾期 29 小时" in page
    first, last = page.index("夜间施工噪声 · 海口市"), page.index("停水 · 三亚市")
    assert first < last, "fifteen minutes ran out before an hour did"
    by_water = browser.get("/supervision", params={"department": "市水务局"}).text
    assert by_water.count("<article") == 2
    assert browser.get("/supervision", params={"reason": "dismissed_again"}).text.count("<article") == 0


def test_an_order_is_issued_once_reaches_the_department_and_is_answered_there(enter, browser, city):
    page = enter("supervisor", "/supervision")
    form = order_of(city, csrf=csrf_of(page), once="one-form")
    for _ in range(2):
        answer = browser.post("/supervision/orders", data=form)
        assert "已记录：督办单已下达" in answer.text
    [order] = orders_in(city)
    assert (order.department, order.due_at.isoformat()) == ("市水务局", "2026-11-24T10:00:00+00:00")
    assert "请现场核查并回复。" in answer.text
    browser.cookies.clear()

    assert "1 件督办待回复" in enter("department")
    alert = f"/alerts/{form['alert_id']}"
    page = browser.get(alert).text
    reply = {"csrf": csrf_of(page), "answer": "已抢修，十五时恢复供水。", "back": alert}
    assert "已记录：督办已回复" in browser.post(f"/supervision/orders/{order.id}/answer", data=reply).text
    assert browser.post(f"/supervision/orders/{order.id}/answer", data=reply).status_code == 409
    assert "督办待回复" not in browser.get("/alerts").text
    browser.cookies.clear()
    assert "已抢修，十五时恢复供水。" in enter("supervisor", "/supervision")


@pytest.mark.parametrize("changes", [{"due": "2026-11-22T18:00"}, {"due": "tomorrow"}, {"demand": "  "}])
def test_an_order_that_makes_no_sense_is_explained_and_not_issued(changes, enter, browser, city):
    page = enter("supervisor", "/supervision")
    answer = browser.post("/supervision/orders", data=order_of(city, csrf=csrf_of(page), **changes))
    assert answer.status_code == 422
    assert "督办单没有下达" in answer.text
    assert orders_in(city) == []


def test_nobody_else_issues_or_answers_orders(enter, browser, city):
    supervisor = enter("supervisor", "/supervision")
    browser.post("/supervision/orders", data=order_of(city, csrf=csrf_of(supervisor)))
    assert browser.post("/supervision/orders", data=order_of(city, csrf="forged")).status_code == 403
    browser.cookies.clear()
    page = enter("department")
    assert browser.post("/supervision/orders", data=order_of(city, csrf=csrf_of(page))).status_code == 403
    browser.cookies.clear()
    other = add_key(city.store, name="别处", role="department", department="市市政管理局", now=city.now).secret
    reply = {"csrf": csrf_of(enter(other)), "answer": "x"}
    assert browser.post(f"/supervision/orders/{orders_in(city)[0].id}/answer", data=reply).status_code == 404
    assert [order.answer for order in orders_in(city)] == [""]


def test_the_weekly_list_is_a_workbook_in_an_officials_words(enter, browser, city):
    page = enter("supervisor", "/supervision")
    browser.post("/supervision/orders", data=order_of(city, csrf=csrf_of(page)))
    city.clock.advance(timedelta(days=2))
    link = re.search(r'href="(/v1/supervision/sheet)"', browser.get("/supervision").text)[1]
    book = load_workbook(io.BytesIO(browser.get(link).content))
    *rows, _, label = book["督办清单"].iter_rows(min_row=2, values_only=True)
    assert "SIMULATED" in label[0]
    assert {"督办逾期", "逾期未签收"} <= {part for row in rows for part in row[9].split("、")}
    assert {row[6] for row in rows} == {"待签收"}
    orders = book["督办单"].iter_rows(min_row=2, values_only=True)
    assert [row[6] for row in orders if row[6]] == ["请现场核查并回复。"]


def test_a_dead_letter_is_shown_with_its_reason_and_sent_again_once(enter, browser, city, dead_letter):
    page = enter("supervisor", "/deliveries")
    for words in ("停水 · 海口市", "水务局值班群", "企业微信", "invalid webhook url", "返回码 93000", "已尝试 3 次"):
        assert words in page
    form = {"csrf": csrf_of(page), "letter": named(page, "letter")}
    assert form["letter"] == dead_letter
    assert "已重新排队 1 条" in browser.post("/deliveries/again", data=form).text
    again = browser.post("/deliveries/again", data=form).text
    assert "已重新排队 0 条" in again
    assert "没有未送达的消息" in again
    with city.store.reading() as session:
        statuses = dict(session.execute(select(Delivery.status, func.count()).group_by(Delivery.status)).all())
    assert statuses == {"retry": 1, "queued": 1}


def test_a_dead_letter_needs_the_sessions_token_and_the_right_person(enter, browser, city, dead_letter):
    enter("supervisor")
    assert browser.post("/deliveries/again", data={"csrf": "forged", "letter": dead_letter}).status_code == 403
    browser.cookies.clear()
    form = {"csrf": csrf_of(enter("department")), "letter": dead_letter}
    assert browser.post("/deliveries/again", data=form).status_code == 403
    with city.store.reading() as session:
        assert session.scalars(select(Delivery.status)).all() == ["dead"]


def test_an_audience_that_nobody_listens_for_is_named(enter, city):
    with city.store.session() as session:
        message = session.scalars(select(OutboxMessage).where(OutboxMessage.audience == "市水务局")).first()
        message.expanded_at = city.now
    assert "近 7 天有 1 条发给“市水务局”的消息无人订阅" in enter("supervisor", "/deliveries")


def test_a_department_comes_to_its_alerts_first(browser, city):
    csrf = csrf_of(browser.get("/login").text)
    answer = browser.post(
        "/login", data={"key": city.keys["department"], "csrf": csrf, "next": "/"}, follow_redirects=False
    )
    assert answer.headers["location"] == "/alerts"
