"""Act on an alert for a caller: find it as the caller may see it, act once, answer with the alert as it is then.

The API's buttons and the pages' forms both come through here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.clock import Clock
from features.settings import Settings
from serve.access import Caller
from serve.alerts.actions import Action
from serve.alerts.episode import Episode
from serve.alerts.repository import AlertRepository
from serve.alerts.schemas import AlertDetail, detail_of
from serve.alerts.unit_of_work import Desk, open_desk
from serve.idempotency import Attempt
from serve.known_names import KnownNames
from serve.store import Store


def towards(department: str, action: Action) -> Action:
    """Return an action that asks back a department nobody has heard of, before it is done."""

    def act(desk: Desk, episode: Episode, caller: Caller) -> None:
        if department != desk.policy.duty_desk:
            KnownNames(desk.session).check(departments=[department])
        action(desk, episode, caller)

    return act


def perform(
    store: Store,
    *,
    clock: Clock,
    settings: Settings,
    caller: Caller,
    alert_id: str,
    name: str,
    action: Action,
    values: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
) -> AlertDetail:
    """Act once, and return the alert as it is then; a repeated request gets the first reply.

    Args:
        store: The operational store.
        clock: Source of the present.
        settings: Where `[alerts]` is read.
        caller: Who acts.
        alert_id: On which alert.
        name: The action's name, part of what makes two requests the same.
        action: One of `serve.alerts.actions`, with its values bound.
        values: The request's values, for telling a repetition from another request with the same key.
        idempotency_key: The request's Idempotency-Key, if it has one.

    Raises:
        NotFoundError: The alert does not exist, or is not the caller's to see.
        ForbiddenError: The caller's role or part in the alert does not allow the action.
        ConflictError: The alert's state does not allow it, or the key was used for another request.
    """
    attempt = Attempt.of(caller, idempotency_key, name, alert_id, dict(values or {}))
    with open_desk(store, clock, settings) as desk:
        repository = AlertRepository(desk.session, caller)
        episode = repository.episode(alert_id)
        earlier = attempt.earlier_reply(desk.session)
        if earlier is not None:
            return AlertDetail.model_validate({**earlier, "past": repository.copies.past(earlier["past"])})
        action(desk, episode, caller)
        past = repository.copies.past(episode.alert.past)
        detail = detail_of(episode, repository.cells(episode.alert), past)
        attempt.remember(desk.session, detail.model_dump(mode="json"), now=desk.now)
    return detail
