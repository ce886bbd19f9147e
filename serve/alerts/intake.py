"""Take in a run's candidates: open an episode, update the one it belongs to, or see that it brings nothing new.

One transaction per run, idempotent per run key and fingerprint: a killed intake leaves the last good state, and the
same run handed in again changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import select

from features.clock import Clock
from features.configuration import AlertPolicy
from features.settings import Settings
from features.vocabulary import Kind
from serve.alerts import matching, notify
from serve.alerts.candidates import Candidate, DetectionRun, IntakeResult, Sibling
from serve.alerts.episode import ASSIST, LEAD, LEADING, Episode
from serve.alerts.fingerprint import fingerprint
from serve.alerts.gates import Hold
from serve.alerts.levels import Assessment, assess
from serve.alerts.lifecycle import ANSWERED, OPEN, Event
from serve.alerts.matching import CandidatePart
from serve.alerts.routing.table import BY_DUTY_DESK, RouteMatch, find_route
from serve.alerts.unit_of_work import Actor, Desk, open_desk
from serve.store import Store
from serve.store.columns import new_id
from serve.store.tables import Alert, AlertCell, AlertTicket, DetectionRunRow, IntakeRecord

DETECTOR: Final = Actor(name="detector", role="system")

GRAVER: Final = "graver"
"""Why an answered alert opens again: what came later is graver."""

ROUTING: Final = Actor(name="routing", role="system")

_NO_FACTS: Final = {
    *("tickets", "cells", "kind", "department", "area", "rank", "siblings"),
    *("hours", "places", "label_days", "signs", "doubt"),
}
"""What a candidate brings that is no fact of the alert: kept elsewhere, or only used to judge it."""

_JOINED: Final = {*LEADING, "rule", "observed", "callers", "score", "sentence"}
"""What the event of a candidate that only joined keeps of it."""


def intake(
    store: Store,
    candidates: Sequence[Candidate],
    *,
    clock: Clock,
    run: DetectionRun,
    settings: Settings | None = None,
    policy: AlertPolicy | None = None,
) -> IntakeResult:
    """Turn the candidates of one detection run into alerts, and news about alerts into messages.

    Args:
        store: The operational store.
        candidates: What the detectors found; the most important is told first, so it gets the budget.
        clock: Source of the present.
        run: Which run this was.
        settings: Where `[alerts]` is read and whose time zone counts.
        policy: Overrides the rules in the settings.
    """
    with open_desk(store, clock, settings, policy) as desk:
        marks = [fingerprint(one.kind, one.category, one.area) for one in candidates]
        taking = _Intake(desk, run, matching.Touched.by(desk.session, candidates, marks))
        ranked = [(assess(candidate, desk.policy), candidate) for candidate in candidates]
        ranked.sort(key=lambda pair: (-pair[0].level.rank, pair[1].rank, -pair[1].score))
        for assessment, candidate in ranked:
            taking.take(candidate, assessment)
    return taking.result


class _Intake:
    """One run being taken in."""

    def __init__(self, desk: Desk, run: DetectionRun, touched: matching.Touched) -> None:
        self.desk = desk
        self.run = run
        self.touched = touched
        self.result = IntakeResult()
        self._register()
        handed_in = select(IntakeRecord.fingerprint).where(IntakeRecord.run_key == run.key)
        self._known = set(desk.session.scalars(handed_in))

    def take(self, candidate: Candidate, assessment: Assessment) -> None:
        """Take one candidate in, unless this run has handed it in before."""
        mark = fingerprint(candidate.kind, candidate.category, candidate.area)
        if mark in self._known:
            self.result.repeated += 1
            return
        self._known.add(mark)
        alert = self._belongs_to(candidate, mark) if self.touched.concerns(candidate, mark) else None
        told = self._told_before(candidate, assessment, mark) if alert is None else None
        if told is not None:
            outcome, episode = "known", self.desk.episode(told)
        elif alert is None:
            outcome, episode = "opened", self._open(candidate, assessment, mark)
        else:
            episode = self.desk.episode(alert)
            outcome = self._mention(episode, candidate, assessment, mark)
        self.touched.add(candidate, mark)
        setattr(self.result, outcome, getattr(self.result, outcome) + 1)
        if episode.alert.id not in self.result.alert_ids:
            self.result.alert_ids.append(episode.alert.id)
        record = {"run_key": self.run.key, "fingerprint": mark, "outcome": outcome, "alert_id": episode.alert.id}
        self.desk.session.add(IntakeRecord(**record))

    def _belongs_to(self, candidate: Candidate, mark: str) -> Alert | None:
        department = self._match(candidate).department
        return matching.find_episode(self.desk.session, candidate, mark, department=department, causes=self.desk.causes)

    def _told_before(self, candidate: Candidate, assessment: Assessment, mark: str) -> Alert | None:
        desk, rank = self.desk, assessment.level.rank
        return matching.told_before(desk.session, candidate, mark, rank=rank, now=desk.now, causes=desk.causes)

    def _register(self) -> None:
        if self.desk.session.get(DetectionRunRow, self.run.key) is None:
            values = self.run.model_dump(mode="python", exclude={"kinds", "idle"})
            codes = {name: [one.value for one in getattr(self.run, name)] for name in ("kinds", "idle")}
            self.desk.session.add(DetectionRunRow(**values, **codes, received_at=self.desk.now))
            self.desk.session.flush()

    def _open(self, candidate: Candidate, assessment: Assessment, mark: str) -> Episode:
        episode = Episode(Alert(id=new_id("al"), seen_at=self.desk.now, seen_as_of=self.run.as_of))
        tickets = list(dict.fromkeys(candidate.tickets))
        payload = {
            "fingerprint": mark,
            **candidate.model_dump(mode="json", include=set(LEADING)),
            **self._news(candidate, assessment, tickets),
        }
        self.desk.record(episode, Event.OPENED, actor=DETECTOR, payload=payload)
        self._remember(episode, tickets, candidate.cells)
        self._route(episode, candidate)
        self._tell(episode, "opened")
        return episode

    def _match(self, matter: Candidate | Sibling) -> RouteMatch:
        desk = self.desk
        if isinstance(matter, Candidate) and matter.doubt:
            return RouteMatch(desk.policy.duty_desk, BY_DUTY_DESK)
        return find_route(desk.routes, matter, duty_desk=desk.policy.duty_desk, area_name=desk.area_name)

    def _route(self, episode: Episode, candidate: Candidate) -> None:
        match = self._match(candidate)
        self._assign(episode, match.department, match.assisting, by=match.source)
        self._join_handling(episode, candidate.siblings)

    def _join_handling(self, episode: Episode, matters: Sequence[Candidate | Sibling]) -> bool:
        """Let the departments of other matters of the same cause assist; tell whether one is new to the alert."""
        joined = False
        for matter in matters:
            match = self._match(matter)
            if match.source != BY_DUTY_DESK and episode.party(match.department) is None:
                payload = {"department": match.department, "part": ASSIST, "by": match.source}
                self.desk.record(episode, Event.ASSIGNED, actor=ROUTING, payload=payload)
                joined = True
        return joined

    def _route_anew(self, episode: Episode, candidate: Candidate) -> None:
        """Give the matter that took the lead to its own department; whoever led assists: its matter is not over."""
        match = self._match(candidate)
        former = episode.alert.department
        if match.source == BY_DUTY_DESK or match.department == former:
            return
        assisting = [name for name in match.assisting if episode.party(name) is None and name != former]
        self._assign(episode, match.department, [*assisting, former], by=match.source)

    def _assign(self, episode: Episode, lead: str, assisting: Sequence[str], *, by: str) -> None:
        for part, department in [(LEAD, lead), *((ASSIST, name) for name in assisting)]:
            payload = {"department": department, "part": part, "by": by}
            self.desk.record(episode, Event.ASSIGNED, actor=ROUTING, payload=payload)

    def _mention(self, episode: Episode, candidate: Candidate, assessment: Assessment, mark: str) -> str:
        """Take in news about an open episode, and return what it did."""
        alert = episode.alert
        part = matching.part_of(alert, candidate, assessment, mark)
        if alert.baseline is not None and candidate.observed <= alert.baseline and part is not CandidatePart.TAKES_LEAD:
            return "calm"
        alert.seen_at, alert.seen_as_of = self.desk.now, max(alert.seen_as_of, self.run.as_of)
        new = matching.new_tickets(self.desk.session, alert, candidate.tickets)
        graver = part is CandidatePart.TAKES_LEAD or assessment.level.rank > episode.level.rank
        # Another matter's level is no base for the counts of the one that leads.
        shifted = candidate.level_shift and part is not CandidatePart.JOINS
        if not (new or graver or shifted or set(candidate.kinds) - set(alert.kinds)):
            if alert.held_by == Hold.DAY:
                self._tell(episode, "opened")
            return "known"
        self._update(episode, candidate, assessment, new, part)
        if shifted:
            base = float(max(candidate.observed, candidate.upper or 0.0))
            self.desk.record(episode, Event.REBASED, actor=DETECTOR, payload={"baseline": base})
            return "rebased"
        reopens = graver and episode.state in ANSWERED
        if reopens:
            self.desk.record(episode, Event.REOPENED, actor=DETECTOR, payload={"reason": GRAVER})
        if part is CandidatePart.TAKES_LEAD:
            self._route_anew(episode, candidate)
        own = [candidate] if part is CandidatePart.JOINS else []
        handled_by_more = self._join_handling(episode, [*own, *candidate.siblings])
        if episode.state in OPEN and (graver or handled_by_more or self._may_repeat(episode)):
            self._tell(episode, "reopened" if reopens else "updated")
        return "reopened" if reopens else "updated"

    def _update(
        self, episode: Episode, candidate: Candidate, assessment: Assessment, new: list[str], part: CandidatePart
    ) -> None:
        alert = episode.alert
        if episode.level.rank > assessment.level.rank or part is CandidatePart.JOINS:
            # A level does not sink while the episode lasts: the department has been told of the graver one.
            assessment = Assessment(episode.level, alert.level_rule)
        together = {
            "kinds": list(dict.fromkeys([*(Kind(kind) for kind in alert.kinds), *candidate.kinds])),
            "sensitive": candidate.sensitive or alert.sensitive,
        }
        together["sentence"] = matching.sentence_together(alert, candidate, part)
        news = self._news(candidate.model_copy(update=together), assessment, new)
        if part is CandidatePart.JOINS:
            news["facts"] = {name: news["facts"][name] for name in together}
            news["joined"] = candidate.model_dump(mode="json", include=_JOINED)
        elif part is CandidatePart.TAKES_LEAD:
            news["lead"] = candidate.model_dump(mode="json", include=set(LEADING))
        self.desk.record(episode, Event.UPDATED, actor=DETECTOR, payload=news)
        self._remember(episode, new, matching.new_cells(self.desk.session, alert, candidate.cells))

    def _may_repeat(self, episode: Episode) -> bool:
        """Tell again only when new tickets arrived since the last message and the repeat interval has passed."""
        alert = episode.alert
        if alert.notified_at is None:
            return True
        passed = self.desk.now - alert.notified_at >= self.desk.policy.repeat_interval
        return passed and alert.ticket_count > alert.notified_tickets

    def _tell(self, episode: Episode, reason: str) -> None:
        if notify.tell(self.desk, episode, reason=reason):
            self.result.notified += 1
        else:
            self.result.held += 1

    def _news(self, candidate: Candidate, assessment: Assessment, new: list[str]) -> dict[str, Any]:
        facts = candidate.model_dump(mode="json", exclude=_NO_FACTS)
        facts["kinds"] = list(dict.fromkeys(facts["kinds"]))
        facts |= self.run.model_dump(mode="json", exclude={"key", "kinds", "complete", "judged", "idle"}) | {
            "run_key": self.run.key
        }
        return {
            "facts": facts,
            "level": assessment.level.value,
            "level_rule": assessment.document(),
            "new_tickets": new,
            "cells": candidate.cells,
        }

    def _remember(self, episode: Episode, tickets: list[str], cells: list[str]) -> None:
        alert = episode.alert
        # Added, not executed: what many alerts bring is written together, when a question or the end asks for it.
        fixed = {"alert_id": alert.id, "added_at": self.desk.now, "revision": alert.revision}
        self.desk.session.add_all([AlertTicket(ticket=ticket, **fixed) for ticket in tickets])
        self.desk.session.add_all([AlertCell(alert_id=alert.id, unique_id=cell) for cell in dict.fromkeys(cells)])
