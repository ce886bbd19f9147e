"""The model registry: versions, the champion alias, promotion with a history, one-step rollback."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from features.clock import Clock
from features.privacy import mask_text
from features.reasons import Reason, ReasonCode, Value
from features.settings import Settings
from pipelines.errors import (
    LostBundleError,
    LostRegistryError,
    NoChampionError,
    NoChoiceError,
    NoEarlierChampionError,
    UnknownVersionError,
)
from pipelines.tracking.mlflow_setup import mlflow_for

DEMAND: Final = "weisu-demand"
HOTSPOT: Final = "weisu-hotspot"
CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
TRAINING: Final = "weisu train"
"""Who promotes what the gate lets through; anybody else is a person."""
CHECKSUMS: Final = "checksums.json"
GATE_TAG: Final = "weisu.gate"
"""`better/levels` of a version: at how many levels it was better than what a planner knows without a model."""
VERDICT_TAG: Final = "weisu.gate_verdict"
"""What the gate said of it."""
_HISTORY: Final = "weisu.promotions"


@dataclass(frozen=True)
class Version:
    """One registered version and what its run measured."""

    name: str
    version: str
    run_id: str
    created_at: datetime
    aliases: tuple[str, ...]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready description."""
        return {**asdict(self), "created_at": self.created_at.isoformat(), "aliases": list(self.aliases)}


def checksums(files: Mapping[str, bytes]) -> bytes:
    """Return the file of a bundle that tells whether the others are still what was registered."""
    return json.dumps({name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}).encode()


def damaged(version: Version) -> LostBundleError:
    """Return the error that a version's files are not what was registered."""
    params = {"model": version.name, "version": version.version}
    return LostBundleError(
        Reason(ReasonCode.BUNDLE_DAMAGED, params), hint="bring mlruns/artifacts back from a copy, or run `weisu train`"
    )


def _waiting(newest: Version) -> NoChampionError:
    """Return the error that a model was trained and none of its versions let through, with the way out."""
    better, _, levels = newest.tags.get(GATE_TAG, "").partition("/")
    told: dict[str, Value] = {"model": newest.name, "version": newest.version}
    measured = {"better": int(better), "levels": int(levels)} if levels else {}
    code = ReasonCode.NOT_PROMOTED if levels else ReasonCode.NO_CHAMPION
    return NoChampionError(
        Reason(code, told | measured if levels else {"model": newest.name}),
        hint=f"`weisu models promote {newest.name} {newest.version} --reason ...` puts version {newest.version} in"
        f" service; `weisu models show {newest.name} --version {newest.version}` says how it did",
    )


@dataclass(frozen=True)
class Promotion:
    """One change of the champion: aliases have no history in MLflow, so we keep it as a tag of the model."""

    version: str
    previous: str
    at: str
    actor: str
    reason: str
    back: bool = False
    """Whether it went back to an earlier champion: the next rollback goes back from there."""
    given_back: str = ""
    """When the person who chose the version let the gate decide again; '' while the choice holds."""

    @property
    def is_choice(self) -> bool:
        """Whether a person made this change, and holds to it."""
        return self.actor != TRAINING and not self.given_back


def in_force(promotions: Sequence[Promotion], moment: datetime) -> str:
    """Return which version was champion at an aware moment, "" before the first promotion.

    Of promotions older than those that are kept, only the last one is known: it stands for all of them.

    Args:
        promotions: Of `Registry.promotions`, oldest first.
        moment: When.
    """
    known = [event.version for event in promotions if datetime.fromisoformat(event.at) <= moment]
    return known[-1] if known else next((event.previous for event in promotions), "")


def champions_of(promotions: Sequence[Promotion]) -> list[str]:
    """Return the line of champions, oldest first: what was rolled back is not in it any more.

    >>> at = {"at": "", "actor": "", "reason": ""}
    >>> first, second = Promotion("1", "", **at), Promotion("2", "1", **at)
    >>> champions_of([first, second]), champions_of([first, second, Promotion("1", "2", **at, back=True)])
    (['1', '2'], ['1'])
    """
    line = [promotions[0].previous] if promotions and promotions[0].previous else []
    for event in promotions:
        if event.back and event.version in line:
            while line[-1] != event.version:
                line.pop()
        elif event.version not in line[-1:]:
            line.append(event.version)
    return line


