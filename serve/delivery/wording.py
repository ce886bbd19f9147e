"""The words of a message: Chinese first, English for those who asked for it. No channel's markup in here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from features.privacy import mask_text
from features.vocabulary import Kind
from features.words import AreaNames, Catalogue, Family, Language, catalogue
from serve.alerts.levels import LEVEL_WORDS
from serve.delivery.notice import Message, Notice

TOLD: Final = Family.of(
    "told",
    (
        "opened", "updated", "escalated", "reassignment_asked", "assigned", "assist", "supervised",
        "supervision_overdue", "supervision_answered", "resolved", "reopened", "dismissed", "test",
    ),
)  # fmt: skip
"""Why a message is sent, as the outbox keeps it."""

TEST: Final = "test"
"""Why a test message comes: somebody asked whether it arrives."""

KINDS: Final = Family.of("kind", Kind)

_LONGEST_DEMAND: Final = 200


@dataclass(frozen=True)
class Wording:
    """The sentences of one notice, ready for any markup."""

    title: str
    lines: tuple[tuple[str, str], ...]
    action: str
    reference: str


def words_of(notice: Notice, message: Message) -> Wording:
    """Return the title, the labelled lines, the call to act and the reference of a notice."""
    words = catalogue(message.language)
    title = _mark(notice, words) + headline_of(notice, message.language, "message.headline", message.names)
    return Wording(title, tuple(_lines(notice, message, words)), _action(notice, words), notice.id[-8:])


def headline_of(notice: Notice, language: Language, key: str, names: AreaNames) -> str:
    """Return how grave, of what kind, about what and where, in the order of a text of the catalogues."""
    words = catalogue(language)
    if notice.reason == TEST:
        return words("message.test")
    return words(
        key,
        level=words.of(LEVEL_WORDS, notice.level),
        kind=words.of(KINDS, notice.kind),
        category=notice.category,
        place=names.place(notice.area, language),
    )


def colon(language: Language) -> str:
    """Return what stands between a label and its value."""
    return ": " if language == "en" else "："


def say_told(reason: str, language: Language) -> str:
    """Return why a message comes, in two to six characters."""
    return catalogue(language).of(TOLD, reason)


def subject_of(message: Message) -> str:
    """Return one line for a subject or a notification: what, where, how many more."""
    words = catalogue(message.language)
    title = words_of(message.first, message).title
    if message.is_digest:
        return words("message.digest", n=len(message.notices), title=title)
    return f"{say_told(message.first.reason, message.language)}{colon(message.language)}{title}"


def more_of(language: Language, n: int) -> str:
    """Return how many did not fit."""
    return catalogue(language)("message.more", n=n)


def local_time(moment: datetime, zone: str) -> str:
    """Return a moment as officials write it: month-day and 24-hour local time."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M")


def _mark(notice: Notice, words: Catalogue) -> str:
    return words("message.simulated") if notice.simulated else ""


def _lines(notice: Notice, message: Message, words: Catalogue) -> list[tuple[str, str]]:
    lines = (
        (words("message.why"), say_told(notice.reason, message.language)),
        (words("message.demand"), mask_text(notice.demand)[:_LONGEST_DEMAND]),
        (words("message.sentence"), notice.sentence(message.language)),
        (words("message.rule"), notice.recited(message.language)),
        (words("message.step"), f"{notice.step_name or notice.step}" if notice.step else ""),
        (words("message.lead"), notice.department),
        (words("message.due"), local_time(notice.due_at, message.timezone) if notice.due_at else ""),
    )
    return [(label, value) for label, value in lines if value]


def _action(notice: Notice, words: Catalogue) -> str:
    if notice.msg_type == "Cancel" or notice.reason == TEST:
        return words("message.open")
    return words("message.answer_order") if notice.demand else words("message.acknowledge")
