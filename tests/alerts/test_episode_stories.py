"""Episodes: what opens, updates, repeats, closes and re-bases an alert."""

from __future__ import annotations

from datetime import timedelta

import pytest

from features.reasons import Reason, ReasonCode
from features.sentences import Sentence, said_of
from serve.alerts import actions
from serve.alerts.lifecycle import Dismissal

MORE = {"tickets": [f"demo/T{number}" for number in range(35)], "observed": 35, "callers": 29}


def test_one_signal_is_one_alert_and_one_message(hotline):
    result = hotline.detect({})
    assert (result.opened, result.notified) == (1, 1)
    assert hotline.messages() == [(0, "opened", "水务局")]
    assert hotline.alert().level == "orange"


def test_the_same_run_handed_in_twice_changes_nothing(hotline):
    hotline.detect({}, key="r1")
    hotline.crash()
    again = hotline.detect({}, key="r1")
    assert (again.opened, again.repeated) == (0, 1)
    assert hotline.story() == ["opened", "assigned", "notified"]


def test_the_same_tickets_again_are_no_news(hotline):
    hotline.detect({})
    hotline.later(hours=7, every=60)
    assert hotline.detect({}).known == 1
    assert hotline.alert().revision == 1


def test_new_tickets_update_but_repeat_only_after_the_interval(hotline):
    hotline.detect({})
    hotline.press(actions.acknowledge, "水务局")
    hotline.later(hours=1)
    assert hotline.detect(MORE).updated == 1
    assert [reason for _, reason, _ in hotline.messages()] == ["opened"]
    hotline.later(hours=6)
    hotline.detect({**MORE, "tickets": [f"demo/T{number}" for number in range(36)]})
    assert [(at, reason) for at, reason, _ in hotline.messages()] == [(0, "opened"), (420, "updated")]
    alert = hotline.alert()
    assert (alert.revision, alert.msg_type, alert.ticket_count) == (3, "Update", 36)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "多人同诉", "tickets": ["demo/T3", "demo/X1"]},
        {"area": "美兰区", "tickets": ["demo/T26", "demo/X1"], "cells": []},
        {"kind": "首发", "tickets": ["demo/X1"]},
    ],
    ids=["another kind, shared ticket", "another area, shared ticket", "another kind, shared cell"],
)
def test_what_shares_tickets_or_cells_never_raises_another(hotline, changes):
    hotline.detect({})
    assert hotline.detect(changes).updated == 1
    assert hotline.count() == 1
    assert hotline.alert().area == "龙华区"


WEAKER = {
    "kind": "高频",
    "tickets": ["demo/T3", "demo/X1", "demo/X2"],
    "observed": 5,
    "callers": 4,
    "expected": None,
    "upper": None,
    "rule": {"code": "many_tickets", "tickets": 5, "days": 7},
    "sentence": Sentence.recorded("龙华区停水：7天内5件", "Water outage in Longhua: 5 in 7 days").document(),
}
GRAVER = {
    "kind": "敏感",
    "category1": "公共安全",
    "category2": "燃气",
    "category": "燃气泄漏",
    "tickets": ["demo/T3", "demo/G1"],
    "observed": 2,
    "callers": 2,
    "rule": {"code": "watched", "words": ["燃气泄漏"]},
    "sentence": Sentence.recorded(
        "龙华区燃气泄漏：敏感事项2件", "Gas leak in Longhua: 2 on the watched word"
    ).document(),
}


def said(alert):
    return (
        alert.kind,
        alert.category,
        alert.rule["code"],
        said_of(alert.sentence, "zh-CN"),
        alert.observed,
        alert.upper,
        alert.level,
    )


@pytest.mark.parametrize("runs", [1, 2], ids=["of the same run", "of a later run"])
def test_a_weaker_candidate_adds_tickets_and_kinds_but_not_its_sentence(hotline, runs):
    weaker = {**WEAKER, "cells": ["cell of the weaker"], "score": 1.0, "level_shift": True}
    if runs == 1:
        result = hotline.detect(weaker, {"score": 5.0})
    else:
        hotline.detect({})
        result = hotline.detect(weaker)
    assert (hotline.count(), result.updated) == (1, 1)
    alert = hotline.alert()
    assert said(alert) == (
        "异动",
        "停水",
        "beyond_history",
        "龙华区停水：6小时27件，平时至多11件。",
        27,
        11.0,
        "orange",
    )
    assert (alert.kinds, alert.ticket_count, alert.revision, alert.baseline) == (["异动", "高频"], 29, 2, None)
    assert hotline.detect({"kind": "首发", "tickets": ["demo/F1"], "cells": ["cell of the weaker"]}).updated == 1


