"""The rules of the CAP 1.2 schema, written out: order, cardinality, enumerations, time and identifier patterns."""

from __future__ import annotations

import re
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from features.words import AreaNames
from serve.delivery import run_once
from serve.delivery.cap import CAP, cap_alert, cap_feed

NAMES = AreaNames("全市", "区县", "Whole city", "District")

ALERT = "identifier sender sent status msgType source scope restriction addresses code note references incidents info"
INFO = (
    "language category event responseType urgency severity certainty audience eventCode effective onset expires "
    "senderName headline description instruction web contact parameter resource area"
)
REQUIRED = {
    "alert": {"identifier", "sender", "sent", "status", "msgType", "scope"},
    "info": {"category", "event", "urgency", "severity", "certainty"},
    "area": {"areaDesc"},
}
ENUMS = {
    "status": "Actual Exercise System Test Draft",
    "msgType": "Alert Update Cancel Ack Error",
    "scope": "Public Restricted Private",
    "category": "Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other",
    "responseType": "Shelter Evacuate Prepare Execute Avoid Monitor Assess AllClear None",
    "urgency": "Immediate Expected Future Past Unknown",
    "severity": "Extreme Severe Moderate Minor Unknown",
    "certainty": "Observed Likely Possible Unlikely Unknown",
}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")
REPEATABLE = {"code", "info", "category", "responseType", "eventCode", "parameter", "resource", "area"}
REPEATABLE |= {"polygon", "circle", "geocode"}


def names(element: ET.Element) -> list[str]:
    assert all(child.tag.startswith(f"{{{CAP}}}") for child in element)
    return [child.tag.rpartition("}")[2] for child in element]


def check(element: ET.Element, order: str, kind: str) -> None:
    found, allowed = names(element), order.split()
    assert found == sorted(found, key=allowed.index), f"{kind}: elements out of order"
    assert REQUIRED[kind] <= set(found)
    assert all(found.count(name) == 1 or name in REPEATABLE for name in found)
    for child, name in zip(element, found, strict=True):
        if name in ENUMS:
            assert child.text in ENUMS[name].split()
        if name in {"sent", "effective", "onset", "expires"}:
            assert MOMENT.fullmatch(child.text)


def check_alert(alert: ET.Element) -> None:
    assert alert.tag == f"{{{CAP}}}alert"
    check(alert, ALERT, "alert")
    for name in ("identifier", "sender"):
        assert not re.search(r"[\s,<&]", alert.findtext(f"{{{CAP}}}{name}"))
    if alert.findtext(f"{{{CAP}}}scope") == "Restricted":
        assert alert.findtext(f"{{{CAP}}}restriction")
    if alert.findtext(f"{{{CAP}}}msgType") in {"Update", "Cancel"}:
        assert related_of(alert)
    assert all(re.fullmatch(rf"[^\s,<&]+,[^\s,<&]+,{MOMENT.pattern}", one) for one in related_of(alert))
    for info in alert.iter(f"{{{CAP}}}info"):
        check(info, INFO, "info")
        for area in info.iter(f"{{{CAP}}}area"):
            check(area, "areaDesc polygon circle geocode altitude ceiling", "area")
            for circle in area.iter(f"{{{CAP}}}circle"):
                assert re.fullmatch(r"-?\d+\.\d+,-?\d+\.\d+ \d+\.\d+", circle.text)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"simulated": True, "lat": 20.0212345, "lon": 110.345678, "radius_km": 0.2},
        {"msg_type": "Update"},
        {"msg_type": "Cancel", "level": "red"},
        {"kind": "预告", "level": "blue", "area": "", "category": "积水 <&> 内涝"},
    ],
)
@pytest.mark.parametrize("earlier", [(), ("msg, 0",), ("msg, 0", "msg 1")])
def test_documents_keep_the_rules_of_the_schema(changes, earlier, kit):
    notice = kit.notice(**changes, id="msg 1,x", references=tuple((name, kit.NOW) for name in earlier))
    document = cap_alert(
        notice, sent_at=kit.NOW, sender="weisu 未诉先办, 12345", web="https://weisu.example/alerts/al_1", names=NAMES
    )
    root = ET.fromstring(document)
    check_alert(root)
    assert len(related_of(root)) == len(earlier)
    cancels = changes.get("msg_type") == "Cancel"
    assert root.findtext(f"{{{CAP}}}msgType") == (("Cancel" if cancels else "Update") if earlier else "Alert")


def related_of(alert: ET.Element) -> list[str]:
    return (alert.findtext(f"{{{CAP}}}references") or "").split()


def own_reference(alert: ET.Element) -> str:
    return ",".join(alert.findtext(f"{{{CAP}}}{name}") for name in ("sender", "identifier", "sent"))


def test_every_document_pushed_about_an_alert_refers_to_all_before_it(
    kit, delivery_store, delivery_settings, fake_bot, now_clock
):
    kit.subscribe(delivery_store, "cap", "receiver")
    settings = delivery_settings({"receiver": {"channel": "cap", "url": fake_bot.url}})
    kit.put_message(delivery_store)
    kit.follow_up(delivery_store, number=2, msg_type="Update", reason="updated")
    kit.follow_up(delivery_store, number=3, msg_type="Cancel", reason="resolved")
    fake_bot.answers(kit.Reply(), kit.Reply(status=500), kit.Reply())
    for _ in range(3):
        run_once(delivery_store, settings, now_clock)
        now_clock.advance(timedelta(minutes=1))
    sent = [ET.fromstring(one.body) for one in fake_bot.received]
    for one in sent:
        check_alert(one)
    assert len(sent) == 4, "one was tried twice"
    assert len({own_reference(one) for one in sent}) == 3, "the copy of a document is the same document"
    kinds = {one.findtext(f"{{{CAP}}}msgType"): one for one in sent}
    assert related_of(kinds["Alert"]) == []
    assert related_of(kinds["Update"]) == [own_reference(kinds["Alert"])]
    assert related_of(kinds["Cancel"]) == [own_reference(kinds["Alert"]), own_reference(kinds["Update"])]


def test_a_simulated_city_is_an_exercise_and_a_circle_is_no_finer_than_a_kilometre(kit):
    notice = kit.notice(simulated=True, lat=20.0212345, lon=110.345678, radius_km=0.1)
    root = ET.fromstring(cap_alert(notice, sent_at=kit.NOW, sender="s", web="https://w.example", names=NAMES))
    assert root.findtext(f"{{{CAP}}}status") == "Exercise"
    assert root.findtext(f".//{{{CAP}}}circle") == "20.02,110.35 1.0"


def test_the_feed_carries_whole_documents(kit):
    entries = [(kit.notice(), "https://weisu.example/alerts/al_1", kit.NOW)]
    feed = ET.fromstring(
        cap_feed(
            entries,
            sender="weisu",
            title="预警",
            self_url="https://weisu.example/v1/alerts.cap",
            updated=kit.NOW,
            names=NAMES,
        )
    )
    alerts = list(feed.iter(f"{{{CAP}}}alert"))
    assert len(alerts) == 1
    check_alert(alerts[0])
