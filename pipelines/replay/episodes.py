"""Fold the candidates of many moments into alerts with the code that does so live, in a store of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

import pandas as pd
from sqlalchemy import select, update

from features.clock import FixedClock
from features.configuration import AlertPolicy
from features.settings import Settings
from features.vocabulary import EVERYWHERE, AlertLevel, Kind
from pipelines.detect import BATCH_KINDS
from serve.alerts import Candidate, DetectionRun, intake
from serve.alerts.lifecycle import Event
from serve.store import Store
from serve.store.tables import Alert, AlertEvent, AlertTicket
from serve.supervision import tick
from serve.supervision.passage import Passage

ALERT_COLUMNS: Final = (
    "alert",
    "opened_at",
    "told_at",
    "week",
    "department",
    "kind",
    "category1",
    "category2",
    "category",
    "area",
    "level",
    "highest_level",
    "sensitive",
    "red",
    "observed",
    "callers",
    "recurrence_days",
    "score",
    "window_start",
    "window_end",
    "sentence",
    "evidence",
    "parts",
    "updates",
    "last_at",
    "ended_at",
    "end",
)
"""Columns of the alerts; moments are naive local ones of detection runs, or of the time that passes between them."""

STILL_OPEN: Final = "open"
"""What ended an alert that has not ended by the last run."""

_UNLIMITED: Final = 1_000_000


@dataclass(frozen=True)
class Policy:
    """What becomes an alert that somebody is told of.

    Attributes:
        budget: Alerts below red that a department is told of in a week; None for no limit.
        alerting: The other written rules: levels, and when an alert is over.
    """

    budget: int | None = AlertPolicy().weekly_budget
    alerting: AlertPolicy = field(default_factory=AlertPolicy)

    @classmethod
    def of(cls, alerting: AlertPolicy) -> Self:
        """Return the policy that an installation runs live."""
        return cls(budget=alerting.weekly_budget, alerting=alerting)

    @property
    def in_force(self) -> AlertPolicy:
        """The written rules with this budget."""
        budget = _UNLIMITED if self.budget is None else self.budget
        return self.alerting.model_copy(update={"weekly_budget": budget})


def fold_alerts(
    candidates: pd.DataFrame,
    policy: Policy | None = None,
    *,
    settings: Settings | None = None,
    runs: pd.DataFrame | None = None,
    start: pd.Timestamp | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the alerts that departments would have been told of, and which tickets each held from when on.

    The alerts are opened, updated, told of and closed by the code of the live service, run after run, in an empty store
    of their own: without the routes, silences and wishes of departments that an installation may have.

    Args:
        candidates: Rows of `merge_candidates` of many moments, with `moment` (naive local).
        policy: Whom is told how much.
        settings: The installation: its time zone and labels.
        runs: `moment, complete` of every run, those that found nothing too: only complete ones count as calm. The
            moments of the candidates when None, complete.
        start: What is found before this moment is open already, whatever the budget, and spends none of it: in the
            first week of a replay the backlog of months would leave nothing for what is new.

    Returns:
        Alerts with `ALERT_COLUMNS`, in the order of their opening; and `alert, ticket, since`: from when on the
        department that was told of the alert could see each ticket in it.
    """
    policy, settings = policy or Policy(), settings or Settings()
    if runs is None:
        runs = pd.DataFrame({"moment": candidates["moment"].drop_duplicates().sort_values(), "complete": True})
    by_moment = dict(iter(candidates.groupby("moment", sort=False)))
    with TemporaryDirectory(prefix="weisu-fold-") as scratch:
        store = Store.open(f"sqlite:///{Path(scratch) / 'fold.db'}")
        fold = _Fold(store, settings, policy)
        for run in runs.sort_values("moment", kind="stable").to_dict("records"):
            known = start is not None and run["moment"] < start
            fold.take(run["moment"], by_moment.get(run["moment"]), complete=run["complete"], known=known)
        alerts, held = fold.alerts(), fold.held()
        store.close()
    told = alerts[alerts["told_at"].notna()].reset_index(drop=True)
    since = held.merge(told[["alert", "told_at"]], on="alert")
    return told, since.assign(since=since[["since", "told_at"]].max(axis=1))[["alert", "ticket", "since"]]