def test_the_matter_that_leads_says_its_newest_numbers(hotline):
    hotline.detect({})
    hotline.detect(WEAKER)
    hotline.detect(
        {"observed": 14, "callers": 9, "tickets": ["demo/T40"], "sentence": Sentence.recorded("14件").document()}
    )
    assert (said_of(hotline.alert().sentence, "zh-CN"), hotline.alert().observed, hotline.alert().level) == (
        "14件",
        14,
        "orange",
    )


def test_a_graver_matter_takes_the_lead_and_keeps_it(hotline):
    hotline.detect(WEAKER)
    mark = hotline.alert().fingerprint
    hotline.later(minutes=10)
    assert hotline.detect(GRAVER).updated == 1
    graver = ("敏感", "燃气泄漏", "watched", "龙华区燃气泄漏：敏感事项2件", 2, 11.0, "red")
    assert said(hotline.alert()) == graver
    assert hotline.messages()[-1] == (10, "updated", "水务局")
    hotline.detect({**WEAKER, "tickets": ["demo/X3"], "observed": 6}, {"tickets": ["demo/T3", "demo/T50"]})
    assert said(hotline.alert()) == graver
    assert (hotline.count(), hotline.alert().kinds) == (1, ["高频", "敏感", "异动"])
    assert hotline.alert().fingerprint == mark


def test_a_graver_matter_goes_to_its_own_department_and_the_former_lead_assists(hotline):
    hotline.detect(WEAKER)
    hotline.press(actions.acknowledge, "水务局")
    hotline.later(minutes=10)
    hotline.detect({**GRAVER, "department": "燃气办"})
    alert = hotline.alert()
    assert (alert.department, alert.state, alert.ack_due_at) == ("燃气办", "opened", hotline.moment(minutes=25))
    assert hotline.messages()[-2:] == [(10, "updated", "水务局"), (10, "updated", "燃气办")]
    hotline.press(actions.acknowledge, "水务局")
    assert hotline.alert().state == "opened", "who assists answers for its own part only"
    hotline.press(actions.start, "燃气办")
    assert hotline.alert().state == "in_hand"


def test_a_graver_matter_without_a_department_stays_with_the_lead(hotline):
    hotline.detect(WEAKER)
    hotline.detect({**GRAVER, "department": ""})
    assert hotline.alert().department == "水务局"


def test_a_sensitive_matter_reopens_what_was_answered_at_the_highest_level(hotline):
    hotline.detect({"observed": 60, "callers": 50})
    hotline.press(actions.handle, "水务局", note="已处理")
    hotline.later(hours=1)
    hotline.detect({**GRAVER, "department": "燃气办"})
    assert (hotline.alert().state, hotline.alert().department) == ("opened", "燃气办")
    assert ("reopened", "燃气办") in [told[1:] for told in hotline.messages()]


def test_a_new_base_does_not_silence_a_graver_matter(hotline):
    hotline.detect({})
    hotline.detect({**MORE, "level_shift": True})
    hotline.detect(GRAVER)
    assert (hotline.alert().category, hotline.alert().level) == ("燃气泄漏", "red")


def test_another_matter_in_the_same_place_is_another_alert(hotline):
    hotline.detect({})
    hotline.detect({"category": "噪声", "tickets": ["demo/N1"], "cells": ["category=噪声;district=龙华区"]})
    assert hotline.count() == 2


REMINDER = {
    "kind": "预告",
    "observed": 0,
    "callers": 0,
    "tickets": [],
    "upper": None,
    "rule": {"code": "season", "years_seen": 3, "years": 3},
}


def test_a_forecast_is_blue_and_says_that_nothing_has_happened_yet(hotline):
    hotline.detect(REMINDER)
    alert = hotline.alert()
    assert (alert.level, alert.level_rule["code"]) == ("blue", "forecast")


