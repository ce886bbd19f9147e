"""Who is not told, and why: silences, maintenance, inhibition, quiet hours, minimum level, budget."""

from __future__ import annotations

from datetime import time, timedelta

import pandas as pd
import pytest

from features.sentences import said_of
from features.taxonomy import install_crosswalk, make_crosswalk
from serve.alerts.relabelling import relabel_open_alerts
from serve.store.tables import DepartmentRule, Route, Silence

NOISE = {"category": "噪声", "tickets": ["demo/N1"], "cells": ["category=噪声;district=龙华区"]}


def rule(hotline, **values):
    with hotline.store.session() as session:
        session.add(DepartmentRule(department="水务局", author="科长", updated_at=hotline.clock.now(), **values))


def silence(hotline, *, hours: float, **matchers):
    now = hotline.clock.now()
    with hotline.store.session() as session:
        session.add(
            Silence(
                id="si_1",
                author="a",
                comment="c",
                created_at=now,
                starts_at=now,
                ends_at=now + timedelta(hours=hours),
                **matchers,
            )
        )


def test_a_silence_holds_and_releases_when_it_ends(hotline):
    silence(hotline, hours=1, category="供水")
    assert hotline.detect({}).held == 1
    alert = hotline.alert()
    assert (alert.held_by, alert.ack_due_at) == ("silence", None)
    hotline.later(minutes=55)
    assert hotline.messages() == []
    hotline.crash()
    hotline.later(minutes=5)
    assert hotline.messages() == [(60, "opened", "水务局")]
    assert hotline.alert().ack_due_at == hotline.moment(hours=2)


def test_a_maintenance_window_says_that_it_is_one(hotline):
    silence(hotline, hours=1, area="龙华区", purpose="maintenance")
    hotline.detect({})
    assert hotline.alert().held_by == "maintenance"


def test_a_silence_of_another_place_does_not_hold(hotline):
    silence(hotline, hours=1, area="美兰区")
    assert hotline.detect({}).notified == 1


def test_quiet_hours_put_the_message_and_the_clock_off(hotline):
    # The clock starts at 08:00 local time.
    rule(hotline, quiet_from=time(22), quiet_to=time(8, 30))
    hotline.detect({})
    assert hotline.messages() == [(30, "opened", "水务局")]
    assert hotline.alert().ack_due_at == hotline.moment(minutes=90)


def test_quiet_hours_do_not_keep_a_sensitive_matter(hotline):
    rule(hotline, quiet_from=time(22), quiet_to=time(8, 30), minimum_level="red", weekly_budget=0)
    hotline.detect({"sensitive": True})
    assert hotline.messages() == [(0, "opened", "水务局")]
    assert hotline.alert().ack_due_at == hotline.moment(minutes=15)


def test_below_the_minimum_level_nobody_is_told_until_it_rises(hotline):
    rule(hotline, minimum_level="red")
    hotline.detect({})
    assert hotline.alert().held_by == "minimum_level"
    hotline.detect({"observed": 40, "callers": 33, "tickets": [f"demo/T{n}" for n in range(40)]})
    assert (hotline.alert().held_by, len(hotline.messages())) == ("", 1)


def test_the_budget_goes_to_the_gravest_and_starts_anew_on_monday(hotline):
    rule(hotline, weekly_budget=2)
    matters = [
        {
            "category": f"事项{n}",
            "tickets": [f"demo/{n}"],
            "cells": [f"category=事项{n};district=龙华区"],
            "score": float(n),
        }
        for n in range(4)
    ]
    result = hotline.detect(*matters)
    assert (result.notified, result.held) == (2, 2)
    with_message = [hotline.alert(n).category for n in (1, 2)]
    assert with_message == ["事项3", "事项2"]
    assert hotline.alert(3).held_by == "budget"
    red = {
        "category": "敏感事项",
        "tickets": ["demo/s"],
        "cells": ["category=敏感事项;district=龙华区"],
        "sensitive": True,
    }
    assert hotline.detect(red).notified == 1
    # Monday 23 November is the start; the next local Monday begins 160 hours later.
    hotline.later(hours=159, every=60)
    assert len([1 for _, reason, _ in hotline.messages() if reason == "opened"]) == 3
    hotline.later(hours=2, every=60)
    assert len([1 for _, reason, _ in hotline.messages() if reason == "opened"]) == 5


def test_a_red_total_does_not_mute_the_city(hotline):
    hotline.detect({"category": "未分类", "category2": "", "cells": ["total"], "sensitive": True})
    assert hotline.detect(NOISE).notified == 1


