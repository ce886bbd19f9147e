from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import socketserver
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from urllib.parse import parse_qs, urlparse

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Verifier

from features.sentences import Sentence
from features.words import AreaNames
from serve.delivery.channels import CHANNELS, Target
from serve.delivery.channels.dingtalk import signed_url
from serve.delivery.channels.facts import facts_of
from serve.delivery.channels.feishu import BODY_BYTES
from serve.delivery.cuts import cut_bytes
from serve.delivery.failures import Cause, Failure
from serve.delivery.outcome import DeliveryVerdict
from serve.delivery.posting import Poster, json_body
from serve.delivery.wording import words_of

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
WHSEC = "whsec_" + base64.b64encode(b"s" * 24).decode()
PEOPLE_BOTS = ("wecom", "dingtalk", "feishu")
MACHINES = ("webhook", "cap", "alertmanager")


@pytest.fixture
def poster() -> Iterator[Poster]:
    with closing(Poster(LOOPBACK, deadline_s=0.5)) as one:
        yield one


@pytest.mark.parametrize("name", [*PEOPLE_BOTS, *MACHINES])
def test_a_good_answer_means_sent(name, fake_bot, poster, kit):
    outcome = CHANNELS[name].send(kit.message(), Target(url=fake_bot.url), poster)
    assert outcome.verdict is DeliveryVerdict.SENT
    assert len(fake_bot.received) == 1


@pytest.mark.parametrize(
    ("name", "body", "verdict", "wait"),
    [
        ("wecom", b'{"errcode":93000,"errmsg":"invalid webhook url"}', DeliveryVerdict.REFUSED, None),
        ("wecom", b'{"errcode":45009,"errmsg":"api freq out of limit"}', DeliveryVerdict.RETRY, 60),
        ("wecom", b'{"errcode":-1,"errmsg":"system busy"}', DeliveryVerdict.RETRY, None),
        ("dingtalk", b'{"errcode":310000,"errmsg":"sign not match"}', DeliveryVerdict.REFUSED, None),
        ("dingtalk", b'{"errcode":130101,"errmsg":"send too fast"}', DeliveryVerdict.RETRY, 600),
        ("feishu", b'{"code":19021,"msg":"sign match fail"}', DeliveryVerdict.REFUSED, None),
        ("feishu", b'{"code":11232,"msg":"frequency limited"}', DeliveryVerdict.RETRY, 60),
        ("wecom", b"<html>a proxy says hello</html>", DeliveryVerdict.RETRY, None),
        ("feishu", b'{"StatusMessage":"no code"}', DeliveryVerdict.RETRY, None),
        ("feishu", b'{"Extra":null,"StatusCode":0,"StatusMessage":"success"}', DeliveryVerdict.SENT, None),
        ("feishu", b'{"StatusCode":19021,"StatusMessage":"sign match fail"}', DeliveryVerdict.REFUSED, None),
    ],
)
def test_http_200_with_an_error_code_is_not_success(name, body, verdict, wait, fake_bot, poster, kit):
    fake_bot.answers(kit.Reply(body=body))
    outcome = CHANNELS[name].send(kit.message(), Target(url=fake_bot.url), poster)
    assert (outcome.verdict, outcome.retry_after_s) == (verdict, wait)


@pytest.mark.parametrize("name", [*PEOPLE_BOTS, *MACHINES])
@pytest.mark.parametrize(
    ("reply", "verdict", "wait"),
    [
        ({"status": 429, "headers": {"Retry-After": "7"}}, DeliveryVerdict.RETRY, 7.0),
        ({"status": 500}, DeliveryVerdict.RETRY, None),
        ({"status": 503, "headers": {"Retry-After": "2"}}, DeliveryVerdict.RETRY, 2.0),
        ({"status": 302, "headers": {"Location": "http://169.254.169.254/"}}, DeliveryVerdict.REFUSED, None),
        ({"status": 410}, DeliveryVerdict.REFUSED, None),
    ],
)
def test_http_failures_are_judged_alike(name, reply, verdict, wait, fake_bot, poster, kit):
    fake_bot.answers(kit.Reply(**reply))
    outcome = CHANNELS[name].send(kit.message(), Target(url=fake_bot.url), poster)
    assert (outcome.verdict, outcome.code, outcome.retry_after_s) == (verdict, reply["status"], wait)
    assert len(fake_bot.received) == 1, "a redirect is never followed"


