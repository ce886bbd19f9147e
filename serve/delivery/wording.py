"""The words of a message: Chinese first, English for those who asked for it. No channel's markup in here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from features.privacy import mask_text
from features.vocabulary import Kind
from serve.alerts.candidates import EVERYWHERE
from serve.alerts.levels import LEVEL_WORDS
from serve.delivery.notice import Message, Notice

KINDS_EN: Final = {
    Kind.FREQUENT: "frequent",
    Kind.SURGE: "surge",
    Kind.REPEAT: "repeat caller",
    Kind.SHARED: "shared cause",
    Kind.SENSITIVE: "sensitive",
    Kind.FIRST_SEEN: "first seen",
    Kind.FORECAST: "forecast",
}
_REASONS: Final[dict[str, dict[str, str]]] = {
    "zh-CN": {
        "opened": "新预警",
        "updated": "有新工单",
        "escalated": "逾期升级",
        "reassignment_asked": "请确认归属",
        "assigned": "转交给你",
        "assist": "请协办",
        "supervised": "督办",
        "supervision_overdue": "督办逾期",
        "supervision_answered": "督办已回复",
        "resolved": "已平息",
        "reopened": "再次发生",
        "dismissed": "已判误报",
    },
    "en": {
        "opened": "New alert",
        "updated": "New tickets",
        "escalated": "Overdue, escalated",
        "reassignment_asked": "Is this yours?",
        "assigned": "Assigned to you",
        "assist": "Please assist",
        "supervised": "Supervision order",
        "supervision_overdue": "Supervision order overdue",
        "supervision_answered": "Supervision order answered",
        "resolved": "Resolved",
        "reopened": "Back again",
        "dismissed": "Dismissed",
    },
}
_LONGEST_DEMAND: Final = 200
_FALLBACK_REASON: Final = {"zh-CN": "预警", "en": "Alert"}


@dataclass(frozen=True)
class Words:
    """The sentences of one notice, ready for any markup."""

    title: str
    lines: tuple[tuple[str, str], ...]
    action: str
    reference: str


def words_of(notice: Notice, message: Message) -> Words:
    """Return the title, the labelled lines, the call to act and the reference of a notice."""
    english = message.language == "en"
    level = LEVEL_WORDS["en" if english else "zh-CN"][notice.level]
    kind = KINDS_EN[notice.kind] if english else notice.kind
    where = place_of(notice.area, english=english)
    title = f"{_mark(notice, english=english)}{level} · {kind}｜{notice.category} · {where}"
    if english:
        title = f"{_mark(notice, english=english)}{level} · {kind} | {notice.category} · {where}"
    return Words(
        title, tuple(_lines(notice, message, english=english)), _action(notice, english=english), notice.id[-8:]
    )


def colon(language: str) -> str:
    """Return what stands between a label and its value."""
    return ": " if language == "en" else "："


def say_reason(reason: str, language: str) -> str:
    """Return why a message comes, in words."""
    chosen = "en" if language == "en" else "zh-CN"
    return _REASONS[chosen].get(reason, _FALLBACK_REASON[chosen])


def place_of(area: str, *, english: bool) -> str:
    """Return a place in words; no district in particular is the whole area."""
    return ("whole area" if english else EVERYWHERE) if area in {"", EVERYWHERE} else area


def reason_of(notice: Notice, language: str) -> str:
    """Return why the message comes now, in two to six characters."""
    return say_reason(notice.reason, language)


def subject_of(message: Message) -> str:
    """Return one line for a subject or a notification: what, where, how many more."""
    title = words_of(message.first, message).title
    if not message.is_digest:
        return f"{reason_of(message.first, message.language)}{colon(message.language)}{title}"
    more = len(message.notices)
    return f"{more} alerts, first: {title}" if message.language == "en" else f"{more} 条预警，首条：{title}"


def more_of(language: str) -> str:
    """Return the template that says how many did not fit."""
    return "… and {n} more on the board" if language == "en" else "…另有 {n} 条，请到看板查看"


def local_time(moment: datetime, zone: str) -> str:
    """Return a moment as officials write it: month-day and 24-hour local time."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M")


def _mark(notice: Notice, *, english: bool) -> str:
    if not notice.simulated:
        return ""
    return "[SIMULATED] " if english else "【模拟数据】"


def _lines(notice: Notice, message: Message, *, english: bool) -> list[tuple[str, str]]:
    step = f"{notice.step_name or notice.step}" if notice.step else ""
    due = local_time(notice.due_at, message.timezone) if notice.due_at else ""
    labels = (
        ("Why now", "Order", "How unusual", "Rule", "Step", "Lead", "Answer by")
        if english
        else ("事由", "要求", "情况", "规则", "升级", "承办", "时限")
    )
    values = (
        reason_of(notice, message.language),
        mask_text(notice.demand)[:_LONGEST_DEMAND],
        notice.sentence(message.language),
        notice.recited(message.language),
        step,
        notice.department,
        due,
    )
    return [(label, value) for label, value in zip(labels, values, strict=True) if value]


def _action(notice: Notice, *, english: bool) -> str:
    if notice.msg_type == "Cancel":
        return "Open" if english else "查看"
    if notice.demand:
        return "Open and answer" if english else "打开并回复"
    return "Open and answer" if english else "打开并签收"
