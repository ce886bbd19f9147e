from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.configuration import AlertPolicy, SurgeConfig
from features.errors import BadInputError
from features.sentences import Sentence
from features.settings import Settings
from models.hotspots.candidates import Thresholds
from pipelines.replay import Policy, burst_power, fold_alerts
from pipelines.replay.episodes import STILL_OPEN, load_per_department_week
from pipelines.replay.html_report import render_report
from pipelines.replay.power import alerts_on_bursts, power_by_callers, summarise_power
from pipelines.replay.run import _moments, judge
from pipelines.replay.truth import read_truth
from pipelines.replay.what_if import RARITIES, ReplaySpan, ladder_of

DAY = pd.Timestamp("2026-11-16 08:00")  # a Monday


def candidate(day: int, tickets: list[str], **columns: object) -> dict[str, object]:
    return {
        "moment": DAY + pd.Timedelta(days=day),
        "kind": "异动",
        "category": "施工噪声",
        "area": "海口市",
        "department": "城管局",
        "sensitive": False,
        "observed": len(tickets),
        "callers": len(tickets),
        "upper": 3.0,
        "hours": 5,
        "places": 5,
        "recurrence_days": 400.0,
        "score": 3.0,
        "window_start": DAY + pd.Timedelta(days=day - 1),
        "window_end": DAY + pd.Timedelta(days=day),
        "sentence": Sentence.recorded("海口市 施工噪声：过去1天27件", "27 in 1 day").document(),
        "tickets": tickets,
        "cells": [],
        **columns,
    }


def fold(*rows: dict[str, object], days: int = 0, **policy: object) -> pd.DataFrame:
    runs = pd.DataFrame({"moment": [DAY + pd.Timedelta(days=n) for n in range(days)], "complete": True})
    return fold_alerts(pd.DataFrame(list(rows)), Policy(**policy), runs=runs if days else None)[0]  # type: ignore[arg-type]


def test_an_event_that_grows_is_one_alert() -> None:
    alerts = fold(candidate(0, ["a/1", "a/2"]), candidate(1, ["a/2", "a/3"], kind="多人同诉"), candidate(2, ["a/3"]))
    assert len(alerts) == 1
    assert alerts.iloc[0]["updates"] == 1, "the third brings no new ticket"
    assert alerts.iloc[0]["opened_at"] == DAY


def test_an_event_that_was_over_opens_again() -> None:
    alerts = fold(candidate(0, ["a/1"]), candidate(9, ["a/9"]), days=10)
    assert alerts["opened_at"].tolist() == [DAY, DAY + pd.Timedelta(days=9)]
    assert alerts["end"].tolist() == ["calm", STILL_OPEN]
    assert alerts.iloc[0]["ended_at"] == DAY + pd.Timedelta(days=2), "two complete runs did not mention it"


def test_an_event_that_is_found_again_before_two_calm_runs_is_the_same_alert() -> None:
    assert len(fold(candidate(0, ["a/1"]), candidate(2, ["a/9"]), days=3)) == 1


def test_the_budget_holds_back_the_weaker_and_starts_anew_on_monday() -> None:
    rows = [candidate(0, [f"a/{n}"], category=f"c{n}", score=float(n)) for n in range(4)]
    assert fold(*rows, budget=2)["category"].tolist() == ["c3", "c2"]
    red = candidate(0, ["a/9"], category="red", sensitive=True)
    assert "red" in fold(*rows, red, budget=0)["category"].tolist()
    alerts = fold(*rows, candidate(7, ["b/0"], category="c0", score=0.0), days=8, budget=2)
    assert alerts["category"].tolist() == ["c3", "c2", "c0"], "c1 was over when the new week began"


def test_what_the_budget_held_is_told_when_the_new_week_begins_if_it_is_still_open() -> None:
    rows = [candidate(day, [f"a/{n}"], category=f"c{n}", score=float(n)) for day in range(8) for n in range(4)]
    alerts = fold(*rows, days=8, budget=2)
    monday = DAY.normalize() + pd.Timedelta(days=7)
    assert dict(alerts[["category", "told_at"]].to_numpy().tolist()) == {
        "c3": DAY,
        "c2": DAY,
        "c1": monday,
        "c0": monday,
    }
    assert (alerts["opened_at"] == DAY).all()