@pytest.mark.parametrize("reply", [{"delay_s": 1.0}, {"trickle": True}])
def test_slow_and_never_are_worth_a_retry(reply, fake_bot, poster, kit):
    fake_bot.answers(kit.Reply(**reply))
    outcome = CHANNELS["wecom"].send(kit.message(), Target(url=fake_bot.url), poster)
    assert outcome.verdict is DeliveryVerdict.RETRY
    assert outcome.failure == Failure(Cause.NO_ANSWER, {"seconds": poster.deadline_s})


def test_nobody_there_is_worth_a_retry(fake_bot, poster, kit):
    url = fake_bot.url
    fake_bot.close()
    outcome = CHANNELS["webhook"].send(kit.message(), Target(url=url), poster)
    assert outcome.verdict is DeliveryVerdict.RETRY
    assert outcome.failure == Failure(Cause.CONNECTION, {"error": "ConnectError"}), (
        "addresses carry keys: no word of them"
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://10.0.0.5/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://0.0.0.0/x",
        "http://93.184.216.34/plain-http-to-the-public",
        "https://user:pw@93.184.216.34/",
        "file:///etc/passwd",
        "https:///nohost",
    ],
)
def test_messages_never_reach_into_private_networks(url, kit):
    with closing(Poster(deadline_s=0.5)) as closed:
        outcome = CHANNELS["webhook"].send(kit.message(), Target(url=url), closed)
    assert outcome.verdict is DeliveryVerdict.REFUSED


def test_dingtalk_signature_is_the_documented_one():
    moment = datetime(2026, 11, 23, 8, 0, 0, 123000, tzinfo=UTC)
    query = parse_qs(urlparse(signed_url("https://oapi.example/robot/send?access_token=t", "SECxyz", moment)).query)
    timestamp = query["timestamp"][0]
    expected = hmac.new(b"SECxyz", f"{timestamp}\nSECxyz".encode(), hashlib.sha256).digest()
    assert timestamp == str(int(moment.timestamp() * 1000))
    assert base64.b64decode(query["sign"][0]) == expected, "encoded exactly once"


def test_feishu_signature_is_keyed_with_the_text_and_signs_nothing(fake_bot, poster, kit):
    CHANNELS["feishu"].send(kit.message(), Target(url=fake_bot.url, secret="sec"), poster)
    body = fake_bot.received[0].document
    key = f"{body['timestamp']}\nsec".encode()
    assert body["sign"] == base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


def test_a_standard_webhook_verifies_and_carries_a_cloud_event(fake_bot, poster, kit):
    message = kit.message(sent_at=datetime.now(UTC))
    CHANNELS["webhook"].send(message, Target(url=fake_bot.url, secret=WHSEC), poster)
    request = fake_bot.received[0]
    event = Verifier(WHSEC).verify(request.body, request.headers)
    assert event["specversion"] == "1.0"
    assert event["id"] == message.id == {k.lower(): v for k, v in request.headers.items()}["webhook-id"]
    assert event["type"] == "weisu.alert.opened"
    assert event["data"]["sentence"]["zh-CN"] == "6 小时 27 人来电，通常最多 11 人"


def test_alertmanager_payload_has_the_shape_of_version_4(fake_bot, poster, kit):
    message = kit.message(kit.notice(), kit.notice(id="msg_2", alert_id="al_2", msg_type="Cancel"))
    CHANNELS["alertmanager"].send(message, Target(url=fake_bot.url), poster)
    document = fake_bot.received[0].document
    assert document["version"] == "4"
    assert [alert["status"] for alert in document["alerts"]] == ["firing", "resolved"]
    assert document["alerts"][0]["endsAt"].startswith("0001")
    assert document["commonLabels"]["category"] == "噪声扰民"


@pytest.mark.parametrize(("name", "limit"), [("wecom", 4096), ("dingtalk", 20_000)])
def test_markdown_stays_inside_the_limit_in_bytes(name, limit, kit):
    long = kit.notice(told=Sentence.recorded("很长的句子" * 3000))
    many = [kit.notice(id=f"msg_{n:016d}") for n in range(300)]
    for message in (kit.message(long), kit.message(*many)):
        text = CHANNELS[name].render(message)
        assert len(text.encode()) <= limit
    assert "另有" in text


def test_a_feishu_body_stays_under_20_kb(kit):
    many = [kit.notice(id=f"msg_{n:016d}", category="类" * 60) for n in range(300)]
    body = json_body({"msg_type": "interactive", "card": CHANNELS["feishu"].render(kit.message(*many))})
    assert len(body) <= BODY_BYTES


@given(st.text(), st.integers(min_value=0, max_value=60))
def test_a_cut_is_valid_utf8_inside_the_limit(text, limit):
    assert len(cut_bytes(text, limit).encode()) <= limit


