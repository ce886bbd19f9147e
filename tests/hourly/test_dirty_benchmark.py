from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from benchmarks.hourly.dirty import ascribed, curve, false_alerts
from benchmarks.hourly.oracle import hourly_rates
from features.simulator import Dirt, SimulatorConfig, dirt_truth, simulate, truth
from features.simulator.draws import label_shares
from features.simulator.plan import make_plan
from features.vocabulary import Kind

CITY = SimulatorConfig(tickets=30_000, start=date(2026, 1, 1), end=date(2026, 3, 1), seed=4, bursts=60, dirt=Dirt())


def test_the_true_rates_sum_to_what_came():
    """Oracle: over ten days the rates of all labels and districts say how many citizens' calls come."""
    plan, left_out = make_plan(CITY), set(truth(CITY)["ids"].explode())
    pieces = dirt_truth(CITY)
    left_out |= set(pieces.loc[pieces["kind"].isin(["own_entries", "list", "import"]), "ids"].explode())
    rows = pd.concat([batch.to_pandas() for batch in simulate(CITY)]).drop_duplicates("工单编号")
    calls = rows[~rows["工单编号"].isin(left_out) & rows["受理时间"].between("2026-01-20", "2026-01-30")]
    rates = hourly_rates(plan, pd.Timestamp("2026-01-20"), 10)
    assert len(calls) == pytest.approx(rates.sum(), rel=0.05)
    labels = [leaf.name for leaf in plan.shown.leaves]
    came = calls["三级事项"].value_counts().reindex(labels).fillna(0).to_numpy()
    said = rates.sum(axis=(0, 2))
    assert (np.abs(came - said) < 5 * np.sqrt(said) + 3).all()
    by_hour = calls["受理时间"].dt.hour.value_counts().reindex(range(24)).fillna(0).to_numpy()
    expected = rates.sum(axis=(1, 2)).reshape(10, 24).sum(axis=0)
    assert (np.abs(by_hour - expected) < 5 * np.sqrt(expected) + 3).all()


def test_first_labels_are_shared_out_whole():
    shares = label_shares(make_plan(CITY).city)
    assert shares.sum(axis=1) == pytest.approx(np.full(len(shares), 0.995))
    assert (np.diag(shares) > 0.9).all()


def test_an_alert_is_about_what_its_tickets_carry():
    injected, pieces = truth(CITY), dirt_truth(CITY)
    burst = injected[injected["kind"] == Kind.SHARED].iloc[0]["ids"][:3]
    listed = pieces[pieces["kind"] == "list"].iloc[0]["ids"]
    rows = pd.concat([batch.to_pandas() for batch in simulate(CITY)]).drop_duplicates("工单编号")
    carried = {*injected["ids"].explode(), *pieces["ids"].explode()}
    plain = [name for name in rows["工单编号"] if name not in carried][:3]
    told = {0: [*burst, *plain], 1: listed, 2: plain, 3: plain}
    arrivals = pd.DataFrame({"ticket_id": rows["工单编号"], "ticket": "s/" + rows["工单编号"]})
    held = pd.DataFrame([(alert, f"s/{name}") for alert, names in told.items() for name in names])
    alerts = pd.DataFrame({"alert": list(told), "kind": [Kind.FREQUENT, Kind.SURGE, Kind.SHARED, Kind.SENSITIVE]})
    about = ascribed(alerts, held.set_axis(["alert", "ticket"], axis=1), CITY, arrivals)
    assert about["about"].tolist() == ["burst", "list", "nothing", "other kind"]
    assert false_alerts(about)["alert"].tolist() == [1, 2]


def test_the_curve_counts_each_burst_once():
    bursts = pd.DataFrame({"times": [1.0, 2.5, 25.0, 30.0], "delay_hours": [np.nan, 30.0, 0.5, 2.0]})
    rows = {row["times"]: row for row in curve(bursts)}
    assert rows["20 or more"] == {"times": "20 or more", "bursts": 2, "within 1 h": 0.5, "within 24 h": 1.0} | {
        "standard error": pytest.approx(np.sqrt(0.125))
    }
    assert rows["2 to 3"]["within 24 h"] == 0
    assert rows["all"]["bursts"] == sum(row["bursts"] for name, row in rows.items() if name != "all")