def test_a_red_alert_is_outside_the_budget_as_live() -> None:
    many = [f"r/{n}" for n in range(30)]
    rows = [candidate(0, many, category="flood", upper=5.0), candidate(0, ["a/1"])]
    alerts = fold(*rows, budget=0)
    assert alerts[["category", "red"]].to_numpy().tolist() == [["flood", True]]
    assert load_per_department_week(alerts, DAY, DAY + pd.Timedelta(days=7), 1) == {"mean": 0.0, "largest": 0}
    assert fold(candidate(0, many, upper=15.0), budget=0).empty, "twice the usual maximum is not three times"
    assert fold(candidate(0, many, upper=float("nan")), budget=0).empty, "nothing says what is usual"


def test_what_was_open_before_the_span_takes_none_of_its_budget() -> None:
    old = [candidate(-1, [f"o/{n}"], category=f"o{n}", score=9.0) for n in range(3)]
    still = [candidate(0, [f"o/{n}"], category=f"o{n}", score=9.0) for n in range(3)]
    found = pd.DataFrame([*old, *still, candidate(0, ["n/1"], category="new", score=1.0)])
    alerts, held = fold_alerts(found, Policy(budget=1), start=DAY)
    within = alerts[alerts["opened_at"] >= DAY]
    assert within["category"].tolist() == ["new"]
    assert len(alerts) == 4
    assert set(held["ticket"]) == {"o/0", "o/1", "o/2", "n/1"}
    assert fold_alerts(found[found["moment"] >= DAY], Policy(budget=1))[0]["category"].tolist() == ["o0"]


def test_power_is_told_by_size_with_its_error() -> None:
    bursts = pd.DataFrame({"callers": [5, 9, 10, 40], "last": DAY, "fifth": DAY})
    bursts = bursts.assign(raised=[DAY, pd.NaT, DAY, DAY], delay_hours=[0.0, float("nan"), 0.0, 0.0])
    rows = {row["callers"]: row for row in power_by_callers(bursts)}
    assert [(name, row["bursts"], row["raised"]) for name, row in rows.items()] == [
        ("5-9", 2, 0.5),
        ("10-19", 1, 1.0),
        ("20 or more", 1, 1.0),
    ]
    assert rows["5-9"]["standard error"] == pytest.approx(0.5 / 2**0.5)


def test_power_counts_from_the_fifth_distinct_caller() -> None:
    truth = pd.DataFrame(
        {
            "incident": [1, 2, 3],
            "kind": ["多人同诉", "多人同诉", "一人多诉"],
            "category": "x",
            "district": "y",
            "ids": [[f"b{n}" for n in range(7)], ["m1", "m2"], ["r1"]],
        }
    )
    arrivals = pd.DataFrame(
        {
            "ticket_id": [f"b{n}" for n in range(7)],
            "opened_local": DAY,
            "arrived": [DAY + pd.Timedelta(hours=n) for n in range(7)],
            "caller": ["p0", "p1", "p1", "p2", "p3", "p4", "p5"],
        }
    ).assign(ticket=lambda frame: "s/" + frame["ticket_id"])
    _, held = fold_alerts(
        pd.DataFrame(
            [
                candidate(0, ["s/b0", "s/b1"], moment=DAY + pd.Timedelta(hours=2)),
                candidate(0, ["s/b0", "s/b1", "s/b3"], moment=DAY + pd.Timedelta(hours=6)),
            ]
        )
    )
    span = {"start": DAY, "end": DAY + pd.Timedelta(days=1)}
    bursts = burst_power(truth, arrivals, held, **span)
    assert bursts["incident"].tolist() == [1]
    assert bursts.iloc[0]["fifth"] == DAY + pd.Timedelta(hours=5)
    assert bursts.iloc[0]["delay_hours"] == 1
    summary = summarise_power(bursts)
    assert (summary["bursts"], summary["within 1 hour of the fifth caller"]) == (1, 1.0)
    assert alerts_on_bursts(truth, arrivals, held) == {0}
    nothing = burst_power(truth, arrivals, fold_alerts(pd.DataFrame([candidate(0, ["s/other"])]))[1], **span)
    assert summarise_power(nothing)["raised"] == 0.0


