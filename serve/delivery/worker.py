"""The delivery worker: outbox rows become deliveries, deliveries become calls, answers become rows.

One `run_once` is one round. Bots are called side by side, each bot's messages one after the other; nothing is kept in
memory between rounds, so any number of restarts changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from queue import SimpleQueue
from typing import Any, Final

import structlog

from features.clock import Clock
from features.configuration import DeliveryConfig
from features.origin import origin_of
from features.settings import Settings
from features.words import AreaNames
from serve.delivery import attempts
from serve.delivery.config import networks_of, retries_of, signer_of
from serve.delivery.failures import Cause, Failure
from serve.delivery.outbox import QUEUED, expand
from serve.delivery.outcome import DeliveryOutcome
from serve.delivery.planning import BotRound, Call, Planner
from serve.delivery.posting import Poster
from serve.store import Store

BOTS_AT_ONCE: Final = 8
_log = structlog.get_logger(__name__)

Answer = tuple[BotRound, Call, DeliveryOutcome]


@dataclass(frozen=True)
class DeliverySummary:
    """What one round did.

    Attributes:
        calls: Calls made over the wire.
        sent: Messages that arrived (a digest counts each of its alerts).
        retried: Messages that will be tried again.
        dead: Messages given up: see `dead_letters`.
        recovered: Messages a dead worker had left behind.
        unheard: Messages that no subscription wanted: somebody must subscribe.
    """

    calls: int = 0
    sent: int = 0
    retried: int = 0
    dead: int = 0
    recovered: int = 0
    unheard: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the summary as a JSON document."""
        return {"schema_version": 1, **asdict(self)}


def anything_due(store: Store, settings: Settings, *, now: datetime) -> bool:
    """Tell whether a round would find anything to do, without taking the write lock.

    Raises:
        BadInputError: The `[delivery]` configuration is wrong.
    """
    lease = timedelta(seconds=settings.delivery.lease_s)
    with store.reading() as session:
        return attempts.waiting(session, now=now, lease=lease)


def run_once(store: Store, settings: Settings, clock: Clock) -> DeliverySummary:
    """Do one round: expand the outbox, call the bots, record the answers.

    Raises:
        BadInputError: The `[delivery]` configuration is wrong.
    """
    config = settings.delivery
    summary, rounds = _prepare(store, settings, config, clock)
    if not rounds:
        return summary
    with closing(Poster(networks_of(config), config.deadline_s)) as poster:
        for plan, call, outcome in _call_all(rounds, poster):
            with store.session() as session:
                status = attempts.settle(
                    session,
                    call.batch,
                    outcome,
                    now=clock.now(),
                    retries=retries_of(config),
                    same_bot=plan.same_bot,
                )
            summary = _counted(summary, status, len(call.batch.pending))
    return summary


def _prepare(
    store: Store, settings: Settings, config: DeliveryConfig, clock: Clock
) -> tuple[DeliverySummary, list[BotRound]]:
    now = clock.now()
    simulated = origin_of(settings).simulated
    planner = Planner(config, signer_of(settings), settings.timezone, AreaNames.of(settings), now, simulated)
    with store.session() as session:
        store.lock(session, "delivery")
        unheard = expand(session, now=now)
        lease = timedelta(seconds=config.lease_s)
        recovered = attempts.recover(session, now=now, lease=lease, retries=retries_of(config))
        rounds = planner.plan(session)
        attempts.claim(session, [call.batch for plan in rounds for call in plan.calls], now=now)
    if unheard:
        _log.warning("messages without a reader", count=unheard)
    return DeliverySummary(recovered=recovered, unheard=unheard), rounds


def _call_all(rounds: Sequence[BotRound], poster: Poster) -> Iterator[Answer]:
    """Call all bots side by side; yield answers as they come, so that each is recorded at once."""
    answers: SimpleQueue[Answer] = SimpleQueue()
    with ThreadPoolExecutor(max_workers=BOTS_AT_ONCE, thread_name_prefix="delivery") as pool:
        for plan in rounds:
            pool.submit(_call_bot, plan, poster, answers)
        for _ in range(sum(len(plan.calls) for plan in rounds)):
            yield answers.get()


def _call_bot(plan: BotRound, poster: Poster, answers: SimpleQueue[Answer]) -> None:
    pause: float | None = None
    for call in plan.calls:
        # After "too fast" the rest is not even tried: it would lengthen the pause, and cost an attempt.
        outcome = _call(plan, call, poster) if pause is None else DeliveryOutcome.held(pause)
        pause = pause if pause is not None else outcome.retry_after_s
        answers.put((plan, call, outcome))


def _call(plan: BotRound, call: Call, poster: Poster) -> DeliveryOutcome:
    try:
        return plan.channel.send(call.message, call.target, poster)
    except Exception as error:  # noqa: BLE001 - one broken channel must not keep the others from being told
        _log.exception("a channel failed", channel=plan.channel.name)
        return DeliveryOutcome.retry(Failure(Cause.CHANNEL_BROKEN, {"error": type(error).__name__}))


def _counted(summary: DeliverySummary, status: str, count: int) -> DeliverySummary:
    return replace(
        summary,
        calls=summary.calls + (status != QUEUED),
        sent=summary.sent + count * (status == attempts.SENT),
        retried=summary.retried + count * (status == attempts.RETRY),
        dead=summary.dead + count * (status == attempts.DEAD),
    )
