"""Tickets that are handed in: once per idempotency key."""

from __future__ import annotations

import pytest

from features.lake import Lake
from features.mappings import load_mapping
from features.sources.landing import LandingError, accept
from features.sources.staging import Privacy

ROWS = [
    {
        "工单编号": "L1",
        "受理时间": "2026-03-02 09:00:00",
        "三级事项": "噪声",
        "区县": "美兰区",
        "来电人": "13907551234",
    },
    {"工单编号": "L2", "受理时间": "2026-03-02 09:05:00", "三级事项": "油烟", "区县": "龙华区"},
]


@pytest.fixture
def hand_in(settings, clock):
    lake = Lake.open(settings.lake_path, timezone=settings.timezone)

    def send(rows, key="k1"):
        how = load_mapping("zh_12345")
        privacy = Privacy.with_key(settings.secret_key())
        return accept(lake, rows, how, idempotency_key=key, privacy=privacy, now=clock.now())

    send.lake = lake
    return send


def test_a_batch_is_kept_and_its_keys_are_told(hand_in):
    receipt = hand_in(ROWS)
    assert (receipt.read, receipt.kept, receipt.replayed) == (2, 2, False)


def test_the_same_key_again_gives_the_same_receipt_and_does_nothing(hand_in):
    first, version = hand_in(ROWS), hand_in.lake.version
    again = hand_in(ROWS)
    assert (again.kept, again.replayed) == (first.kept, True)
    assert hand_in.lake.version == version


def test_a_key_belongs_to_its_rows(hand_in):
    hand_in(ROWS)
    with pytest.raises(LandingError, match="was used for other tickets"):
        hand_in(ROWS[:1])


def test_other_keys_with_known_rows_change_nothing(hand_in):
    hand_in(ROWS)
    receipt = hand_in(ROWS, key="k2")
    assert (receipt.kept, receipt.unchanged) == (0, 2)


def test_an_empty_batch_is_refused(hand_in):
    with pytest.raises(LandingError, match="no tickets in the batch"):
        hand_in([])
