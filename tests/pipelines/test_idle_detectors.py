"""What never runs says so: tickets without streets, points, words or callers."""

from __future__ import annotations

import pandas as pd
import pytest

from features.vocabulary import Idle
from models.hotspots.ticketframe import clean_tickets
from pipelines.coverage import said_idle
from pipelines.run_detectors import idle_detectors


def tickets(**columns: object) -> pd.DataFrame:
    day = pd.Timestamp("2026-11-23")
    rows = {"source": "city", "ticket_id": [str(n) for n in range(60)], "opened_local": day, "known_at": day}
    return clean_tickets(pd.DataFrame({**rows, "category": "停水", **columns}))


WHOLE = {"street": "长堤路", "lat": 20.0, "lon": 110.3, "title": "停水", "caller": [f"c{n}" for n in range(60)]}


@pytest.mark.parametrize(
    ("column", "code"),
    [("street", Idle.NO_STREETS), ("lat", Idle.NO_POINTS), ("title", Idle.NO_TEXTS), ("caller", Idle.NO_CALLERS)],
)
def test_each_missing_column_is_named(column: str, code: Idle) -> None:
    assert idle_detectors(tickets(**WHOLE)) == []
    without = {name: value for name, value in WHOLE.items() if name != column}
    assert idle_detectors(tickets(**without)) == [code]


def test_nothing_is_said_of_no_tickets_and_every_code_has_words() -> None:
    assert idle_detectors(tickets().iloc[:0]) == []
    assert all(said_idle(Idle))
