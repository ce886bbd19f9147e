"""What is told about an alert: plain facts, free of personal data and of the callers' own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from features.privacy import mask_text
from features.sentences import Sentence
from features.vocabulary import AlertLevel, Kind, Rule
from features.words import AreaNames, Language
from serve.alerts.rule_text import recite


@dataclass(frozen=True)
class Notice:
    """One thing to tell one audience about one alert.

    Attributes:
        id: Idempotency id, the same on every copy of this message on the wire.
        alert_id: The alert.
        reason: Why now: opened, updated, escalated, reassigned, resolved, reminder, order, ...
        msg_type: Alert, Update or Cancel, as in CAP 1.2.
        revision: The alert's revision.
        level: How grave.
        kind: What kind of hotspot.
        category: The matter.
        area: The place, no finer than a district or street.
        department: Who leads.
        told: How unusual, by code and facts; `sentence` says it in words.
        rule: The detector's rule; `recited` says it in words.
        due_at: Until when an answer is due (UTC).
        step: Step of the escalation ladder, 0 for none.
        step_name: How the ladder names that step.
        observed: Tickets, repeat calls merged in surges and clusters; `callers` distinct callers; `expected` and
            `upper` what is usual.
        opened_at: When the alert was opened (UTC).
        data_through: End of the data behind it, as text.
        simulated: Whether the tickets are simulated.
        demand: What a supervisor's order asks for; masked before it is told, like every sentence.
        written_at: When the message was written (UTC): the same on every copy, however late it goes out.
        references: (id, written at) of the earlier messages about this alert to the same recipient, oldest first.
    """

    id: str
    alert_id: str
    reason: str
    msg_type: str
    revision: int
    level: AlertLevel
    kind: Kind
    category: str
    area: str
    department: str = ""
    told: Sentence | None = None
    rule: Rule | None = None
    due_at: datetime | None = None
    step: int = 0
    step_name: str = ""
    observed: int | None = None
    callers: int | None = None
    expected: float | None = None
    upper: float | None = None
    opened_at: datetime | None = None
    lat: float | None = None
    lon: float | None = None
    radius_km: float | None = None
    data_through: str = ""
    simulated: bool = False
    model_version: str = ""
    written_at: datetime | None = None
    references: tuple[tuple[str, datetime], ...] = ()
    demand: str = ""

    @property
    def urgent(self) -> bool:
        """Whether it goes out by itself, before any digest."""
        return self.level is AlertLevel.RED or self.kind is Kind.SENSITIVE or self.step > 0 or bool(self.demand)

    def recited(self, language: Language) -> str:
        """Return the rule that a person can recite, in the reader's language."""
        chinese, english = recite(self.rule, upper=self.upper)
        return english if language == "en" else chinese

    def sentence(self, language: Language) -> str:
        """Return how unusual it is, in the reader's language, masked once more on the way out."""
        return mask_text(self.told.said(language)) if self.told else ""


@dataclass(frozen=True)
class Message:
    """What goes over the wire in one call: one notice, or a digest of several, to one recipient.

    Attributes:
        id: Idempotency id: the notice's own, or the digest's.
        notices: What is told, most urgent first.
        links: Signed link per notice, by notice id.
        board_link: Where all of them can be seen.
        language: zh-CN or en.
        sent_at: The moment of this attempt (UTC).
        sender: Who speaks.
        timezone: IANA zone that due times are told in.
        names: What the area and its parts are called.
    """

    id: str
    notices: tuple[Notice, ...]
    links: Mapping[str, str]
    board_link: str
    language: Language
    sent_at: datetime
    sender: str
    timezone: str
    names: AreaNames

    @property
    def is_digest(self) -> bool:
        """Whether it tells of more than one alert."""
        return len(self.notices) > 1

    @property
    def first(self) -> Notice:
        """The most urgent notice."""
        return self.notices[0]

    def link(self, notice: Notice) -> str:
        """Return the signed link that opens the notice's alert."""
        return self.links.get(notice.id, self.board_link)