def test_every_moment_comes_once_with_rules_in_between(settings: Settings) -> None:
    start = datetime(2026, 11, 16, tzinfo=UTC)
    steps = {"every": timedelta(hours=12), "rules_every": timedelta(hours=6), "surge": SurgeConfig()}
    moments = list(_moments(settings, start, start + timedelta(hours=24), **steps))
    assert [moment.rules_only for moment in moments] == [False, True, False, True, False]


def test_the_report_and_the_document_say_the_same() -> None:
    rows = [candidate(day, [f"a/{day}"], category=f"<c{day}>", evidence={}) for day in range(10)]
    found = pd.DataFrame(rows)
    end = DAY + pd.Timedelta(days=14)
    result = judge(
        {times: found.head(round(5 / times)) for times in RARITIES},
        ladder_of(Thresholds()),
        ReplaySpan(DAY, end, 2, pd.DataFrame({"department": ["城管局", "水务局"]}), None),
        pd.DataFrame({"version": ["release", "3"], "first": DAY, "last": end, "runs": 7}),
        every=timedelta(days=2),
        policy=Policy(budget=5),
    )
    document = json.loads(json.dumps(result.to_json(), default=str))
    assert document["schema_version"] == 4
    assert (document["every_hours"], document["departments"], document["weekly_budget"]) == (48, 2, 5)
    assert document["moments"] == 14
    assert [used["version"] for used in document["detectors"]] == ["release", "3"]
    assert document["alerts"] == 5
    assert document["alerts_below_red_per_department_and_week"] == {"mean": 1.25, "largest": 5}
    assert document["power"] is None
    without_budget = [row for row in document["what_if"] if row["weekly_budget"] is None]
    assert [row["times_as_rare"] for row in without_budget] == sorted(RARITIES)
    assert [row["alerts"] for row in without_budget] == [10, 10, 5, 0, 0]
    page = render_report(result)
    assert "2026-W47" in page
    assert "release (2026-11-16" in page
    assert "<script" not in page
    assert "http" not in page


def test_a_truth_file_is_read_or_refused(tmp_path: Path) -> None:
    truth = pd.DataFrame(
        {"incident": [0], "kind": ["多人同诉"], "category": ["x"], "district": ["y"], "ids": [["a", "b"]]}
    )
    truth.to_parquet(tmp_path / "truth.parquet")
    truth.to_csv(tmp_path / "truth.csv", index=False)
    for name in ("truth.parquet", "truth.csv"):
        assert read_truth(tmp_path / name)["ids"].tolist() == [["a", "b"]]
    truth.drop(columns="ids").to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(BadInputError, match="lacks the columns ids"):
        read_truth(tmp_path / "other.csv")
    with pytest.raises(BadInputError, match="no truth file"):
        read_truth(tmp_path / "missing.csv")


def test_a_replay_answers_for_the_budget_that_is_configured() -> None:
    alerting = AlertPolicy(weekly_budget=3)
    assert Policy.of(alerting) == Policy(budget=3, alerting=alerting)


@given(
    told=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 20 * 24)), max_size=60),
    hours=st.integers(0, 20 * 24),
    departments=st.integers(0, 5),
)
def test_a_mean_load_never_exceeds_its_largest(told, hours, departments):
    end = DAY + pd.Timedelta(hours=hours)
    rows = [(name, DAY + pd.Timedelta(hours=at), False) for name, at in told if at <= hours]
    alerts = pd.DataFrame(rows, columns=["department", "told_at", "red"]).astype({"told_at": "datetime64[ns]"})
    load = load_per_department_week(alerts, DAY, end, departments)
    assert load["mean"] <= load["largest"]
    assert (load["largest"] > 0) is bool(rows)


def test_a_span_of_a_week_and_its_last_moment_is_one_week():
    at = [DAY, *[DAY + pd.Timedelta(days=7)] * 7]
    alerts = pd.DataFrame({"department": "a", "told_at": at, "red": False})
    assert load_per_department_week(alerts, DAY, at[-1], 1) == {"mean": 8.0, "largest": 8}
