"""Alerts as the API shows them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, computed_field

from features.sentences import said_of
from features.vocabulary import AlertLevel, BeyondHistory, Frequency, Kind, Rule, rule_document
from features.words import LANGUAGES
from serve.alerts.episode import Episode
from serve.alerts.levels import say_level_rule
from serve.alerts.lifecycle import State
from serve.alerts.rule_text import recite
from serve.civil import CivilTime
from serve.degraded import Degradable

EXAMPLE: dict[str, Any] = {
    "id": "al_5f0c7d2a9be14c3f8a6d0e21",
    "revision": 2,
    "msg_type": "Update",
    "kind": Kind.SURGE,
    "kinds": [Kind.SURGE, Kind.SHARED],
    "category1": "城乡建设",
    "category2": "供水",
    "category": "停水",
    "area": "龙华区",
    "department": "水务局",
    "state": "acknowledged",
    "level": AlertLevel.ORANGE,
    "level_rule": {"code": "spread", "params": {"n": 10, "times": 2.0, "hours": 3, "places": 3}},
    "level_rule_text": {
        "zh-CN": "橙色：不少于10人来电，超过平时上限的2倍，且来自3个以上钟点或3处以上地点",
        "en": "Orange: at least 10 callers, above 2 times the usual maximum, from 3 hours or 3 places or more",
    },
    "sensitive": False,
    "observed": 27,
    "callers": 24,
    "expected": 4.2,
    "upper": 11.0,
    "p_value": 0.00002,
    "recurrence_days": 3650.0,
    "score": 12.4,
    "rule": rule_document(BeyondHistory(freq=Frequency.HOURLY, periods=6)),
    "rule_text": {
        "zh-CN": "6 小时内的件数超出自身历史所能解释：通常至多 11 件",
        "en": "more within 6 hours than its own history explains: usually at most 11",
    },
    "sentence": {
        "code": "surge",
        "params": {
            "matter": "停水",
            "areas": ["龙华区"],
            "place": "",
            "lat": None,
            "lon": None,
            "observed": 27,
            "tickets": 27,
            "callers": 24,
            "start": "2026-11-23T02:00:00",
            "end": "2026-11-23T08:00:00",
            "freq": "h",
            "expected": 4.2,
            "upper": 11.0,
        },
    },
    "sentence_text": {
        "zh-CN": "龙华区 停水：过去6小时27件（24人），通常不超过11件",
        "en": "停水, 龙华区: 27 in 6 hours from 24 callers, usually at most 11",
    },
    "window_start": "2026-11-23T02:00:00",
    "window_end": "2026-11-23T08:00:00",
    "lat": 20.03,
    "lon": 110.33,
    "radius_km": 1.2,
    "ticket_count": 27,
    "opened_at": "2026-11-23T00:05:00Z",
    "updated_at": "2026-11-23T00:20:00Z",
    "acknowledged_at": "2026-11-23T00:20:00Z",
    "handled_at": None,
    "closed_at": None,
    "ended_at": None,
    "ack_due_at": "2026-11-23T01:05:00Z",
    "handle_due_at": "2026-11-24T00:05:00Z",
    "held_by": "",
    "outcome": "",
    "as_of": "2026-11-23T00:00:00Z",
    "data_through": "2026-11-23T08:00:00",
    "generated_at": "2026-11-23T00:04:30Z",
    "model_version": "weisu-hotspot/3",
    "taxonomy_version": "sha256:9c1e",
    "calendar_version": "CN-2026.1",
    "degraded_reasons": [],
    "degraded": "",
}


class AlertView(Degradable):
    """One alert on a list. Windows and `data_through` are local civil time, every other time is UTC."""

    model_config = ConfigDict(from_attributes=True, protected_namespaces=(), json_schema_extra={"examples": [EXAMPLE]})

    id: str
    revision: Annotated[int, Field(description="Grows with every update")]
    msg_type: Annotated[str, Field(description="Alert, Update or Cancel, as in CAP 1.2")]
    kind: Kind
    kinds: list[Kind]
    category1: str
    category2: str
    category: str
    area: str
    department: Annotated[str, Field(description="The leading department")]
    state: State
    level: AlertLevel
    level_rule: Annotated[dict[str, Any], Field(description="Why this level: a code with its parameters")]
    sensitive: bool
    observed: Annotated[int, Field(description="Tickets in the window; surges and clusters merge repeat calls")]
    callers: Annotated[int, Field(description="Distinct callers among them")]
    expected: float | None
    upper: float | None
    p_value: float | None
    recurrence_days: float | None
    score: float
    rule: Annotated[
        Annotated[Rule, Field(discriminator="code")] | None,
        Field(description="The detector's rule by its code and parameters; `rule_text` says it in words"),
    ]
    sentence: Annotated[
        dict[str, Any] | None,
        Field(
            description="What it is about and how unusual it is, by code and facts; `sentence_text` says it in words"
        ),
    ]
    window_start: CivilTime
    window_end: CivilTime
    lat: float | None
    lon: float | None
    radius_km: float | None
    ticket_count: int
    opened_at: AwareDatetime
    updated_at: AwareDatetime
    acknowledged_at: AwareDatetime | None
    handled_at: AwareDatetime | None
    closed_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    ack_due_at: AwareDatetime | None
    handle_due_at: AwareDatetime | None
    held_by: Annotated[str, Field(description="Why nobody has been told; empty when somebody has")]
    outcome: str
    as_of: AwareDatetime
    data_through: CivilTime | None
    generated_at: AwareDatetime
    model_version: str
    taxonomy_version: str
    calendar_version: str

    @computed_field(description="The rule in words, per language")  # type: ignore[prop-decorator]
    @property
    def rule_text(self) -> dict[str, str]:
        """The rule that a person can recite."""
        chinese, english = recite(self.rule, upper=self.upper)
        return {"zh-CN": chinese, "en": english}

    @computed_field(description="What it is about and how unusual it is, in words, per language")  # type: ignore[prop-decorator]
    @property
    def sentence_text(self) -> dict[str, str]:
        """The sentence that a person can recite."""
        return {language: said_of(self.sentence, language) for language in LANGUAGES}

    @computed_field(description="Why it has its level, in words, per language")  # type: ignore[prop-decorator]
    @property
    def level_rule_text(self) -> dict[str, str]:
        """The rule of the level that a person can recite."""
        return {language: say_level_rule(self.level, self.level_rule, language) for language in LANGUAGES}


class AlertPage(BaseModel):
    """A page of alerts."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"schema_version": 1, "items": [EXAMPLE], "next_cursor": None}]}
    )

    schema_version: int = 1
    items: list[AlertView]
    next_cursor: str | None = None


