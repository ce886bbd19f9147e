"""A feed is complete to the present while its silence is usual, and stalled when it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from features.lake import SourceState
from features.panel.windows import Seen, window

MONDAY = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


def state(**known) -> SourceState:
    names = dict.fromkeys(SourceState.__dataclass_fields__)
    return SourceState(**{**names, "source": "hotline", "timezone": "UTC", "ended": False, "date_only": False, **known})


@pytest.mark.parametrize(
    ("silence", "end"),
    [
        (timedelta(hours=1), datetime(2026, 11, 23)),  # noqa: DTZ001 - an hour is usual: the week is over
        (timedelta(minutes=10), datetime(2026, 11, 16)),  # noqa: DTZ001 - twenty minutes are not: a stalled feed
        (timedelta(0), datetime(2026, 11, 16)),  # noqa: DTZ001 - too little is known
    ],
)
def test_a_usual_silence_says_nothing_and_a_longer_one_is_a_stall(silence, end):
    seen = Seen(datetime(2026, 1, 1), MONDAY - timedelta(minutes=20), silence)  # noqa: DTZ001
    assert window(state(), seen, as_of=MONDAY, freq="W").end == end


def test_what_the_mapping_says_wins():
    seen = Seen(datetime(2026, 1, 1), MONDAY - timedelta(minutes=20), timedelta(hours=1))  # noqa: DTZ001
    through = state(complete_through=datetime(2026, 11, 20).date())  # noqa: DTZ001
    assert window(through, seen, as_of=MONDAY, freq="D").end == datetime(2026, 11, 21)  # noqa: DTZ001
