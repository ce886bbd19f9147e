"""A span that cannot be replayed is refused before any detector runs, with what would do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from features.clock import FixedClock
from features.errors import BadInputError
from features.lake import Lake
from features.settings import Settings
from features.simulator import SimulatorConfig, write_city
from pipelines.cli import app
from pipelines.ingest import ingest
from pipelines.replay.span import LakeSpan, check_span, known_span

HISTORY = LakeSpan(datetime(2026, 1, 1, 1, tzinfo=UTC), datetime(2026, 6, 30, 16, tzinfo=UTC))


def day(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "end", "said", "hint"),
    [
        ("2026-03-05", "2026-03-01", "--to 2026-03-01 .* is before --from 2026-03-05", "--to comes after"),
        ("2026-01-10", "2026-02-01", "tickets begin on 2026-01-01 09:00", "--from 2026-01-16 or later"),
        ("2026-07-02", "2026-07-09", "nothing became known after 2026-07-01 00:00", "--from 2026-07-01 or earlier"),
    ],
)
def test_a_span_outside_the_history_is_refused(settings: Settings, start: str, end: str, said: str, hint: str) -> None:
    moments = [datetime.fromisoformat(text).replace(tzinfo=settings.zone) for text in (start, end)]
    with pytest.raises(BadInputError, match=said) as refused:
        check_span(HISTORY, settings, *moments)
    assert hint in refused.value.hint


@pytest.mark.parametrize(("hinted", "beyond"), [("2026-01-16", "2026-01-15"), ("2026-07-01", "2026-07-02")])
def test_the_hinted_day_is_the_last_that_will_do(settings: Settings, hinted: str, beyond: str) -> None:
    will_do, too_far = (datetime.fromisoformat(text).replace(tzinfo=settings.zone) for text in (hinted, beyond))
    check_span(HISTORY, settings, will_do, will_do)
    with pytest.raises(BadInputError, match="--from") as refused:
        check_span(HISTORY, settings, too_far, too_far)
    assert f"--from {hinted}" in refused.value.hint


def test_the_history_of_a_lake_is_that_of_its_tickets(settings: Settings, tmp_path: Path) -> None:
    config = SimulatorConfig(tickets=200, start=date(2026, 1, 1), end=datetime(2026, 2, 1))  # noqa: DTZ001
    ingest([write_city(config, tmp_path).tickets_path], "simulated", settings, FixedClock(day("2026-03-01T00:00Z")))
    lake = Lake.of(settings)
    opened = lake.tickets(columns=["opened_at"]).to_pandas()["opened_at"]
    history = known_span(lake)
    assert history.first == opened.min()
    assert opened.max() <= history.last <= day("2026-02-01T00:00+08:00")
    assert lake.news(history.last - timedelta(seconds=1), history.last).num_rows > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "2026-13-01", "--to", "2026-10-01"], "--from '2026-13-01' is not a date"),
        (["--from", "2026-10-01", "--to", "soon"], "--to 'soon' is not a date"),
        (["--from", "2026-10-01", "--to", "2026-10-02", "--html", "nowhere/r.html"], "there is no folder"),
    ],
)
def test_the_command_names_the_flag_that_is_wrong(arguments: list[str], said: str, settings: Settings) -> None:
    result = CliRunner().invoke(app, ["replay", *arguments, "--home", str(settings.home)])
    assert isinstance(result.exception, BadInputError)
    assert said in str(result.exception)