def test_a_red_cluster_speaks_for_the_cells_inside_it(hotline):
    hotline.detect(
        {"kind": "多人同诉", "category": "未分类", "category2": "", "cells": ["district=龙华区"], "sensitive": True}
    )
    hotline.detect(NOISE)
    assert hotline.alert(2).held_by == "inhibited"
    hotline.detect(
        {
            **NOISE,
            "category": "道路",
            "area": "美兰区",
            "tickets": ["demo/R"],
            "cells": ["category=道路;district=美兰区"],
        }
    )
    assert hotline.alert(3).held_by == ""


def rename_water(hotline):
    """Put a crosswalk in force under which 停水 is 供水中断."""
    rows = pd.DataFrame([("停水", "供水中断", "2020-01-01")], columns=["old", "new", "valid_from"])
    install_crosswalk(make_crosswalk(rows), hotline.settings)


RENAMED = {"category": "供水中断", "cells": ["category=供水中断;district=龙华区"]}


def test_a_silence_holds_what_was_renamed_since(hotline):
    silence(hotline, hours=1, category="停水")
    rename_water(hotline)
    assert hotline.detect(RENAMED).held == 1


def test_a_route_leads_to_its_department_after_a_rename(hotline):
    with hotline.store.session() as session:
        session.add(Route(id="r1", category="停水", area="", department="供水公司", assisting=[], author="台",
                          updated_at=hotline.clock.now()))  # fmt: skip
    rename_water(hotline)
    hotline.detect(RENAMED)
    assert hotline.alert().department == "供水公司"


def test_a_broken_crosswalk_keeps_nobody_from_an_alert(hotline):
    path = hotline.settings.home / "taxonomy" / "crosswalk.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("old\n停水\n", encoding="utf-8")
    hotline.detect({})
    assert hotline.story()[0] == "opened"


def test_an_open_alert_is_renamed_once_and_keeps_its_state(hotline):
    hotline.detect({})
    rename_water(hotline)
    assert relabel_open_alerts(hotline.store, hotline.settings, clock=hotline.clock) == 1
    assert relabel_open_alerts(hotline.store, hotline.settings, clock=hotline.clock) == 0
    alert = hotline.alert()
    assert (alert.category, alert.state) == ("供水中断", "opened")
    assert "供水中断" in said_of(alert.sentence, "zh-CN")
    assert hotline.story()[-1] == "relabelled"
    hotline.detect({**RENAMED, "tickets": ["demo/T1", "demo/T99"]})
    assert hotline.count() == 1, "the same matter under its new name is no new alert"


def weekly(number: int, **changes: object) -> dict[str, object]:
    about = {
        "category": f"事项{number}",
        "cells": [f"cell {number}"],
        "tickets": [f"demo/{number}-{n}" for n in range(9)],
    }
    rule = {"code": "beyond_history", "freq": "W", "periods": 2}
    return {**about, "rule": rule, "observed": 9, "callers": 9, "upper": 6.0, "area": f"区{number}", **changes}


def test_of_alerts_about_weeks_two_are_told_a_day_and_the_rest_when_a_later_run_still_finds_them(hotline):
    hotline.detect(*(weekly(n, score=float(n)) for n in range(4)))
    assert [hotline.alert(n).category for n in (1, 2)] == ["事项3", "事项2"], "the gravest first"
    assert [hotline.alert(n).held_by for n in range(1, 5)] == ["", "", "day", "day"]
    hotline.later(days=1, every=60)
    assert hotline.alert(3).held_by == "day", "time alone tells nobody"
    hotline.detect(weekly(1, score=1.0))
    assert [hotline.alert(n).held_by for n in (3, 4)] == ["", "day"]


def test_a_red_alert_about_weeks_does_not_wait_for_another_day(hotline):
    hotline.detect(*(weekly(n) for n in range(3)), weekly(9, observed=90, callers=80))
    assert (hotline.alert().category, hotline.alert().held_by) == ("事项9", "")
    assert sum(hotline.alert(n).held_by == "" for n in range(1, 5)) == 3


@pytest.mark.parametrize(
    ("named", "held"),
    [("城建 > 环卫 > 其他", 1), ("其他", 1), ("环卫", 1), ("城建 > 环卫", 1), ("城建 > 规划 > 其他", 0), ("规划", 0)],
)
def test_a_silence_of_one_branch_holds_no_other(hotline, named, held):
    silence(hotline, hours=1, category=named)
    branch = {"category1": "城建", "category2": "环卫", "category": "城建 > 环卫 > 其他"}
    assert hotline.detect({**branch, "cells": []}).held == held