class _Fold:
    """A store that lives through the runs of a replay."""

    def __init__(self, store: Store, settings: Settings, policy: Policy) -> None:
        self.store, self.settings, self.policy = store, settings, policy
        self._last: pd.Timestamp | None = None

    def take(self, moment: pd.Timestamp, found: pd.DataFrame | None, *, complete: bool, known: bool) -> None:
        """Take one run in, as the schedule does live, with the time that passed before and after it."""
        rules = self.policy.in_force
        if known:
            rules = rules.model_copy(update={"weekly_budget": _UNLIMITED})
        settings = self.settings.model_copy(update={"alerts": rules})
        for passed in self._weeks_begun(moment):
            tick(self.store, self._clock(passed), settings, passage=Passage())
        clock = self._clock(moment)
        kinds = list(Kind) if complete else list(BATCH_KINDS)
        now = clock.now()
        run = DetectionRun(key=now.isoformat(), as_of=now, generated_at=now, complete=complete, kinds=kinds)
        rows = [] if found is None else found.drop(columns="moment").to_dict("records")
        intake(self.store, [Candidate(**row) for row in rows], clock=clock, run=run, settings=settings)
        tick(self.store, clock, settings, passage=Passage())
        if known:
            with self.store.session() as session:
                session.execute(update(Alert).values(in_budget=False))
        self._last = moment

    def _weeks_begun(self, moment: pd.Timestamp) -> Iterator[pd.Timestamp]:
        """Yield the Mondays since the last run: a week's budget is new, and what waited for it is told."""
        if self._last is None:
            return
        monday = moment.normalize() - pd.Timedelta(days=moment.weekday())
        if self._last < monday <= moment:
            yield monday

    def _clock(self, moment: pd.Timestamp) -> FixedClock:
        return FixedClock(moment.to_pydatetime().replace(tzinfo=self.settings.zone))

    def alerts(self) -> pd.DataFrame:
        """Return every alert, told of or not."""
        with self.store.reading() as session:
            events: dict[str, list[AlertEvent]] = {}
            for event in session.scalars(select(AlertEvent).order_by(AlertEvent.alert_id, AlertEvent.number)):
                events.setdefault(event.alert_id, []).append(event)
            rows = [self._row(alert, events[alert.id]) for alert in session.scalars(select(Alert).order_by(Alert.seq))]
        return pd.DataFrame(rows, columns=list(ALERT_COLUMNS))

    def held(self) -> pd.DataFrame:
        """Return `alert, ticket, since` of every alert."""
        query = select(Alert.seq, AlertTicket.ticket, AlertTicket.added_at).join(
            Alert, Alert.id == AlertTicket.alert_id
        )
        with self.store.reading() as session:
            rows = [
                (seq - 1, ticket, self._local(at))
                for seq, ticket, at in session.execute(query.order_by(Alert.seq, AlertTicket.added_at))
            ]
        return pd.DataFrame(rows, columns=["alert", "ticket", "since"])

    def _row(self, alert: Alert, events: Sequence[AlertEvent]) -> dict[str, Any]:
        opening = events[0].payload
        facts = opening["facts"]
        told = self._local(alert.first_notified_at)
        changes = [event for event in events if event.kind == Event.UPDATED]
        own = {name: facts[name] for name in ("sentence", "evidence", "observed", "callers", "score")}
        return {
            **own,
            **{name: opening[name] for name in ("kind", "category1", "category2", "category")},
            "area": _plain_area(opening["area"]),
            "alert": alert.seq - 1,
            "opened_at": self._local(alert.opened_at),
            "told_at": told,
            "week": None if told is None else told.normalize() - pd.Timedelta(days=told.weekday()),
            "department": alert.department,
            "level": opening["level"],
            "highest_level": alert.level,
            "sensitive": facts["sensitive"],
            "red": opening["level"] == AlertLevel.RED,
            "recurrence_days": facts["recurrence_days"],
            "window_start": pd.Timestamp(facts["window_start"]),
            "window_end": pd.Timestamp(facts["window_end"]),
            "parts": list(_parts(opening, changes)),
            "updates": len(changes),
            "last_at": self._local(alert.seen_at),
            "ended_at": self._local(alert.ended_at),
            "end": _end(events),
        }

    def _local(self, moment: datetime | None) -> pd.Timestamp | None:
        if moment is None:
            return None
        return pd.Timestamp(moment.astimezone(self.settings.zone).replace(tzinfo=None))


def _plain_area(area: str) -> str:
    return "" if area == EVERYWHERE else area


def _parts(opening: Mapping[str, Any], changes: Sequence[AlertEvent]) -> Iterator[dict[str, Any]]:
    """Yield what an alert is about: the matter it was opened for, then each that joined it, once."""
    named = ("kind", "category1", "category2", "category", "area")
    seen = []
    matters = [{**opening["facts"], **{name: opening[name] for name in named}}]
    matters += [event.payload["joined"] for event in changes if "joined" in event.payload]
    matters += [{**event.payload["facts"], **event.payload["lead"]} for event in changes if "lead" in event.payload]
    for matter in matters:
        told = {name: matter[name] for name in (*named, "sentence")}
        told["area"] = _plain_area(told["area"])
        if (name := [told[part] for part in named]) not in seen:
            seen.append(name)
            yield told


def _end(events: Sequence[AlertEvent]) -> str:
    """Return why an alert ended: the closing of a resolved one, else the event."""
    for event in reversed(events):
        if event.kind == Event.RESOLVED:
            return str(event.payload["closing"])
        if event.kind in {Event.EXPIRED, Event.ENDED}:
            return str(event.kind)
    return STILL_OPEN


def load_per_department_week(
    alerts: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp, departments: int
) -> dict[str, float]:
    """Return alerts below red per department and week: the mean, and the largest of any department in any week.

    Both are of the same weeks, so that a mean is never above its largest: seven days each, from the first moment on;
    what is left at the end counts as one.

    Args:
        alerts: Those of the span: `department, told_at, red`.
        start: The first moment.
        end: The last moment, included.
        departments: Departments that have tickets.
    """
    weeks = max(-(-(end - start) // pd.Timedelta(days=7)), 1)
    below = alerts[~alerts["red"].astype(bool)]
    week = ((pd.to_datetime(below["told_at"]) - start) // pd.Timedelta(days=7)).clip(0, weeks - 1)
    told = max(departments, below["department"].nunique(), 1)
    most = below.groupby(["department", week]).size().max() if len(below) else 0
    return {"mean": len(below) / (told * weeks), "largest": int(most)}
