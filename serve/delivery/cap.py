"""CAP 1.2 documents and the feed of them (https://docs.oasis-open.org/emergency/cap/v1.2/).

The scope is Restricted: these alerts are for departments, not for the public. A simulated city is an Exercise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as ET

from features.vocabulary import AlertLevel, Kind
from features.words import AreaNames, Language, catalogue, in_both
from serve.delivery.notice import Notice
from serve.delivery.wording import KINDS, TEST, headline_of

CAP: Final = "urn:oasis:names:tc:emergency:cap:1.2"
ATOM: Final = "http://www.w3.org/2005/Atom"
_SEVERITY: Final = {
    AlertLevel.RED: "Extreme",
    AlertLevel.ORANGE: "Severe",
    AlertLevel.YELLOW: "Moderate",
    AlertLevel.BLUE: "Minor",
}
_URGENCY: Final = {
    AlertLevel.RED: "Immediate",
    AlertLevel.ORANGE: "Expected",
    AlertLevel.YELLOW: "Expected",
    AlertLevel.BLUE: "Future",
}
_NOT_IN_IDENTIFIERS: Final = re.compile(r"[\s,<&]+")
_LANGUAGES: Final[tuple[tuple[str, Language], ...]] = (("zh-CN", "zh-CN"), ("en-US", "en"))


def cap_alert(
    notice: Notice,
    *,
    sent_at: datetime,
    sender: str,
    web: str,
    names: AreaNames,
) -> bytes:
    """Return one CAP document in UTF-8.

    Args:
        notice: What is told; its `references` are the earlier documents that an Update or Cancel is about.
        sent_at: Origin of the document (UTC), the same on every copy.
        sender: Who speaks; spaces and commas are replaced, as CAP asks.
        web: Address of the alert's page.
        names: What the area and its parts are called.
    """
    ET.register_namespace("", CAP)
    root = _alert(notice, sent_at=sent_at, sender=sender, web=web, names=names)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def cap_feed(
    entries: Iterable[tuple[Notice, str, datetime]],
    *,
    sender: str,
    title: str,
    self_url: str,
    updated: datetime,
    names: AreaNames,
) -> bytes:
    """Return an Atom feed whose entries carry CAP documents, as public warning systems read it.

    Args:
        entries: (notice, address of its page, when it was sent), newest first.
        sender: Who speaks.
        title: Name of the feed.
        self_url: Address of the feed itself.
        updated: When the newest entry changed.
        names: What the area and its parts are called.
    """
    ET.register_namespace("", ATOM)
    ET.register_namespace("cap", CAP)
    feed = ET.Element(f"{{{ATOM}}}feed")
    _child(feed, ATOM, "id", self_url)
    _child(feed, ATOM, "title", title)
    _child(feed, ATOM, "updated", cap_time(updated))
    _child(_child(feed, ATOM, "author"), ATOM, "name", sender)
    ET.SubElement(feed, f"{{{ATOM}}}link", rel="self", href=self_url)
    for notice, web, sent_at in entries:
        entry = _child(feed, ATOM, "entry")
        _child(entry, ATOM, "id", f"urn:weisu:{notice.id}")
        _child(entry, ATOM, "title", _headline(notice, "zh-CN", names))
        _child(entry, ATOM, "updated", cap_time(sent_at))
        ET.SubElement(entry, f"{{{ATOM}}}link", href=web)
        content = ET.SubElement(entry, f"{{{ATOM}}}content", type="application/cap+xml")
        content.append(_alert(notice, sent_at=sent_at, sender=sender, web=web, names=names))
    return bytes(ET.tostring(feed, encoding="utf-8", xml_declaration=True))


def cap_time(moment: datetime) -> str:
    """Return a moment as CAP writes it: whole seconds and a numeric offset; UTC is -00:00, never Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S-00:00")


def _alert(notice: Notice, *, sent_at: datetime, sender: str, web: str, names: AreaNames) -> ET.Element:
    alert = ET.Element(f"{{{CAP}}}alert")
    clean_sender = _identifier(sender)
    related = [f"{clean_sender},{_identifier(name)},{cap_time(sent)}" for name, sent in notice.references]
    for name, value in (
        ("identifier", _identifier(notice.id)),
        ("sender", clean_sender),
        ("sent", cap_time(sent_at)),
        ("status", _status(notice)),
        ("msgType", _msg_type(notice)),
        ("scope", "Restricted"),
        ("restriction", in_both("cap.restriction")),
        ("note", in_both("cap.simulated") if notice.simulated else ""),
        ("references", " ".join(related)),
    ):
        if value:
            _child(alert, CAP, name, value)
    for language, words in _LANGUAGES:
        _info(alert, notice, language=language, words=words, sender=sender, web=web, names=names)
    return alert


def _status(notice: Notice) -> str:
    if notice.reason == TEST:
        return "Test"
    return "Exercise" if notice.simulated else "Actual"


def _msg_type(notice: Notice) -> str:
    """An Update or Cancel must say what it is about; the first document a receiver gets stands on its own."""
    if not notice.references:
        return "Alert"
    return "Cancel" if notice.msg_type == "Cancel" else "Update"


def _info(
    alert: ET.Element, notice: Notice, *, language: str, words: Language, sender: str, web: str, names: AreaNames
) -> None:
    info = _child(alert, CAP, "info")
    over = notice.msg_type == "Cancel"
    for name, value in (
        ("language", language),
        ("category", "Other"),
        ("event", _event(notice, words)),
        ("responseType", "AllClear" if over else "Assess"),
        ("urgency", "Past" if over else _URGENCY[notice.level]),
        ("severity", _SEVERITY[notice.level]),
        ("certainty", "Likely" if notice.kind == Kind.FORECAST else "Observed"),
        ("onset", cap_time(notice.opened_at) if notice.opened_at else ""),
        ("expires", cap_time(notice.due_at) if notice.due_at else ""),
        ("senderName", sender),
        ("headline", _headline(notice, words, names)),
        ("description", notice.sentence(words)),
        ("instruction", notice.recited(words)),
        ("web", web),
    ):
        if value:
            _child(info, CAP, name, value)
    for name, value in (("level", notice.level), ("department", notice.department), ("alert", notice.alert_id)):
        if value:
            parameter = _child(info, CAP, "parameter")
            _child(parameter, CAP, "valueName", name)
            _child(parameter, CAP, "value", value)
    area = _child(info, CAP, "area")
    _child(area, CAP, "areaDesc", names.place(notice.area, words))
    if notice.lat is not None and notice.lon is not None:
        # Rounded to about a kilometre: a circle must not point at a caller's door.
        radius = max(notice.radius_km or 0.0, 1.0)
        _child(area, CAP, "circle", f"{notice.lat:.2f},{notice.lon:.2f} {radius:.1f}")


def _event(notice: Notice, language: Language) -> str:
    words = catalogue(language)
    return words("cap.event", kind=words.of(KINDS, notice.kind), category=notice.category)


def _headline(notice: Notice, language: Language, names: AreaNames) -> str:
    return headline_of(notice, language, "cap.headline", names)


def _child(parent: ET.Element, namespace: str, name: str, text: str = "") -> ET.Element:
    child = ET.SubElement(parent, f"{{{namespace}}}{name}")
    if text:
        child.text = text
    return child


def _identifier(text: str) -> str:
    return _NOT_IN_IDENTIFIERS.sub("-", text).strip("-") or "weisu"
