from __future__ import annotations

import re
import shutil
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from sqlalchemy import select

from features.reasons import Reason, ReasonCode
from features.sentences import Sentence
from serve.alerts import DetectionRun, intake
from serve.delivery import signer_of
from serve.store.tables import AccessLog, Alert, AlertEvent, BrowserSession

PAGES = ("/", "/alerts", "/board", "/supervision", "/deliveries", "/routing", "/overrides", "/reports")


def log_in(browser, key: str, target: str = "/alerts"):
    page = browser.get("/login", params={"next": target})
    token = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
    return browser.post("/login", data={"key": key, "csrf": token, "next": target}, follow_redirects=False)


def csrf_of(page: str) -> str:
    return re.search(r'name="csrf" value="([^"]+)"', page)[1]


def alert_id(city, category: str = "停水", area: str = "海口市") -> str:
    with city.store.reading() as session:
        return session.scalar(select(Alert.id).where(Alert.category == category, Alert.area == area))


def state_of(city, alert: str) -> str:
    with city.store.reading() as session:
        return session.scalar(select(Alert.state).where(Alert.id == alert))


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_sent_to_the_login_page(path, browser):
    answer = browser.get(path, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=")


def test_the_key_becomes_a_cookie_that_scripts_cannot_read(browser, city):
    answer = log_in(browser, city.keys["department"])
    assert answer.headers["location"] == "/alerts"
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("weisu_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert city.keys["department"] not in cookie
    with city.store.reading() as session:
        row = session.scalars(select(BrowserSession)).one()
    assert row.token_hash not in cookie


def test_a_wrong_key_says_so_and_opens_nothing(browser):
    answer = log_in(browser, "weisu_wrong")
    assert answer.status_code == 401
    assert "密钥不正确" in answer.text
    assert browser.get("/alerts", follow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_login_sends_nobody_elsewhere(target, browser, city):
    assert log_in(browser, city.keys["planner"], target).headers["location"] == "/"


def test_login_takes_no_form_of_another_site(browser, city):
    answer = browser.post("/login", data={"key": city.keys["planner"], "csrf": "forged"}, follow_redirects=False)
    assert answer.status_code == 403
    assert "weisu_session" not in answer.headers.get("set-cookie", "")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_page_answers_in_both_languages_and_loads_nothing_from_elsewhere(path, language, browser, city):
    log_in(browser, city.keys["supervisor"])
    browser.cookies.set("weisu_language", language)
    page = browser.get(path)
    assert page.status_code == 200
    assert f'<html lang="{language}">' in page.text
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page.text)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert 'style="' not in page.text, "the policy forbids inline styles"
    assert "SIMULATED" in page.text


def test_the_forecast_page_shows_a_table_beside_its_chart(browser, city):
    log_in(browser, city.keys["planner"])
    page = browser.get("/").text
    assert page.count('role="img"') >= 2
    assert "八成把握在" in page
    assert "<table>" in page
    assert "4 周合计" in page
    cell = browser.get("/", params={"level": "cell", "district": "三亚市"}).text
    assert "停水 · 三亚市" in cell
    assert "停水 · 海口市" not in cell


def test_a_department_sees_and_answers_its_own_alerts_only(browser, city):
    log_in(browser, city.keys["department"])
    page = browser.get("/alerts").text
    assert "停水 · 海口市" in page
    assert "路面积水" not in page
    other = alert_id(city, "路面积水", "儋州市")
    assert browser.get(f"/alerts/{other}").status_code == 404
    answer = browser.post(f"/alerts/{other}/act", data={"action": "ack", "csrf": csrf_of(page)})
    assert answer.status_code == 404
    assert state_of(city, other) == "opened"


def test_what_joined_an_alert_stands_in_its_course_of_events(browser, city, make_candidate):
    tickets = ["simulated/停水-海口市-3", "simulated/new"]
    said = make_candidate(
        kind="高频",
        area="海口市",
        tickets=tickets,
        cells=[],
        observed=5,
        callers=4,
        upper=None,
        sentence=Sentence.recorded("海口市停水：7天内5件").document(),
    )
    run = DetectionRun(key="next-run", as_of=city.now, generated_at=city.now)
    intake(city.store, [said], clock=city.clock, run=run, settings=city.settings)
    log_in(browser, city.keys["department"])
    page = browser.get(f"/alerts/{alert_id(city)}").text
    assert page.count("海口市停水：7天内5件") == 1
    assert "海口市停水：1天内62件（55人）" in page


@pytest.mark.parametrize(
    ("action", "extra", "state"),
    [
        ("ack", {}, "acknowledged"),
        ("start", {}, "in_hand"),
        ("handle", {}, "handled"),
        ("dismiss", {"reason": "normal_variation"}, "dismissed"),
        ("reassign", {"department": "市生态环境局"}, "reassignment_asked"),
    ],
)
def test_each_of_the_five_buttons_is_one_form(action, extra, state, browser, city):
    log_in(browser, city.keys["department"])
    alert = alert_id(city)
    page = browser.get(f"/alerts/{alert}").text
    assert f'name="action" value="{action}"' in page
    data = {"action": action, "csrf": csrf_of(page), "back": f"/alerts/{alert}", **extra}
    data["once"] = re.search(r'name="once" value="([^"]+)"', page)[1]
    answer = browser.post(f"/alerts/{alert}/act", data=data)
    assert answer.status_code == 200
    assert "已记录" in answer.text
    assert state_of(city, alert) == state
    again = browser.post(f"/alerts/{alert}/act", data=data)
    assert again.status_code in {200, 409}
    with city.store.reading() as session:
        kinds = list(session.scalars(select(AlertEvent.kind).where(AlertEvent.alert_id == alert)))
    changed = {"ack": "acknowledged", "start": "started", "handle": "handled", "dismiss": "dismissed"}
    assert kinds.count(changed.get(action, "reassignment_asked")) == 1, "a second tap changes nothing"


def test_a_form_without_the_sessions_token_changes_nothing(browser, city):
    log_in(browser, city.keys["department"])
    alert = alert_id(city)
    answer = browser.post(f"/alerts/{alert}/act", data={"action": "ack", "csrf": "forged"})
    assert answer.status_code == 403
    assert state_of(city, alert) == "opened"


def test_no_get_request_ever_changes_an_alert(browser, city):
    log_in(browser, city.keys["supervisor"])
    alert = alert_id(city)
    for path in (
        f"/alerts/{alert}",
        f"/alerts/{alert}/act",
        f"/alerts/{alert}?action=ack",
        "/board",
        "/alerts?done=ack",
    ):
        browser.get(path)
    assert state_of(city, alert) == "opened"


def test_a_signed_link_opens_the_alert_and_asks_for_the_login_only_once(browser, city):
    alert = alert_id(city)
    signer = signer_of(city.settings)
    token = signer.link(alert, "sub_1", now=city.now).rpartition("/")[2]
    first = browser.get(f"/go/{token}")
    assert "登录后将打开" in first.text
    answer = browser.post(
        "/login", data={"key": city.keys["department"], "csrf": csrf_of(first.text), "next": f"/alerts/{alert}"}
    )
    assert "停水 · 海口市" in answer.text
    second = browser.get(f"/go/{token}", follow_redirects=False)
    assert second.headers["location"] == f"/alerts/{alert}"
    assert state_of(city, alert) == "opened", "a chat program that fetches the link acknowledges nothing"


def test_an_expired_link_leads_to_the_login_page_and_says_so(browser, city):
    signer = signer_of(city.settings)
    token = signer.link("al_1", "sub_1", now=city.now - timedelta(days=8)).rpartition("/")[2]
    assert "链接已失效" in browser.get(f"/go/{token}").text


def test_the_line_list_is_opened_by_a_tap_of_its_own_and_logged(browser, city):
    log_in(browser, city.keys["department"])
    alert = alert_id(city)
    browser.get(f"/alerts/{alert}")
    with city.store.reading() as session:
        assert session.scalars(select(AccessLog)).all() == []
    browser.get(f"/alerts/{alert}?tickets=1")
    with city.store.reading() as session:
        assert [row.alert_id for row in session.scalars(select(AccessLog))] == [alert]


def test_a_lake_that_cannot_be_read_is_said_in_the_readers_language(browser, city):
    log_in(browser, city.keys["department"])
    page = f"/alerts/{alert_id(city)}?tickets=1"
    assert "没有可显示的工单。" in browser.get(page).text, "there is no lake yet: nothing to show"
    (city.settings.home / "lake").parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(city.settings.home / "lake", ignore_errors=True)
    (city.settings.home / "lake").write_text("not a folder")
    assert "工单库暂时无法读取。" in browser.get(page).text
    browser.cookies.set("weisu_language", "en")
    assert "The ticket lake cannot be read now." in browser.get(page).text


def test_why_a_run_is_degraded_is_said_in_the_readers_language(browser, city):
    reason = Reason(ReasonCode.NO_CHAMPION, {"model": "weisu-hotspot"})
    run = DetectionRun(
        key="late",
        as_of=city.now + timedelta(minutes=5),
        generated_at=city.now,
        model_version="release",
        degraded=(reason,),
    )
    intake(city.store, [], clock=city.clock, run=run, settings=city.settings)
    log_in(browser, city.keys["department"])
    assert "降级运行</strong>　尚无已启用的模型 weisu-hotspot<" in browser.get("/alerts").text
    browser.cookies.set("weisu_language", "en")
    assert "Degraded</strong>　weisu-hotspot has no champion<" in browser.get("/alerts").text


def test_a_scientist_does_not_read_tickets(browser, city):
    log_in(browser, city.keys["scientist"])
    alert = alert_id(city)
    assert "不查看工单明细" in browser.get(f"/alerts/{alert}").text
    assert browser.get(f"/alerts/{alert}?tickets=1").status_code == 403


def test_the_board_filters(browser, city):
    log_in(browser, city.keys["supervisor"])
    red = browser.get("/board", params={"level": "red"}).text
    assert red.count('<tr class="level-') == 1
    assert browser.get("/board", params={"scope": "overdue"}).text.count('<tr class="level-') == 0
    city.clock.advance(timedelta(days=2))
    assert browser.get("/board", params={"scope": "overdue"}).text.count('<tr class="level-') == 5


def test_logging_out_ends_the_session(browser, city):
    log_in(browser, city.keys["planner"])
    page = browser.get("/").text
    kept = browser.cookies["weisu_session"]
    browser.post("/logout", data={"csrf": csrf_of(page)})
    browser.cookies.set("weisu_session", kept)
    assert browser.get("/", follow_redirects=False).status_code == 303


def test_reports_are_not_for_a_single_department(browser, city):
    log_in(browser, city.keys["department"])
    assert browser.get("/reports").status_code == 403
    assert browser.get("/reports/weekly/2026-W47.xlsx").status_code == 403


@pytest.mark.parametrize(("form", "start"), [("xlsx", b"PK"), ("html", b"<!doctype"), ("csv", b"\xef\xbb\xbf")])
def test_reports_download(form, start, browser, city):
    log_in(browser, city.keys["planner"])
    answer = browser.get(f"/reports/weekly/2026-W47.{form}")
    assert answer.status_code == 200
    assert answer.content.startswith(start)


class _Fields(HTMLParser):
    """Finds controls without a label and images without a name."""

    def __init__(self) -> None:
        super().__init__()
        self.labelled: set[str] = set()
        self.wanting: list[str] = []
        self.depth = 0

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "label":
            self.depth += 1
            self.labelled.add(given.get("for", ""))
        visible = tag in {"input", "select", "textarea"} and given.get("type") != "hidden"
        if visible and not self.depth and given.get("id") not in self.labelled and "aria-label" not in given:
            self.wanting.append(self.get_starttag_text())
        if tag == "svg" and "aria-labelledby" not in given:
            self.wanting.append(self.get_starttag_text())

    def handle_endtag(self, tag):
        self.depth -= tag == "label"


@pytest.mark.parametrize("path", PAGES)
def test_every_control_and_drawing_has_a_name(path, browser, city):
    log_in(browser, city.keys["supervisor"])
    fields = _Fields()
    fields.feed(browser.get(path).text)
    assert fields.wanting == []


def test_the_cap_feed_shows_a_department_its_own_alerts_only(browser, city):
    own = browser.get("/v1/alerts.cap", headers={"Authorization": f"Bearer {city.keys['department']}"})
    everything = browser.get("/v1/alerts.cap", headers={"Authorization": f"Bearer {city.keys['supervisor']}"})
    assert own.headers["content-type"].startswith("application/atom+xml")
    assert (own.text.count("<entry>"), everything.text.count("<entry>")) == (2, 5)
    assert "路面积水" not in own.text
    assert own.text.count("<cap:status>Exercise</cap:status>") == 2, "a simulated city is an exercise"
    assert browser.get("/v1/alerts.cap").status_code == 401


def test_an_address_that_names_nothing_is_a_page_for_a_browser_and_a_problem_for_a_program(browser, city):
    log_in(browser, city.keys["planner"])
    page = browser.get("/nowhere", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "没有这个页面" in page.text
    assert 'href="/board"' in page.text, "whoever is logged in keeps the navigation"
    for address, accept in (("/nowhere", "*/*"), ("/v1/nowhere", "text/html")):
        answer = browser.get(address, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
        assert answer.json()["hint"] == "/docs lists every address"


def test_an_error_page_speaks_the_readers_language_only(browser, city):
    log_in(browser, city.keys["planner"])
    assert "no alert" not in browser.get("/alerts/al_x").text
    browser.cookies.set("weisu_language", "en")
    assert "no alert" in browser.get("/alerts/al_x").text


def test_a_form_that_lacks_a_field_is_answered_with_a_page(browser, city):
    log_in(browser, city.keys["department"])
    answer = browser.post(f"/alerts/{alert_id(city)}/act", data={"csrf": "x"})
    assert answer.status_code == 422
    assert "没有完成" in answer.text