class PartyView(BaseModel):
    """A department's part in an alert, with its own clocks."""

    model_config = ConfigDict(from_attributes=True)

    department: str
    part: Annotated[str, Field(description="lead, assist (联办), or asked (named by a 不归我)")]
    joined_at: AwareDatetime
    ack_due_at: AwareDatetime | None
    handle_due_at: AwareDatetime | None
    acked_at: AwareDatetime | None
    started_at: AwareDatetime | None
    handled_at: AwareDatetime | None
    released_at: AwareDatetime | None


class AlertDetail(AlertView):
    """One alert with everything a person needs to act; the tickets are under `/evidence`."""

    model_config = ConfigDict(
        from_attributes=True,
        protected_namespaces=(),
        json_schema_extra={"examples": [EXAMPLE | {"parties": [], "cells": [], "past": [], "schema_version": 1}]},
    )

    schema_version: int = 1
    parties: list[PartyView] = Field(default=[])
    cells: list[str] = Field(default=[])
    past: list[dict[str, Any]] = Field(default=[])


def detail_of(episode: Episode, cells: list[str], past: list[dict[str, Any]]) -> AlertDetail:
    """Return an episode as the API shows it, with the past cases that its reader may see."""
    detail = AlertDetail.model_validate(episode.alert)
    detail.past = past
    detail.parties = [PartyView.model_validate(party) for party in episode.parties]
    detail.cells = cells
    return detail


class EventView(BaseModel):
    """One thing that happened to an alert."""

    model_config = ConfigDict(from_attributes=True)

    seq: int
    number: int
    kind: str
    at: AwareDatetime
    actor: str
    actor_role: str
    department: str
    payload: dict[str, Any]


class EventList(BaseModel):
    """The whole history of an alert, oldest first."""

    schema_version: int = 1
    items: list[EventView]


class TicketView(BaseModel):
    """One ticket behind an alert, masked. `caller` is a number within this alert: the same number, the same person."""

    key: str
    opened_local: CivilTime | None
    category: str
    district: str
    street: str
    channel: str
    status: str
    title: str
    text: str
    caller: int | None
    is_repeat: bool | None


class Evidence(Degradable):
    """What an alert rests on: the detectors' numbers and the masked line list."""

    schema_version: int = 1
    alert_id: str
    numbers: dict[str, Any]
    ticket_count: int
    tickets: list[TicketView]
