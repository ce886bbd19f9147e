"""Where and when half of a matter's tickets come from."""

from __future__ import annotations

import pandas as pd
import pytest

from features.configuration import RuleConfig
from features.sentences import Sentence
from models.hotspots.candidates.focus import focus_of
from models.hotspots.candidates.sentences import sentence_of
from models.hotspots.candidates.signals import rule_signals
from models.hotspots.candidates.spread import places_of
from models.hotspots.rules import apply_rules
from models.hotspots.ticketframe import clean_tickets, with_streets

DAY = pd.Timestamp("2026-11-23")
WEEK = pd.Timedelta(days=7)


@pytest.mark.parametrize(
    ("streets", "spot"),
    [
        (["长堤路"] * 3 + ["", "滨海大道"], {"name": "长堤路", "n": 3}),
        (["长堤路"] * 2 + [""] * 2, None),
        (["长堤路"] * 3 + ["a", "b", "c", "d"], None),
    ],
)
def test_the_street_that_half_of_the_tickets_share_is_named(streets, spot):
    keys = [str(n) for n in range(len(streets))]
    found = focus_of(keys, {}, dict(zip(keys, streets, strict=True)), WEEK)
    assert found.get("spot") == spot


@pytest.mark.parametrize(
    ("hours", "named"),
    [([1, 9, 40, 41, 41.5, 42], 4), ([1, 30, 60, 90, 120], None), ([0, 0, 24, 24, 48], None)],
    ids=["an evening", "all week", "only days are known"],
)
def test_the_hours_that_half_of_the_tickets_share_are_named(hours, named):
    opened = {str(n): DAY + pd.Timedelta(hours=hour) for n, hour in enumerate(hours)}
    found = focus_of(list(opened), opened, {}, WEEK)
    assert found.get("hours", {}).get("n") == named


def test_hours_are_not_named_where_the_window_is_no_longer_than_they_are():
    opened = {str(n): DAY + pd.Timedelta(hours=n) for n in range(5)}
    assert not focus_of(list(opened), opened, {}, pd.Timedelta(hours=6))


def test_a_source_with_addresses_has_streets_for_the_rule_of_the_same_matter_in_one_place():
    rows = pd.DataFrame(
        {
            "source": "stadt",
            "ticket_id": [str(n) for n in range(8)],
            "opened_local": [DAY - pd.Timedelta(hours=n) for n in range(8)],
            "known_at": pd.Timestamp("2026-11-23", tz="UTC"),
            "category": "Gefahrenstelle",
            "address": [f"Solitudestraße {n}" for n in range(6)] + ["Marktplatz 1", ""],
        }
    )
    clean = with_streets(clean_tickets(rows))
    hits = apply_rules(clean, RuleConfig(), as_of=DAY.tz_localize("UTC").to_pydatetime(), timezone="UTC")
    assert hits["place"].tolist() == ["Solitudestraße"]
    assert places_of(clean).nunique() == 3
    said = sentence_of(rule_signals(hits)[0]).said("en")
    assert said.startswith("Gefahrenstelle, Solitudestraße: 6 in 7 days")


def test_the_rule_of_a_busy_place_is_said_whole():
    facts = {
        "matter": "噪声", "areas": ["龙华区"], "place": "", "lat": None, "lon": None, "observed": 25, "tickets": 25,
        "callers": 0, "start": "2026-11-16T00:00:00", "end": "2026-11-23T00:00:00", "threshold": 5, "usual": 3.0,
        "chance": 0.001,
    }  # fmt: skip
    said = Sentence.of({"code": "frequent", "params": facts})
    assert said.said("zh-CN") == "龙华区 噪声：7天内25件，平时约3件，达到“7天5件、且平时1000次中遇不到1次”"
    assert said.said("en").endswith("the rule is 5 in 7 days and more than chance brings once in 1,000")