def test_a_reminder_of_a_season_ends_after_two_weeks_and_is_not_repeated_for_this_return(hotline):
    hotline.detect(REMINDER)
    hotline.later(days=15, every=24 * 60)
    alert = hotline.alert()
    assert alert.ended_at is not None
    assert hotline.detect(REMINDER).known == 1
    assert hotline.count() == 1
    days = timedelta(days=364)
    again = {name: getattr(alert, name) + days for name in ("window_start", "window_end")}
    assert hotline.detect({**REMINDER, **again}).opened == 1


def test_a_level_that_rises_is_told_at_once_and_never_sinks(hotline):
    hotline.detect({})
    hotline.later(minutes=10)
    hotline.detect({"observed": 40, "callers": 33, "tickets": [f"demo/T{n}" for n in range(40)]})
    assert hotline.alert().level == "red"
    assert hotline.messages()[-1] == (10, "updated", "水务局")
    assert hotline.alert().ack_due_at == hotline.moment(minutes=25)
    hotline.detect({"observed": 12, "callers": 6, "tickets": ["demo/T99"]})
    assert hotline.alert().level == "red"


def test_two_calm_runs_and_a_day_close_it(hotline):
    hotline.detect({})
    hotline.press(actions.start, "水务局")
    hotline.later(hours=2, every=60)
    hotline.detect()
    hotline.later(hours=10, every=60)
    assert hotline.alert().state == "in_hand", "two calm runs, but no gap yet"
    hotline.later(hours=12, every=60)
    hotline.detect()
    hotline.later(minutes=5)
    alert = hotline.alert()
    assert (alert.state, alert.msg_type) == ("resolved", "Cancel")
    assert hotline.messages()[-1][1:] == ("resolved", "水务局")


def test_one_calm_run_is_not_enough(hotline):
    hotline.detect({})
    hotline.press(actions.start, "水务局")
    hotline.later(hours=30, every=60)
    hotline.detect()
    hotline.tick()
    assert hotline.alert().state == "in_hand"


def test_a_stalled_feed_never_looks_like_calm(hotline):
    hotline.detect({})
    hotline.press(actions.start, "水务局")
    hotline.later(days=2, every=240)
    for _ in range(3):
        hotline.detect(complete=False)
        hotline.detect(degraded=(Reason(ReasonCode.STALE_FEED, {"data_through": "2026-11-20", "as_of": "2026-11-23"}),))
    hotline.tick()
    assert hotline.alert().state == "in_hand"


def test_an_alert_that_detectors_forget_expires_after_two_weeks(hotline):
    hotline.detect({})
    hotline.later(days=13.9, every=24 * 60)
    assert hotline.alert().state == "opened"
    hotline.later(days=0.2, every=60)
    assert hotline.alert().state == "expired"


def test_after_closing_the_matter_is_a_new_alert(hotline, supervisor):
    hotline.detect({})
    hotline.press(actions.resolve, supervisor, reason="pipe mended")
    hotline.later(hours=1)
    assert hotline.detect({"tickets": ["demo/Z1", "demo/Z2"]}).opened == 1
    assert hotline.count() == 2


def test_a_false_alarm_stays_quiet_unless_it_gets_graver(hotline):
    hotline.detect({})
    hotline.press(actions.dismiss, "水务局", reason=Dismissal.KNOWN_EVENT)
    hotline.later(hours=7, every=60)
    assert hotline.detect(MORE).updated == 1
    assert (hotline.alert().state, hotline.count()) == ("dismissed", 1)
    hotline.detect({"observed": 60, "callers": 50, "tickets": [f"demo/T{n}" for n in range(60)]})
    assert hotline.alert().state == "opened"
    assert hotline.messages()[-1][1:] == ("reopened", "水务局")


def test_a_confirmed_level_shift_rebases_the_episode(hotline):
    hotline.detect({})
    hotline.press(actions.start, "水务局")
    hotline.later(hours=3, every=60)
    assert hotline.detect({**MORE, "level_shift": True}).rebased == 1
    assert hotline.alert().baseline == 35
    hotline.later(hours=3, every=60)
    assert hotline.detect({"observed": 34, "tickets": ["demo/T90"]}).calm == 1
    hotline.later(hours=24, every=60)
    assert hotline.detect({"observed": 33, "tickets": ["demo/T91"]}).calm == 1
    hotline.tick()
    assert hotline.alert().state == "resolved"
    assert hotline.story()[-1] == "resolved"
