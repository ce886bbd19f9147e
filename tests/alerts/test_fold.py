"""The row on the board is the fold of its events, whatever happens in whatever order."""

from __future__ import annotations

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import inspect, select

from features.errors import WeisuError
from features.sentences import Sentence
from serve.alerts import actions
from serve.alerts.episode import replay
from serve.alerts.lifecycle import Dismissal
from serve.store.tables import Alert, AlertEvent, AlertParty

NOT_FOLDED = {"seq", "seen_at", "seen_as_of"}

STEPS = st.sampled_from(
    [
        ("press", actions.acknowledge, "水务局", {}),
        ("press", actions.start, "水务局", {}),
        ("press", actions.handle, "水务局", {}),
        ("press", actions.handle, "城管局", {}),
        ("press", actions.acknowledge, "城管局", {}),
        ("press", actions.dismiss, "水务局", {"reason": Dismissal.OTHER}),
        ("press", actions.reassign, "水务局", {"department": "城管局"}),
        ("press", actions.assign, None, {"department": "城管局", "part": "assist"}),
        ("press", actions.assign, None, {"department": "住建局"}),
        ("press", actions.resolve, None, {}),
        ("press", actions.reopen, None, {}),
        ("press", actions.comment, None, {"text": "x"}),
        ("detect", {}),
        ("detect", {"observed": 50, "callers": 40}),
        ("detect", {"level_shift": True, "observed": 30}),
        ("detect", {"kind": "高频", "observed": 5, "callers": 4, "sentence": Sentence.recorded("5件").document()}),
        ("detect", {"kind": "敏感", "category": "燃气泄漏", "sentence": Sentence.recorded("燃气").document()}),
        ("later", 1),
        ("later", 30),
        ("crash",),
    ]
)


@given(steps=st.lists(STEPS, max_size=12))
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_replaying_the_events_gives_the_row(fresh_hotline, supervisor, steps):
    hotline = fresh_hotline()
    hotline.detect({})
    for number, (what, *values) in enumerate(steps):
        if what == "press":
            action, who, arguments = values
            try:
                hotline.press(action, who or supervisor, hotline.alert().id, **arguments)
            except WeisuError:
                continue  # not allowed in this state: fine, as long as it left nothing behind
        elif what == "detect":
            hotline.detect({**values[0], "tickets": [f"demo/S{number}"]})
        elif what == "later":
            hotline.later(hours=values[0], every=600)
        else:
            hotline.crash()
    with hotline.store.reading() as session:
        for alert in session.scalars(select(Alert)):
            events = session.scalars(
                select(AlertEvent).where(AlertEvent.alert_id == alert.id).order_by(AlertEvent.number)
            ).all()
            episode = replay(events)
            assert columns(episode.alert, NOT_FOLDED) == columns(alert, NOT_FOLDED)
            kept = session.scalars(select(AlertParty).where(AlertParty.alert_id == alert.id).order_by(AlertParty.id))
            assert [columns(party, {"id"}) for party in episode.parties] == [columns(party, {"id"}) for party in kept]
            assert [event.number for event in events] == list(range(1, len(events) + 1))


def columns(row: object, without: set[str]) -> dict[str, object]:
    names = {attribute.key for attribute in inspect(type(row)).column_attrs} - without
    return {name: getattr(row, name) for name in sorted(names)}
