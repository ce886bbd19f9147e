"""The rules of the CAP 1.2 schema, written out: order, cardinality, enumerations, time and identifier patterns."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from serve.delivery.cap import CAP, cap_alert, cap_feed

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
        assert re.fullmatch(r"[^\s,<&]+,[^\s,<&]+,\S+", alert.findtext(f"{{{CAP}}}references"))
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
@pytest.mark.parametrize("references", [(), [("msg, 0", None)]])
def test_documents_keep_the_rules_of_the_schema(changes, references, kit):
    related = [(name, kit.NOW) for name, _ in references]
    document = cap_alert(
        kit.notice(**changes),
        identifier="msg 1,x",
        sent_at=kit.NOW,
        sender="weisu 未诉先办, 12345",
        web="https://weisu.example/alerts/al_1",
        references=related,
    )
    check_alert(ET.fromstring(document))


def test_a_simulated_city_is_an_exercise_and_a_circle_is_no_finer_than_a_kilometre(kit):
    notice = kit.notice(simulated=True, lat=20.0212345, lon=110.345678, radius_km=0.1)
    root = ET.fromstring(cap_alert(notice, identifier="i", sent_at=kit.NOW, sender="s", web="https://w.example"))
    assert root.findtext(f"{{{CAP}}}status") == "Exercise"
    assert root.findtext(f".//{{{CAP}}}circle") == "20.02,110.35 1.0"


def test_the_feed_carries_whole_documents(kit):
    entries = [(kit.notice(), "https://weisu.example/alerts/al_1", kit.NOW)]
    feed = ET.fromstring(
        cap_feed(entries, sender="weisu", title="预警", self_url="https://weisu.example/v1/alerts.cap", updated=kit.NOW)
    )
    alerts = list(feed.iter(f"{{{CAP}}}alert"))
    assert len(alerts) == 1
    check_alert(alerts[0])
