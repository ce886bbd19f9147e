"""消息接收: a department sees on its phone where its messages go, whether they arrive, and mends it there."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from serve.store.columns import new_id
from serve.store.tables import Delivery, OutboxMessage, Subscription

WATER = "市水务局"
TARGETS = {
    "water": {"channel": "wecom", "url": "http://127.0.0.1:9/water", "owner": WATER},
    "desk": {"channel": "dingtalk", "url": "http://127.0.0.1:9/desk"},
}


def csrf_of(page: str) -> str:
    return re.search(r'name="csrf" value="([^"]+)"', page)[1]


@pytest.fixture(autouse=True)
def _targets(browser, city):
    section = {"allow_private": ["127.0.0.0/8"], "deadline_s": 1, "targets": TARGETS}
    browser.app.state.settings = city.settings.changed(delivery=section)


def rows(city) -> list[Subscription]:
    with city.store.reading() as session:
        return list(session.scalars(select(Subscription)))


def form(page: str, **values: str) -> dict[str, str]:
    return {"csrf": csrf_of(page), "name": "值班群", "channel": "webhook", **values}


def test_a_department_subscribes_tries_changes_and_deletes(enter, browser, city):
    page = enter("department", "/subscriptions")
    assert 'value="water"' in page
    assert 'value="desk"' not in page, "what is not theirs is not offered"
    shown = browser.post("/subscriptions", data=form(page, target="water", audience="duty")).text
    assert "已新增" in shown
    [row] = rows(city)
    assert (row.audience, row.channel, row.config) == (WATER, "wecom", {"target": "water"})
    tested = browser.post(f"/subscriptions/{row.id}/test", data={"csrf": csrf_of(shown)})
    assert (tested.status_code, "测试消息未送达：连接不上对方" in tested.text) == (200, True)
    assert browser.post(f"/subscriptions/{row.id}/test", data={"csrf": csrf_of(shown)}).status_code == 429
    changed = browser.post(f"/subscriptions/{row.id}/change", data=form(shown, name="夜班", minimum_level="red")).text
    assert ("已保存" in changed, rows(city)[0].minimum_level, rows(city)[0].config) == (
        True,
        "red",
        {"target": "water"},
    )
    for verb, said in (("pause", "已暂停（"), ("resume", "已恢复"), ("end", "还没有订阅")):
        assert said in browser.post(f"/subscriptions/{row.id}/{verb}", data={"csrf": csrf_of(shown)}).text
    assert browser.post(f"/subscriptions/{row.id}/burn", data={"csrf": csrf_of(shown)}).status_code == 422
    assert browser.post(f"/subscriptions/{row.id}/pause", data={"csrf": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"url": "https://10.0.0.1/x"}, "10.0.0.1 属于内网或保留网段"),
        ({"url": "ftp://x"}, "地址无效"),
        ({"target": "desk", "channel": "dingtalk"}, "配置中没有接收地址“desk”"),
        ({"target": "water", "url": "https://93.184.216.34/"}, "只能写一个"),
        ({}, "没有接收地址"),
    ],
)
def test_what_could_never_arrive_is_said_above_the_form(enter, browser, city, wanted, said):
    page = enter("department", "/subscriptions")
    answer = browser.post("/subscriptions", data=form(page, **wanted))
    assert (answer.status_code, said in answer.text, rows(city)) == (422, True, [])


def test_its_dead_bot_is_told_on_its_first_page(enter, browser, city):
    page = enter("department", "/subscriptions")
    browser.post("/subscriptions", data=form(page, target="water"))
    [row] = rows(city)
    assert "收不到消息" not in browser.get("/alerts").text
    with city.store.session() as session:
        message = session.scalars(select(OutboxMessage).where(OutboxMessage.audience == WATER)).first()
        session.add(
            Delivery(id=new_id("dl"), outbox_id=message.id, subscription_id=row.id, status="dead", due_at=city.now,
                     finished_at=city.now, cause="gone", cause_params={})
        )  # fmt: skip
    assert "本单位“值班群”（企业微信）收不到消息" in browser.get("/alerts").text
    assert "自 2026-11-23 08:30 起收不到消息。对方接口已停用。" in browser.get("/subscriptions").text


def test_supervisors_manage_those_of_all_and_others_none(enter, browser, city):
    page = enter("supervisor", "/subscriptions")
    assert all(f'value="{name}"' in page for name in ("water", "desk", "duty", WATER))
    assert "已新增" in browser.post("/subscriptions", data=form(page, target="desk", audience="duty")).text
    assert rows(city)[0].author_role == "supervisor"
    refused = browser.post("/subscriptions", data=form(page, target="water", audience="duty"))
    assert (refused.status_code, "不归“duty”使用" in refused.text) == (422, True)
    browser.post("/logout", data={"csrf": csrf_of(page)})
    enter("planner")
    assert browser.get("/subscriptions").status_code == 403
