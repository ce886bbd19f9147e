"""What time does to alerts: release what was held, escalate what is late, close what is calm, look up what came of it.

`tick` is idempotent: twice at the same moment does nothing the second time. Everything it does is one transaction, so
a kill in the middle leaves the state before it, and the next tick does the same work.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select

from features.clock import Clock
from features.settings import Settings
from serve.alerts import closing, escalation, notify
from serve.alerts.gates import Hold
from serve.alerts.lifecycle import OPEN
from serve.alerts.unit_of_work import Desk, open_desk
from serve.store import Store
from serve.store.tables import Alert, AlertEvent, IdempotentReply
from serve.supervision import orders
from serve.supervision.passage import Passage, look

REPLIES_KEPT: Final = timedelta(days=7)


@dataclass(frozen=True)
class TickResult:
    """How much was done; `idle_s` and `jumped_s` say how time had passed, see `passage.Passage`."""

    released: int = 0
    escalated: int = 0
    closed: int = 0
    expired: int = 0
    reminded: int = 0
    outcomes: int = 0
    forgotten: int = 0
    idle_s: int = 0
    jumped_s: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the counts as a document."""
        return asdict(self)


def tick(store: Store, clock: Clock, settings: Settings, *, passage: Passage | None = None) -> TickResult:
    """Let time do its work on every alert; call it every minute or so.

    After a pause, and after a jump of the clock, departments are reminded and nothing more; the next round goes on.
    While the clock is elsewhere than it should be, no alert ends.

    Args:
        store: The operational store.
        clock: The present.
        settings: The installation, which remembers this round.
        passage: How time has passed, where that is known without a look: a replay's rounds are not the installation's.
    """
    passage = passage or look(settings, clock, newest=lambda: _newest(store))
    with open_desk(store, clock, settings) as desk:
        # Closing comes first: nobody should be woken about what is over.
        closed = closing.close_calm(desk) + closing.close_told_seasons(desk) if passage.may_end else 0
        expired = closing.expire_forgotten(desk) if passage.may_end else 0
        return TickResult(
            released=_release_held(desk),
            escalated=escalation.escalate_overdue(desk, only_department=not passage.may_climb),
            closed=closed,
            expired=expired,
            reminded=orders.remind_overdue(desk),
            outcomes=closing.record_due_outcomes(desk) if passage.may_end else 0,
            forgotten=_forget_replies(desk) if passage.may_end else 0,
            idle_s=round(passage.idle.total_seconds()),
            jumped_s=round(passage.jumped.total_seconds()),
        )


def _newest(store: Store) -> datetime | None:
    """Return when anything last happened to an alert."""
    with store.reading() as session:
        found: datetime | None = session.scalar(select(func.max(AlertEvent.at)))
    return found


def _forget_replies(desk: Desk) -> int:
    """Forget the replies to old Idempotency-Keys: nobody repeats a request after a week."""
    keys = select(IdempotentReply.id).where(IdempotentReply.created_at < desk.now - REPLIES_KEPT)
    old = list(desk.session.scalars(keys.limit(10_000)))
    if old:
        desk.session.execute(delete(IdempotentReply).where(IdempotentReply.id.in_(old)))
    return len(old)


def _release_held(desk: Desk) -> int:
    """Tell of the alerts that were held and no longer need to be, the gravest first."""
    query = (
        select(Alert)
        .where(Alert.ended_at.is_(None), Alert.held_by.not_in(["", Hold.DAY]))
        .where(Alert.state.in_([state.value for state in OPEN]))
        .order_by(Alert.level_rank.desc(), Alert.score.desc(), Alert.seq)
    )
    return sum(notify.tell(desk, desk.episode(alert), reason="opened") for alert in desk.session.scalars(query).all())
