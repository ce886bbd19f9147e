"""A hotline on a fake clock: push signals, press buttons, let time pass, crash; then read who was told what, when."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from features.clock import FixedClock
from features.settings import Settings
from serve.access import Caller, Role
from serve.alerts import DetectionRun, IntakeResult, intake
from serve.alerts.service import perform
from serve.store import Store
from serve.store.tables import Alert, AlertEvent, OutboxMessage
from serve.supervision import TickResult, tick

SUPERVISOR = Caller(key_id="k-sup", name="督办员", role=Role.SUPERVISOR)


class Hotline:
    """One installation of the alert service."""

    def __init__(self, store: Store, settings: Settings, clock: FixedClock, make_candidate, make_run) -> None:
        self.store, self.settings, self.clock = store, settings, clock
        self.start = clock.now()
        self._candidate, self._run = make_candidate, make_run

    def rules(self, **section: object) -> None:
        """Change `[alerts]` of the configuration."""
        self.settings = self.settings.changed(alerts=section)

    def detect(self, *candidates: dict[str, object], **run: object) -> IntakeResult:
        """Hand in a detection run with these candidates (changes to the water outage)."""
        made = [self._candidate(**changes) for changes in candidates]
        return intake(self.store, made, clock=self.clock, run=self._run(**run), settings=self.settings)

    def tick(self) -> TickResult:
        return tick(self.store, self.clock, self.settings)

    def later(self, *, minutes: float = 0, hours: float = 0, days: float = 0, every: float = 5) -> None:
        """Let time pass, with a tick every few minutes."""
        end = self.clock.now() + timedelta(minutes=minutes, hours=hours, days=days)
        while self.clock.now() < end:
            self.clock.advance(min(timedelta(minutes=every), end - self.clock.now()))
            self.tick()

    def crash(self) -> None:
        """Lose everything that is not on disk, and start again."""
        url = self.store.engine.url.render_as_string(hide_password=False)
        self.store.engine.dispose()
        self.store = Store.open(url)

    def press(self, action, by: Caller | str, alert_id: str | None = None, *, key: str | None = None, **values: object):
        """Press a button as a department or a supervisor."""
        caller = (
            by
            if isinstance(by, Caller)
            else Caller(key_id=f"k-{by}", name=f"{by}值班", role=Role.DEPARTMENT, department=by)
        )
        return perform(
            self.store,
            clock=self.clock,
            settings=self.settings,
            caller=caller,
            alert_id=alert_id or self.alert().id,
            name=action.__name__,
            action=partial(action, **values),
            idempotency_key=key,
        )

    def alert(self, number: int = 1) -> Alert:
        """Return the alert that was opened as the number-th."""
        with self.store.reading() as session:
            return session.scalars(select(Alert).order_by(Alert.seq)).all()[number - 1]

    def count(self) -> int:
        with self.store.reading() as session:
            return len(session.scalars(select(Alert.id)).all())

    def story(self, number: int = 1) -> list[str]:
        """Return the kinds of an alert's events, in order."""
        with self.store.reading() as session:
            query = select(AlertEvent.kind).where(AlertEvent.alert_id == self.alert(number).id)
            return list(session.scalars(query.order_by(AlertEvent.number)))

    def messages(self) -> list[tuple[float, str, str]]:
        """Return (minutes since the start, reason, audience) of every message, in the order they may go out."""
        with self.store.reading() as session:
            rows = session.scalars(select(OutboxMessage)).all()
        return sorted(((row.not_before - self.start).total_seconds() / 60, row.reason, row.audience) for row in rows)

    def moment(self, **after: float) -> datetime:
        return self.start + timedelta(**after)


@pytest.fixture
def hotline(any_store: Store, settings: Settings, clock: FixedClock, make_candidate, make_run) -> Iterator[Hotline]:
    town = Hotline(any_store, settings, clock, make_candidate, make_run)
    yield town
    if town.store is not any_store:
        town.store.close()


@pytest.fixture
def supervisor() -> Caller:
    return SUPERVISOR


@pytest.fixture
def seven_steps() -> list[dict[str, object]]:
    """The seven-step ladder that ships as an example."""
    example = Path(__file__).parents[2] / "docs" / "examples" / "ladder-seven-steps.toml"
    return tomllib.loads(example.read_text(encoding="utf-8"))["alerts"]["ladder"]


@pytest.fixture
def fresh_hotline(tmp_path: Path, make_candidate) -> Iterator[Callable[[], Hotline]]:
    """Make a hotline with an empty SQLite store, as often as asked (hypothesis keeps fixtures between examples)."""
    made: list[Hotline] = []

    def make() -> Hotline:
        clock = FixedClock(datetime(2026, 11, 23, tzinfo=UTC))
        settings = Settings(home=tmp_path / str(len(made)), hmac_key="test-key")
        runs = itertools.count()

        def make_run(**changes: object) -> DetectionRun:
            values = {"key": f"run-{next(runs)}", "as_of": clock.now(), "generated_at": clock.now()}
            return DetectionRun(**(values | changes))

        made.append(Hotline(Store.open(settings.store_url), settings, clock, make_candidate, make_run))
        return made[-1]

    yield make
    for hotline in made:
        hotline.store.close()
