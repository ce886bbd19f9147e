"""What a person put in service outlives the trainings of Sunday, until the person gives the choice back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from features.clock import FixedClock
from features.configuration import SurgeConfig
from features.settings import Settings
from pipelines.cli import app
from pipelines.errors import ChosenByPersonError, NoChoiceError
from pipelines.promotion import give_back, promote, rollback
from pipelines.schedule import read_schedule
from pipelines.schedule.jobs import WORK, JobContext
from pipelines.tracking import Registry
from pipelines.tracking.registry import DEMAND, HOTSPOT, TRAINING, Promotion, champions_of
from serve.store import Store
from tests.replay.test_detectors_in_force import register

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
GATE: dict[str, Any] = {"actor": TRAINING, "reason": "better", "clock": FixedClock(NOW)}
PERSON: dict[str, Any] = {"actor": "tester", "reason": "worse on Monday", "clock": FixedClock(NOW)}


def scheduled_training(settings: Settings, sunday: datetime) -> dict[str, Any]:
    """Run the scheduled job as it runs at a moment; returns what it recorded of the forecaster."""
    store, clock = Store.open(settings.store_url), FixedClock(sunday)
    try:
        done = WORK["train"].run(JobContext(settings, store, clock, read_schedule(settings), sunday))
    finally:
        store.close()
    return next(model for model in done.summary["models"] if model["name"] == DEMAND)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_chosen_forecaster_stays_over_two_sundays_and_goes_when_it_is_given_back(own_city: Any) -> None:
    # Not measured, so that the gate lets every candidate through.
    unmeasured = own_city.settings.train.model_copy(update={"gate_origins": 0})
    settings = own_city.settings.model_copy(update={"train": unmeasured})
    first = own_city.trained.models[0].version
    told = {"actor": "tester", "reason": "known good", "clock": own_city.clock}
    promote(settings, DEMAND, first, **told)
    sunday = own_city.now.replace(hour=2, minute=0) + timedelta(days=6)
    registry = Registry.open(settings)
    for moment in (sunday, sunday + timedelta(days=7)):
        candidate = scheduled_training(settings, moment)
        assert not candidate["promoted"]
        assert candidate["reason"] == (
            f"version {first} was chosen by tester on 2026-11-23: known good; "
            f"`weisu models give-back {DEMAND}` lets trainings promote again"
        )
        assert registry.get(DEMAND, candidate["version"]).aliases == ("challenger",)
        assert registry.champion(DEMAND).version == first
    give_back(settings, DEMAND, clock=FixedClock(sunday + timedelta(days=8)))
    assert registry.champion(DEMAND).version == first, "it stays until the gate lets one through"
    last = scheduled_training(settings, sunday + timedelta(days=14))
    assert (last["promoted"], registry.champion(DEMAND).version) == (True, last["version"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_rollback_and_a_confirmed_champion_are_choices_too(settings: Settings) -> None:
    one, two, three = (register(settings, SurgeConfig(daily={"guard": 7 * number})) for number in (1, 2, 3))
    promote(settings, HOTSPOT, one, **GATE, met="")
    promote(settings, HOTSPOT, two, **GATE, met=one)
    rollback(settings, HOTSPOT, **PERSON)
    with pytest.raises(ChosenByPersonError, match="version 1 was chosen by tester on 2026-11-23: worse on Monday"):
        promote(settings, HOTSPOT, three, **GATE, met=one)
    give_back(settings, HOTSPOT)
    with pytest.raises(NoChoiceError, match="no person holds the champion"):
        give_back(settings, HOTSPOT)
    promote(settings, HOTSPOT, three, **GATE, met=one)
    promote(settings, HOTSPOT, three, **PERSON)
    assert promote(settings, HOTSPOT, three, **PERSON) == Registry.open(settings).choice(HOTSPOT)
    with pytest.raises(ChosenByPersonError, match="version 3 was chosen"):
        promote(settings, HOTSPOT, two, **GATE, met=three)
    assert promote(settings, HOTSPOT, two, **GATE, met=three, spent=True).version == two
    assert rollback(settings, HOTSPOT, **PERSON).version == three, "a confirmed champion stands once in the line"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_the_commands_show_the_choice_and_give_it_back(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEISU_HOME", str(settings.home))
    monkeypatch.setenv("WEISU_MLRUNS", str(settings.mlruns))
    promote(settings, HOTSPOT, register(settings, SurgeConfig()), **PERSON)
    run = CliRunner().invoke
    for command in (["list"], ["show", HOTSPOT]):
        said = run(app, ["models", *command]).output
        assert "version 1 was chosen by tester on 2026-11-23: worse on Monday" in said
        assert f"no training replaces it until `weisu models give-back {HOTSPOT}`" in said
    listed = json.loads(run(app, ["models", "list", "--json"]).output)
    assert (listed["choices"][HOTSPOT]["version"], listed["choices"][HOTSPOT]["actor"]) == ("1", "tester")
    assert "stays until a training's version passes the gate" in run(app, ["models", "give-back", HOTSPOT]).output
    assert "was chosen by" not in run(app, ["models", "list"]).output
    assert "(given back " in run(app, ["models", "show", HOTSPOT]).output


def test_a_history_of_an_earlier_release_is_read() -> None:
    then = {"version": "2", "previous": "1", "at": NOW.isoformat(), "actor": "tester", "reason": "by hand"}
    assert Promotion(**then).is_choice
    again = Promotion(**then | {"previous": "2"})
    assert champions_of([Promotion(**then), again]) == ["1", "2"]
