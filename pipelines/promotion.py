"""Make a model the one in service: move the alias in MLflow, and tell the store, which the API reads."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime

from features.clock import Clock, SystemClock
from features.settings import Settings
from pipelines.errors import ChampionChangedError, ChosenByPersonError, NoChampionError
from pipelines.leases import Lease, lease
from pipelines.tracking import Registry, Version
from pipelines.tracking.registry import CHAMPION, TRAINING, Promotion
from serve.registry import ModelInfo, record_model
from serve.store import Store


def promote(
    settings: Settings,
    name: str,
    version: str,
    *,
    actor: str,
    reason: str,
    clock: Clock | None = None,
    met: str | None = None,
    spent: bool = False,
) -> Promotion:
    """Make `version` the champion of `name`, in the registry and in the store; idempotent.

    Args:
        settings: The installation.
        name: The registered model.
        version: The version to promote.
        actor: Who does it.
        reason: Why.
        clock: The present.
        met: The champion that the version was measured against, '' for none; where another one is champion by now,
            nothing is promoted. None where it was not measured: a person's choice.
        spent: The champion cannot issue any more, so that a person's choice of it is no reason to keep it.

    Raises:
        ChosenByPersonError: A training would replace what a person chose.
        UnknownVersionError: The registry does not hold the version.
        ChampionChangedError: The champion is not `met` any more.
    """
    Store.make_ready(settings.store_url)
    registry = Registry.open(settings)
    with lease(settings, Lease.CHAMPION):
        if met is not None and (now := _champion_now(registry, name)) != met:
            raise ChampionChangedError(
                f"the champion changed from version {met or 'none'} to {now or 'none'} meanwhile", hint="train again"
            )
        if actor == TRAINING and not spent and (choice := registry.choice(name)):
            raise ChosenByPersonError(
                say_choice(settings, choice), hint=f"`weisu models give-back {name}` lets trainings promote again"
            )
        event = registry.promote(name, version, actor=actor, reason=reason, clock=clock or SystemClock())
        _announce(settings, registry.get(name, version), event)
    return event


def say_choice(settings: Settings, choice: Promotion) -> str:
    """Return who chose which version, when and why."""
    day = datetime.fromisoformat(choice.at).astimezone(settings.zone).date()
    return f"version {choice.version} was chosen by {choice.actor} on {day}: {choice.reason}"


def give_back(settings: Settings, name: str, *, clock: Clock | None = None) -> Promotion:
    """Let trainings promote again over a champion that a person chose; it stays until the gate lets one through.

    Raises:
        NoChoiceError: Nobody chose the present champion.
    """
    with lease(settings, Lease.CHAMPION):
        return Registry.open(settings).give_back(name, clock=clock or SystemClock())


def _champion_now(registry: Registry, name: str) -> str:
    try:
        return registry.champion(name).version
    except NoChampionError:
        return ""


def rollback(settings: Settings, name: str, *, actor: str, reason: str, clock: Clock | None = None) -> Promotion:
    """Return to the champion before the present one, in the registry and in the store.

    Raises:
        NoEarlierChampionError: There is no earlier champion.
    """
    Store.make_ready(settings.store_url)
    registry = Registry.open(settings)
    with lease(settings, Lease.CHAMPION):
        event = registry.rollback(name, actor=actor, reason=reason, clock=clock or SystemClock())
        _announce(settings, registry.get(name, event.version), event)
    return event


def _announce(settings: Settings, version: Version, event: Promotion) -> None:
    tags = version.tags
    info = ModelInfo(
        name=version.name,
        alias=CHAMPION,
        version=version.version,
        run_id=version.run_id,
        as_of=_moment(tags.get("weisu.as_of")),
        trained_at=version.created_at,
        promoted_at=datetime.fromisoformat(event.at),
        snapshot=int(tags["weisu.snapshot"]) if "weisu.snapshot" in tags else None,
        taxonomy_version=tags.get("weisu.taxonomy_version", ""),
        calendar_version=tags.get("weisu.calendar_version", ""),
        metrics=dict(version.metrics),
        reason=event.reason,
    )
    with closing(Store.open(settings.store_url)) as store:
        record_model(store, info)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
