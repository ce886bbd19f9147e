"""A feed is complete to the present while its silence is usual, and stalled when it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from features.lake import SourceState
from features.lake.duck import duck
from features.panel.complete_periods import Seen, _alive, window
from features.vocabulary import Frequency

MONDAY = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


def state(**known) -> SourceState:
    names = dict.fromkeys(SourceState.__dataclass_fields__)
    return SourceState(**{**names, "source": "hotline", "timezone": "UTC", "ended": False, "date_only": False, **known})


@pytest.mark.parametrize(
    ("alive", "end"),
    [(True, datetime(2026, 11, 23)), (False, datetime(2026, 11, 16))],  # noqa: DTZ001
)
def test_a_live_feed_is_complete_to_the_present_and_a_stalled_one_to_its_last_arrival(alive, end):
    seen = Seen(datetime(2026, 1, 1), MONDAY - timedelta(minutes=20), alive)  # noqa: DTZ001
    assert window(state(), seen, as_of=MONDAY, freq=Frequency.WEEKLY).end == end


def test_what_the_mapping_says_wins():
    seen = Seen(datetime(2026, 1, 1), MONDAY - timedelta(minutes=20), alive=True)  # noqa: DTZ001
    through = state(complete_through=datetime(2026, 11, 20).date())  # noqa: DTZ001
    assert window(through, seen, as_of=MONDAY, freq="D").end == datetime(2026, 11, 21)  # noqa: DTZ001


def alive(rows: list[tuple[datetime, datetime]], as_of: datetime) -> bool:
    """Whether both arrivals and openings say that the feed is alive."""
    frame = pd.DataFrame(rows, columns=["opened_at", "known_at"]).assign(source="hotline", flags="")
    with duck(threads=1) as connection:
        connection.register("versions", frame)
        known = frame[frame["known_at"] <= as_of]
        latest = {
            moment: {"hotline": (known[moment].max() - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(microseconds=1)}
            for moment in ("known_at", "opened_at")
        }
        return all(_alive(connection, "versions", as_of, moment, latest[moment]) for moment in latest)


def test_the_quiet_of_the_night_is_usual_and_a_silent_morning_is_not():
    days = [MONDAY - timedelta(days=back) for back in range(30, 0, -1)]
    rows = [(day + timedelta(hours=hour),) * 2 for day in days for hour in range(7, 23)]
    assert alive(rows, MONDAY + timedelta(hours=6, minutes=30))
    assert not alive(rows, MONDAY + timedelta(hours=10))


def test_a_day_that_a_nightly_delivery_has_not_brought_yet_is_not_complete():
    days = [MONDAY - timedelta(days=back) for back in range(30, 0, -1)]
    rows = [
        (day + timedelta(minutes=28 * n), day + timedelta(hours=25))
        for day in days
        for n in range(50)
        if day + timedelta(hours=25) <= MONDAY + timedelta(minutes=30)
    ]
    assert not alive(rows, MONDAY + timedelta(minutes=30))
