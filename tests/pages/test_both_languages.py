"""Every page in both languages: no English sentence on a Chinese page, no Chinese on an English one but names."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from sqlalchemy import select

from serve.families import FAMILIES
from serve.store.tables import Alert, ApiKey

PATHS = (
    "/login",
    "/login?notice=expired",
    "/login?notice=link",
    "/",
    "/?level=cell",
    "/alerts",
    "/alerts?done=ack",
    "/board",
    "/board?scope=overdue",
    "/supervision",
    "/supervision?done=supervise",
    "/deliveries",
    "/deliveries?sent=1",
    "/routing",
    "/routing?done=sheet",
    "/quiet",
    "/quiet?department=市水务局&done=rule",
    "/overrides",
    "/overrides?stored=2",
    "/reports",
    "{alert}",
    "{alert}?tickets=1",
    "{alert}?done=dismiss",
    "/alerts/al_nowhere",
    "/nowhere",
    "/reports/weekly/2026-W99.xlsx",
    "/reports/weekly/2026-W47.odt",
    "/reports/weekly/tomorrow.csv",
    "/assets/nowhere.css",
)
FORBIDDEN = ("/supervision", "/deliveries", "/routing", "/overrides", "/reports")
POSTS = (
    ("/quiet/silences", {"purpose": "nonsense", "category": "停水", "comment": "x", "ends": "2030-01-01T00:00"}),
    ("/quiet/silences", {}),
    ("/quiet/silences", {"starts": "yesterday"}),
    ("/quiet/rule", {"department": "市水务局", "weekly_budget": "-3"}),
    ("/quiet/rule", {"department": "市水务局", "weekly_budget": "many"}),
    ("/quiet/silences/si_0/end", {}),
    ("/routing/corrections/rc_0", {}),
    ("/deliveries/again", {"letter": "dl_0"}),
    ("/supervision/orders/od_0/answer", {"answer": ""}),
    ("/supervision/orders/od_0/answer", {"answer": "done"}),
    ("{alert}/act", {"action": "explode"}),
    ("{alert}/act", {"action": "dismiss", "reason": "boredom"}),
    ("{alert}/act", {"action": "ack", "csrf": "forged"}),
)
ENGLISH = re.compile(r"[A-Za-z][A-Za-z']*(?: [A-Za-z']+){2,}")
CHINESE = re.compile("[一-鿿]+")
ON_PURPOSE = {"English", "中文", "模拟数据"}
"""The button that changes the language, and the mark of invented numbers, which stand in both."""


class Text(HTMLParser):
    """What a person reads of a page, and hears of its pictures and fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.found.append(" ".join(data.split()))

    def handle_starttag(self, tag, attrs) -> None:
        self.found += [value for name, value in attrs if name in {"aria-label", "title", "placeholder"} and value]


@pytest.fixture
def reader(browser, city, alert_address):
    """Read a path, or post a form to it, as somebody, in a language."""

    def read(path: str, role: str, language: str, form: dict[str, str] | None = None) -> list[str]:
        browser.cookies.clear()
        token = re.search(r'name="csrf" value="([^"]+)"', browser.get("/login").text)[1]
        if not path.startswith("/login"):
            browser.post("/login", data={"key": city.keys[role], "csrf": token, "next": "/alerts"})
        browser.cookies.set("weisu_language", language)
        address = path.replace("{alert}", alert_address)
        headers = {"Accept": "text/html", "Accept-Language": "zh-CN" if language == "zh-CN" else "en"}
        if form is None:
            answer = browser.get(address, headers=headers)
        else:
            mine = browser.get("/alerts").text
            csrf = re.search(r'name="csrf" value="([^"]+)"', mine)[1]
            answer = browser.post(address, data={"csrf": csrf, **form}, headers=headers)
        assert answer.headers["content-type"].startswith("text/html"), address
        return Text(answer.text).found

    return read


@pytest.fixture
def alert_address(city) -> str:
    with city.store.reading() as session:
        return f"/alerts/{session.scalar(select(Alert.id).where(Alert.category == '停水', Alert.area == '海口市'))}"


def assert_chinese(texts: list[str]) -> None:
    assert [text for text in texts if ENGLISH.search(text)] == []


def assert_english(texts: list[str], names: set[str]) -> None:
    left = ["".join(CHINESE.findall(_without(text, names))) for text in texts]
    assert [text for text in left if text and text not in ON_PURPOSE] == []


def _without(text: str, names: set[str]) -> str:
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "")
    return text


@pytest.fixture
def names(city) -> set[str]:
    """What is data: names of categories, districts, departments and keys, kinds as the hotline says them."""
    with city.store.reading() as session:
        alerts = session.scalars(select(Alert)).all()
        keys = session.scalars(select(ApiKey.name)).all()
    columns = ("category1", "category2", "category", "area", "department")
    found = {getattr(alert, column) for alert in alerts for column in columns} | {*keys, *FAMILIES["kind"].codes}
    return {name for name in found if name} | {"燃气泄漏"}


@pytest.mark.parametrize("path", PATHS)
def test_a_page_speaks_one_language(path, reader, names):
    assert_chinese(reader(path, "supervisor", "zh-CN"))
    assert_english(reader(path, "supervisor", "en"), names)


@pytest.mark.parametrize("path", FORBIDDEN)
def test_what_a_department_may_not_open_is_said_in_its_language(path, reader, names):
    assert_chinese(reader(path, "department", "zh-CN"))
    assert_english(reader(path, "department", "en"), names)


@pytest.mark.parametrize(("path", "form"), POSTS)
def test_a_refused_form_is_said_in_the_readers_language(path, form, reader, names):
    assert_chinese(reader(path, "supervisor", "zh-CN", form))
    assert_english(reader(path, "supervisor", "en", form), names)