@pytest.mark.parametrize("name", PEOPLE_BOTS)
def test_personal_data_is_masked_and_markup_is_disarmed(name, fake_bot, poster, kit):
    bad = kit.notice(told=Sentence.recorded("来电 13812345678 [点我](http://evil.example) <a>"), category="噪声*扰民*")
    CHANNELS[name].send(kit.message(bad), Target(url=fake_bot.url), poster)
    said = fake_bot.received[0].text
    assert "13812345678" not in said
    assert "[点我]" not in said
    assert "<a>" not in said


@pytest.mark.parametrize("name", PEOPLE_BOTS)
def test_a_person_reads_what_where_how_unusual_the_rule_and_until_when(name, fake_bot, poster, kit):
    CHANNELS[name].send(kit.message(kit.notice(simulated=True)), Target(url=fake_bot.url), poster)
    said = fake_bot.received[0].text
    for words in (
        "橙色",
        "噪声扰民",
        "海口市",
        "27 人来电",
        "超出自身历史",
        "11-23 10:30",
        "模拟数据",
        "/go/token-of-",
    ):
        assert words in said


@pytest.mark.parametrize("name", ["wecom", "dingtalk", "feishu"])
def test_an_order_says_what_it_asks_for_masked_and_goes_out_alone(name, fake_bot, poster, kit):
    order = kit.notice(reason="supervised", demand="今日内现场核查，联系 13900001111 后回复")
    CHANNELS[name].send(kit.message(order), Target(url=fake_bot.url), poster)
    said = fake_bot.received[0].text
    for words in ("督办", "今日内现场核查", "打开并回复"):
        assert words in said
    assert "13900001111" not in said
    assert order.urgent, "an order is not lost in a digest"


class _Mailbox(socketserver.StreamRequestHandler):
    """Just enough SMTP: accepts one mail, or answers RCPT with the server's code."""

    def handle(self) -> None:
        self.wfile.write(b"220 fake\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self.wfile.write(b"354 go\r\n")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.mails.append(b"".join(lines))  # type: ignore[attr-defined]
            reply = self.server.rcpt if verb == b"RCPT" else b"250 ok\r\n"  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else reply)


@pytest.fixture
def mail_server() -> Iterator[socketserver.ThreadingTCPServer]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mailbox) as server:
        server.daemon_threads = True
        server.mails, server.rcpt = [], b"250 ok\r\n"  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


def _mail_target(server) -> Target:
    options = {"host": "127.0.0.1", "port": server.server_address[1], "tls": "none", "from": "weisu@city.example"}
    return Target(to=("duty@city.example",), options=options)


def test_a_mail_carries_text_and_html_and_one_message_id(mail_server, poster, kit):
    outcome = CHANNELS["email"].send(kit.message(), _mail_target(mail_server), poster)
    assert outcome.verdict is DeliveryVerdict.SENT
    mail = message_from_bytes(mail_server.mails[0], policy=policy.default)
    assert mail["Message-ID"] == f"<{kit.message().id}@city.example>"
    assert "噪声扰民" in mail["Subject"]
    assert "27 人来电" in mail.get_body(("plain",)).get_content()
    assert 'lang="zh-CN"' in mail.get_body(("html",)).get_content()


@pytest.mark.parametrize(
    ("rcpt", "verdict"), [(b"450 later\r\n", DeliveryVerdict.RETRY), (b"550 unknown\r\n", DeliveryVerdict.REFUSED)]
)
def test_mail_servers_say_later_or_never(rcpt, verdict, mail_server, poster, kit):
    mail_server.rcpt = rcpt
    assert CHANNELS["email"].send(kit.message(), _mail_target(mail_server), poster).verdict is verdict


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Apprise imports imghdr
def test_an_unknown_apprise_address_is_refused(poster, kit):
    pytest.importorskip("apprise")
    assert CHANNELS["apprise"].send(kit.message(), Target(url="nosuch://x"), poster).verdict is DeliveryVerdict.REFUSED


def test_a_receiving_system_learns_the_place_to_about_a_kilometre_and_the_model(kit):
    notice = kit.notice(lat=20.03456, lon=110.34567, radius_km=1.5, model_version="weisu-hotspot/3")
    facts = facts_of(notice, kit.message(notice))
    assert (facts["lat"], facts["lon"], facts["radius_km"]) == (20.03, 110.35, 1.5)
    assert facts["model_version"] == "weisu-hotspot/3"


def test_a_message_calls_the_whole_area_as_the_installation_does(kit):
    province = AreaNames("全省", "市县", "Whole province", "City or county")
    told = kit.message(kit.notice(area="全域"), names=province)
    assert "全省" in words_of(told.first, told).title
    assert "Whole province" in words_of(told.first, replace(told, language="en")).title
