"""Ended episodes are the past cases of later candidates, as far as they had ended by then."""

from __future__ import annotations

from datetime import timedelta

from serve.alerts import actions
from serve.alerts.past import ended_cases


def test_an_episode_is_a_past_case_once_it_has_ended(hotline, supervisor):
    hotline.detect({})
    hotline.detect({"category": "路灯", "area": "全域", "tickets": ["demo/L1"], "cells": []})
    assert ended_cases(hotline.store, hotline.clock.now()) == []
    hotline.later(hours=1, every=60)
    hotline.press(actions.resolve, supervisor, hotline.alert(1).id, reason="pipe mended")
    hotline.press(actions.resolve, supervisor, hotline.alert(2).id, reason="lamps on again")
    ended = hotline.clock.now()
    water, lamps = ended_cases(hotline.store, ended)
    assert (water["category"], water["area"], water["observed"], water["state"]) == ("停水", "龙华区", 27, "resolved")
    assert water["alert"] == hotline.alert(1).id
    assert lamps["area"] == "", "a candidate about the whole city names no area"
    assert ended_cases(hotline.store, ended - timedelta(seconds=1)) == [], "not known to a run of that moment"
    assert ended_cases(hotline.store, ended + timedelta(days=4 * 365)) == [], "too long ago"