@dataclass(frozen=True)
class Registry:
    """Reads and moves aliases in the MLflow registry."""

    mlflow: ModuleType

    @classmethod
    def open(cls, settings: Settings) -> Registry:
        """Connect to the registry of one installation."""
        return cls(mlflow_for(settings))

    @property
    def _client(self) -> Any:
        return self.mlflow.MlflowClient()

    def versions(self, name: str) -> list[Version]:
        """Return all versions of a model, newest first; empty when none is registered."""
        found = self._client.search_model_versions(f"name = '{name}'")
        aliases = self._aliases(name) if found else {}
        versions = [self._version(item, aliases) for item in found]
        return sorted(versions, key=lambda version: int(version.version), reverse=True)

    def get(self, name: str, version: str) -> Version:
        """Return one version.

        Raises:
            UnknownVersionError: The registry does not hold it.
        """
        for known in self.versions(name):
            if known.version == str(version):
                return known
        raise UnknownVersionError(f"{name} has no version {version}", hint="`weisu models list` shows them")

    def champion(self, name: str) -> Version:
        """Return the version that issues the numbers now.

        Raises:
            NoChampionError: None has been promoted yet.
            LostRegistryError: The registry cannot be read.
        """
        try:
            versions = self.versions(name)
        except Exception as error:
            # MLflow, SQLAlchemy, Alembic, the network: each has its own, and none of them is a reason to stop.
            raise LostRegistryError(
                Reason(ReasonCode.REGISTRY_UNREADABLE), hint=f"look at the tracking store: {type(error).__name__}"
            ) from error
        for known in versions:
            if CHAMPION in known.aliases:
                return known
        if versions:
            raise _waiting(versions[0])
        raise NoChampionError(Reason(ReasonCode.NO_CHAMPION, {"model": name}), hint="run `weisu train` first")

    def bundle(self, version: Version) -> dict[str, bytes]:
        """Return the files of a version's bundle, by relative path.

        Raises:
            LostBundleError: They are not where the registry says, as after the folder of the tracking store was moved,
                or they are not what was registered.
        """
        uri = f"models:/{version.name}/{version.version}"
        try:
            root = Path(self.mlflow.artifacts.download_artifacts(artifact_uri=uri)) / "artifacts" / "bundle"
            files = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        except (self.mlflow.exceptions.MlflowException, OSError):
            files = {}
        if not files:
            source = self._client.get_model_version(version.name, version.version).source
            where = self._client.get_logged_model(source.removeprefix("models:/")).artifact_location
            raise LostBundleError(
                Reason(ReasonCode.BUNDLE_LOST, {"model": version.name, "version": version.version}),
                hint=f"move the tracking store back, so that {where} is found again, or run `weisu train`",
            )
        said = files.pop(CHECKSUMS, None)
        if said is not None and said != checksums(files):
            raise damaged(version)
        return files

    def challenge(self, name: str, version: str) -> None:
        """Give a version the alias `challenger`."""
        self._client.set_registered_model_alias(name, CHALLENGER, version)

    def promote(
        self, name: str, version: str, *, actor: str, reason: str, clock: Clock, back: bool = False
    ) -> Promotion:
        """Make a version the champion and keep the event; done again, it changes nothing.

        A person who promotes the champion that the gate let through chooses it, which is an event of its own.
        """
        target = self.get(name, version)
        history = self.promotions(name)
        if CHAMPION in target.aliases and history and (actor == TRAINING or history[-1].is_choice):
            return history[-1]
        current = next((known.version for known in self.versions(name) if CHAMPION in known.aliases), "")
        event = Promotion(target.version, current, clock.now().isoformat(), actor, mask_text(reason), back)
        # History first: a crash between the two calls leaves an event whose alias is set again by the next promotion.
        self._write_history(name, [*history, event])
        self._client.set_registered_model_alias(name, CHAMPION, target.version)
        return event

    def rollback(self, name: str, *, actor: str, reason: str, clock: Clock) -> Promotion:
        """Return to the champion before the present one; done again, to the one before that.

        Raises:
            NoEarlierChampionError: The history ends here.
        """
        champion = self.champion(name).version
        line = champions_of(self.promotions(name))
        if len(line) < 2 or line[-1] != champion:  # noqa: PLR2004 - the champion and one before it
            raise NoEarlierChampionError(
                f"{name} version {champion} has no champion before it", hint="promote a version by hand"
            )
        return self.promote(name, line[-2], actor=actor, reason=reason, clock=clock, back=True)

    def choice(self, name: str) -> Promotion | None:
        """Return the change by which a person put the present champion in service, None where the gate decides."""
        newest = self.promotions(name)[-1:]
        return newest[0] if newest and newest[0].is_choice else None

    def give_back(self, name: str, *, clock: Clock) -> Promotion:
        """Let the gate decide again over a champion that a person chose; the champion stays until it does.

        Raises:
            NoChoiceError: Nobody chose the present champion.
        """
        history = self.promotions(name)
        if not history or not history[-1].is_choice:
            raise NoChoiceError(
                f"no person holds the champion of {name}", hint="trainings promote what the gate lets through already"
            )
        event = replace(history[-1], given_back=clock.now().isoformat())
        self._write_history(name, [*history[:-1], event])
        return event

    def promotions(self, name: str) -> list[Promotion]:
        """Return every change of the champion, oldest first."""
        if not self._client.search_registered_models(f"name = '{name}'"):
            return []
        model = self._client.get_registered_model(name)
        return [Promotion(**event) for event in json.loads(model.tags.get(_HISTORY, "[]"))]

    def _write_history(self, name: str, events: list[Promotion]) -> None:
        # The tag is bounded by MLflow's column: the newest events are what a rollback needs.
        kept = [asdict(event) for event in events[-20:]]
        self._client.set_registered_model_tag(name, _HISTORY, json.dumps(kept, ensure_ascii=False))

    def _aliases(self, name: str) -> dict[str, list[str]]:
        held: dict[str, list[str]] = {}
        for alias, version in self._client.get_registered_model(name).aliases.items():
            held.setdefault(str(version), []).append(alias)
        return held

    def _version(self, item: Any, aliases: Mapping[str, list[str]]) -> Version:
        run = self._client.get_run(item.run_id)
        return Version(
            name=item.name,
            version=str(item.version),
            run_id=item.run_id,
            created_at=datetime.fromtimestamp(item.creation_timestamp / 1000, UTC),
            aliases=tuple(sorted(aliases.get(str(item.version), []))),
            metrics=dict(run.data.metrics),
            tags=dict(run.data.tags),
        )
