"""The whole loop in a real browser at phone width: formed, delivered, answered, escalated, closed by itself.

With WEISU_SHOTS=FOLDER the pictures for the documentation are written there.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn
from sqlalchemy import select

from serve.access import add_key
from serve.alerts import DetectionRun, intake
from serve.api import create_app
from serve.delivery import run_once
from serve.store.columns import new_id
from serve.store.tables import Alert, AlertEvent, Subscription
from serve.supervision.tick import tick

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHROMIUM = "/usr/bin/chromium"
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 860}


class Bot:
    """A chat bot on loopback that takes everything and remembers it."""

    def __init__(self) -> None:
        self.said: list[str] = []
        bot = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bot.said.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'{"errcode":0,"code":0}')

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/"

    def link_about(self, words: str) -> str:
        """Return the signed link of the last message that says `words`."""
        message = next(json.dumps(json.loads(one), ensure_ascii=False) for one in reversed(self.said) if words in one)
        return re.search(r"http://127\.0\.0\.1:\d+/go/[\w.-]+", message)[0]


@pytest.fixture
def bots() -> Iterator[dict[str, Bot]]:
    made = {name: Bot() for name in ("wecom", "dingtalk", "feishu")}
    yield made
    for bot in made.values():
        bot.server.shutdown()
        bot.server.server_close()


@pytest.fixture
def served(city: SimpleNamespace, bots: dict[str, Bot]) -> Iterator[SimpleNamespace]:
    app = create_app(city.settings, clock=city.clock, store=city.store)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
    base = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    section = {
        "base_url": base,
        "allow_private": ["127.0.0.0/8"],
        "targets": {name: {"channel": name, "url": bot.url} for name, bot in bots.items()},
    }
    settings = city.settings.changed(delivery=section)
    app.state.settings = settings
    for audience, channel in (
        ("市水务局", "wecom"), ("市市政管理局", "dingtalk"), ("市生态环境局", "feishu"), ("duty", "dingtalk"),
        ("role:supervisor", "feishu"),
    ):  # fmt: skip
        row = Subscription(
            id=new_id("sub"), name=channel, audience=audience, channel=channel, config={"target": channel}, kinds=[],
            author="test", author_role="supervisor",
            created_at=city.now,
        )  # fmt: skip
        with city.store.session() as session:
            session.add(row)
    yield SimpleNamespace(**vars(city) | {"settings": settings}, base=base)
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def chromium() -> Iterator[Any]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


def shoot(page: Any, name: str, *, full: bool = False) -> None:
    folder = os.environ.get("WEISU_SHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=full)


def deliver(show: SimpleNamespace) -> None:
    while run_once(show.store, show.settings, show.clock).calls:
        show.clock.advance(timedelta(seconds=1))


def later(show: SimpleNamespace, minutes: float) -> None:
    show.clock.advance(timedelta(minutes=minutes))
    tick(show.store, show.clock, show.settings)
    deliver(show)


def stands(show: SimpleNamespace, category: str, area: str) -> tuple[str, str]:
    with show.store.reading() as session:
        return session.execute(
            select(Alert.id, Alert.state).where(Alert.category == category, Alert.area == area)
        ).one()


def log_in(page: Any, key: str) -> None:
    page.fill("#key", key)
    page.click("main button")


def calm(served, hours: float) -> None:
    """Let hours pass, and a detection run that finds nothing."""
    served.clock.advance(timedelta(hours=hours))
    now = served.clock.now()
    run = DetectionRun(key=f"calm-{now:%d%H}", as_of=now, generated_at=now, model_version="weisu-hotspot/3")
    intake(served.store, [], clock=served.clock, run=run, settings=served.settings)
    tick(served.store, served.clock, served.settings)


def test_alerts_reach_who_can_act_and_come_back_with_an_answer(served, bots, chromium):
    deliver(served)
    phone = chromium.new_context(viewport=PHONE, locale="zh-CN", device_scale_factor=1.5).new_page()

    # Delivered at WeCom; one tap on the link, the key once, one tap on 签收.
    phone.goto(bots["wecom"].link_about("停水 · 海口市"))
    shoot(phone, "phone-login")
    log_in(phone, served.keys["department"])
    assert phone.locator("h1").inner_text() == "停水 · 海口市"
    shoot(phone, "phone-alert")
    phone.get_by_role("button", name="签收").click()
    assert "已记录：签收" in phone.inner_text("main")
    assert stands(served, "停水", "海口市").state == "acknowledged"
    phone.goto(f"{served.base}/alerts")
    shoot(phone, "phone-my-alerts")

    # The second link does not ask for the key again, and opening it changes nothing.
    phone.goto(bots["wecom"].link_about("停水 · 三亚市"))
    assert phone.locator("h1").inner_text() == "停水 · 三亚市"
    assert stands(served, "停水", "三亚市").state == "opened"

    # Delivered at DingTalk, dismissed as 误报 with a reason: two taps, no typing.
    key = add_key(served.store, name="经办人", role="department", department="市市政管理局", now=served.now).secret
    other = chromium.new_context(viewport=PHONE, locale="zh-CN", device_scale_factor=1.5).new_page()
    other.goto(bots["dingtalk"].link_about("路面积水 · 儋州市"))
    log_in(other, key)
    other.locator("summary", has_text="误报").click()
    shoot(other, "phone-dismiss")
    other.get_by_role("button", name="正常波动").click()
    assert stands(served, "路面积水", "儋州市").state == "dismissed"

    # Nobody answers the sensitive one: it climbs three steps, each told at its own bot.
    told_before = len(bots["dingtalk"].said)
    later(served, 16)
    later(served, 31)
    later(served, 91)
    sensitive = stands(served, "夜间施工噪声", "海口市")
    with served.store.reading() as session:
        steps = session.scalars(
            select(AlertEvent.payload).where(AlertEvent.alert_id == sensitive.id, AlertEvent.kind == "escalated")
        ).all()
    assert [step["step_name"] for step in steps] == ["再次提醒承办单位", "提醒值班台", "报督办"]
    assert len(bots["dingtalk"].said) > told_before
    assert any("报督办" in one for one in bots["feishu"].said)
    desk = chromium.new_context(viewport=DESK, locale="zh-CN").new_page()
    desk.goto(f"{served.base}/login?next=/alerts/{sensitive.id}")
    log_in(desk, served.keys["supervisor"])
    assert "报督办" in desk.inner_text("main")
    desk.goto(f"{served.base}/board")
    shoot(desk, "board")

    # Two calm runs later the one in Sanya has closed by itself.
    for hours in (26, 2):
        calm(served, hours)
    deliver(served)
    assert stands(served, "停水", "三亚市").state == "resolved"
    assert any("已平息" in one for one in bots["wecom"].said)
    phone.goto(f"{served.base}/alerts/{stands(served, '停水', '三亚市').id}")
    assert "数量已回到通常范围" in phone.inner_text("main")


def test_everything_works_without_javascript_and_fits_the_phone(served, chromium):
    context = chromium.new_context(viewport=PHONE, locale="zh-CN", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served.base}/login")
    log_in(page, served.keys["department"])
    for path in ("/", "/alerts", "/board"):
        page.goto(served.base + path)
        boxes = [box for box in (one.bounding_box() for one in page.locator("main > *").all()) if box]
        assert all(box["x"] + box["width"] <= PHONE["width"] + 1 for box in boxes), path
    page.goto(served.base + "/alerts")
    page.get_by_role("button", name="签收").first.click()
    assert "已记录：签收" in page.inner_text("main")
    for button in page.get_by_role("button").all():
        box = button.bounding_box()
        assert box is None or box["height"] >= 44, "large enough for a thumb"


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_no_page_is_wider_than_its_screen(language, served, chromium):
    later(served, 200)
    context = chromium.new_context(viewport=PHONE, locale="zh-CN")
    context.add_cookies([{"name": "weisu_language", "value": language, "url": served.base}])
    page = context.new_page()
    page.goto(f"{served.base}/login")
    log_in(page, served.keys["supervisor"])
    alert = stands(served, "停水", "海口市").id
    for path in (
        "/",
        "/alerts",
        f"/alerts/{alert}",
        "/board",
        "/supervision",
        "/deliveries",
        "/routing",
        "/reports",
        "/nowhere",
    ):
        for width in (PHONE["width"], 768, DESK["width"]):
            page.set_viewport_size({"width": width, "height": 844})
            page.goto(served.base + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)


def test_the_keyboard_reaches_the_content_first_and_every_button(served, chromium):
    page = chromium.new_context(viewport=DESK, locale="zh-CN").new_page()
    page.goto(f"{served.base}/login?next=/alerts")
    page.keyboard.type(served.keys["department"])
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="我的预警").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    seen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.textContent.trim()"))
    assert {"签收", "处置中", "已处置", "误报", "不归我"} <= seen
