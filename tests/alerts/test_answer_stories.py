"""Answers, clocks and the ladder: what a department says, and what happens when it says nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from serve.alerts import actions
from serve.alerts.lifecycle import Dismissal
from serve.errors import ConflictError, ForbiddenError, NotFoundError, UnprocessableError
from serve.store.tables import Route


def test_from_signal_to_handled(hotline):
    hotline.detect({})
    hotline.later(minutes=10)
    assert hotline.press(actions.acknowledge, "水务局").state == "acknowledged"
    hotline.later(minutes=30)
    assert hotline.press(actions.start, "水务局").state == "in_hand"
    hotline.later(hours=5, every=60)
    done = hotline.press(actions.handle, "水务局", note="阀门已修复")
    assert (done.state, done.handled_at) == ("handled", hotline.clock.now())
    assert hotline.story()[-3:] == ["acknowledged", "started", "handled"]
    assert [reason for _, reason, _ in hotline.messages()] == ["opened"]


def test_a_second_tap_changes_nothing(hotline):
    hotline.detect({})
    for _ in range(3):
        hotline.press(actions.acknowledge, "水务局")
    assert hotline.story().count("acknowledged") == 1


def test_handled_cannot_become_in_hand_again(hotline):
    hotline.detect({})
    hotline.press(actions.handle, "水务局")
    with pytest.raises(ConflictError, match=r"is now “Handled”: “Taken in hand” is not possible\nHint: .*Acknowledged"):
        hotline.press(actions.start, "水务局")


def test_three_steps_up_the_ladder_and_a_crash_between(hotline):
    hotline.detect({})
    hotline.later(minutes=75)
    hotline.crash()
    hotline.later(hours=4)
    assert hotline.messages() == [
        (0, "opened", "水务局"),
        (60, "escalated", "水务局"),
        (90, "escalated", "duty"),
        (180, "escalated", "role:supervisor"),
    ]


def test_acknowledging_stops_the_first_clock_but_not_the_second(hotline):
    hotline.detect({})
    hotline.later(minutes=65)
    hotline.press(actions.acknowledge, "水务局")
    hotline.later(hours=21, every=30)
    assert [reason for _, reason, _ in hotline.messages()] == ["opened", "escalated"]
    hotline.later(hours=2, every=30)
    assert hotline.messages()[-1] == (24 * 60 + 5, "escalated", "水务局")


def test_a_ladder_of_seven_steps(hotline, seven_steps):
    hotline.rules(ladder=seven_steps)
    hotline.detect({"sensitive": True})
    hotline.later(days=1.1, every=15)
    climbed = [(at, audience) for at, reason, audience in hotline.messages() if reason == "escalated"]
    assert [audience for _, audience in climbed] == [step["to"].format(department="水务局") for step in seven_steps]
    assert [at for at, _ in climbed] == [15 + step["after_minutes"] for step in seven_steps]


def test_after_a_long_outage_every_step_is_taken_once(hotline):
    hotline.detect({})
    hotline.crash()
    hotline.later(hours=10, every=600)
    hotline.tick()
    climbed = [audience for _, reason, audience in hotline.messages() if reason == "escalated"]
    assert sorted(climbed) == ["duty", "role:supervisor", "水务局"]


def test_not_mine_keeps_the_clock_running_until_another_accepts(hotline):
    hotline.detect({})
    hotline.later(minutes=20)
    asked = hotline.press(actions.reassign, "水务局", department="城管局", reason="路面塌陷")
    assert asked.state == "reassignment_asked"
    assert hotline.messages()[-1] == (20, "reassignment_asked", "城管局")
    hotline.later(minutes=45)
    assert hotline.messages()[-1] == (60, "escalated", "水务局")
    taken = hotline.press(actions.acknowledge, "城管局")
    assert (taken.state, taken.department) == ("acknowledged", "城管局")
    with pytest.raises(NotFoundError, match="no alert"):
        hotline.press(actions.acknowledge, "水务局")


def test_a_department_that_was_asked_in_error_passes_the_question_on(hotline):
    hotline.detect({})
    hotline.press(actions.reassign, "水务局", department="城管局")
    hotline.press(actions.reassign, "城管局", department="住建局")
    assert hotline.press(actions.start, "住建局").department == "住建局"
    assert hotline.alert().state == "in_hand"


def test_two_departments_that_point_at_each_other_meet_at_the_duty_desk(hotline):
    hotline.detect({})
    hotline.press(actions.reassign, "水务局", department="城管局")
    hotline.press(actions.reassign, "城管局", department="水务局")
    assert (0, "reassignment_asked", "duty") in hotline.messages()
    assert hotline.press(actions.acknowledge, "值班台").department == "值班台"


def test_replies_to_old_keys_are_forgotten(hotline):
    hotline.detect({})
    hotline.press(actions.comment, "水务局", text="x", key="k1")
    hotline.clock.advance(timedelta(days=6))
    assert hotline.tick().forgotten == 0
    hotline.clock.advance(timedelta(days=2))
    assert hotline.tick().forgotten == 1


def test_not_mine_without_a_name_asks_the_duty_desk(hotline):
    hotline.detect({})
    hotline.press(actions.reassign, "水务局")
    assert hotline.messages()[-1][1:] == ("reassignment_asked", "duty")
    with pytest.raises(UnprocessableError, match="值班台 has it already"):
        hotline.press(actions.reassign, "值班台")


def test_a_department_neither_dismisses_nor_resolves_what_others_lead(hotline, supervisor):
    hotline.detect({})
    hotline.press(actions.assign, supervisor, department="城管局", part="assist")
    with pytest.raises(ForbiddenError, match="城管局 is Assisting here"):
        hotline.press(actions.dismiss, "城管局", reason=Dismissal.OTHER)
    with pytest.raises(ForbiddenError, match="may not resolve"):
        hotline.press(actions.resolve, "水务局")
    with pytest.raises(NotFoundError, match="no alert"):
        hotline.press(actions.acknowledge, "住建局")


def test_joint_handling_has_a_clock_for_each(hotline):
    with hotline.store.session() as session:
        session.add(
            Route(
                id="rt_1",
                category="供水",
                area="",
                department="水务局",
                assisting=["城管局"],
                author="a",
                updated_at=hotline.clock.now(),
            )
        )
    hotline.detect({"department": ""})
    assert hotline.messages() == [(0, "opened", "城管局"), (0, "opened", "水务局")]
    hotline.press(actions.handle, "水务局")
    assert hotline.alert().state == "handled"
    hotline.later(minutes=65)
    assert hotline.messages()[-1] == (60, "escalated", "城管局")
    parts = {party.department: party for party in hotline.press(actions.handle, "城管局").parties}
    assert parts["城管局"].handled_at == hotline.clock.now()
    assert hotline.story().count("handled") == 2


def test_unmatched_goes_to_the_duty_desk(hotline):
    hotline.detect({"department": ""})
    assert hotline.messages() == [(0, "opened", "duty")]
    assert hotline.alert().department == "值班台"


def test_a_supervisor_reopens_and_the_clock_starts_anew(hotline, supervisor):
    hotline.detect({})
    hotline.press(actions.dismiss, "水务局", reason=Dismissal.NORMAL_VARIATION)
    hotline.later(minutes=30)
    again = hotline.press(actions.reopen, supervisor, reason="二次停水")
    assert again.state == "opened"
    assert again.ack_due_at == hotline.clock.now() + (hotline.moment(hours=1) - hotline.start)


def test_outcome_is_looked_up_a_week_after_the_answer(hotline):
    hotline.detect({})
    hotline.press(actions.handle, "水务局")
    hotline.later(days=6.9, every=240)
    assert hotline.alert().outcome == ""
    hotline.later(days=0.2, every=60)
    assert hotline.alert().outcome == "did_not_come"


def test_complaints_after_the_answer_count_against_it(hotline):
    hotline.detect({})
    hotline.press(actions.handle, "水务局")
    hotline.later(days=1, every=240)
    hotline.detect({"tickets": ["demo/Y1", "demo/Y2"]})
    hotline.later(days=7, every=240)
    assert hotline.alert().outcome == "came"


def test_a_tick_at_the_same_moment_does_nothing_more(hotline):
    hotline.detect({})
    hotline.tick()
    hotline.clock.advance(hotline.moment(hours=30) - hotline.start)
    first = hotline.tick()
    assert first.escalated == 3
    assert set(hotline.tick().to_json().values()) == {0}
