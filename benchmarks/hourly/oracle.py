"""A detector that knows every rate: the true Poisson mean of each label, district and hour of the dirty city.

It counts citizens' calls by the hour of their arrival, without what dirt adds and without persistent callers, and knows
what offices, renamed labels, weather, wrong first labels and the luck of each day do to the rates. Windows of 1 hour to
7 days are combined by the harmonic mean of their p-values, as in the surge detector. Its alarms go through the same
merge, the same alert service and the same judgement as the product's; its threshold is the laxest at which it raises no
more false alerts than the product.

It is no ceiling of what texts and streets can tell: it sees cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import poisson

from benchmarks.hourly.dirty import ZONE, Told, ascribed, false_alerts, sized
from features.settings import Settings
from features.simulator import SimulatorConfig, dirt_truth, truth
from features.simulator.dirt.offices import in_use
from features.simulator.dirt.pieces import DirtKind
from features.simulator.dirt.weather import rise
from features.simulator.draws import label_shares
from features.simulator.plan import Plan, make_plan
from features.simulator.rates import hour_shares
from features.vocabulary import Kind, ManyTickets
from models.hotspots.candidates import merge_candidates
from models.hotspots.rules.recitable import HIT_COLUMNS
from pipelines.replay.episodes import Policy, fold_alerts

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WINDOWS: Final = (1, 2, 3, 6, 12, 24, 48, 72, 120, 168)
"""Hours: those of the hourly detector and of the daily one."""
_LEAD: Final = max(WINDOWS)
_FEWEST: Final = 3
"""Tickets of an alarm: an alert holds a burst by three of its tickets."""
_STEPS: Final = 7
_LAXEST, _STRICTEST = -2.0, -12.0
_HOUR: Final = pd.Timedelta(hours=1)
_NOT_COUNTED: Final = ("own_entries", "list", "import")


@dataclass(frozen=True)
class Alarms:
    """Every cell and hour that could alarm.

    Attributes:
        hour: Hours since the span began, the moment of the run.
        label, district: The cell.
        p: Combined p-value.
        window: Hours of the window that says most.
        expected: Its true mean.
    """

    hour: Ints
    label: Ints
    district: Ints
    p: Floats
    window: Ints
    expected: Floats


def oracle(config: SimulatorConfig, told: Told) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Return alerts and bursts of the detector that knows every rate, and its threshold."""
    plan = make_plan(config)
    calls = _calls(config, plan, told)
    alarms = _alarms(plan, calls, told)
    allowed = len(false_alerts(told.alerts))
    best: tuple[pd.DataFrame, pd.DataFrame, float] | None = None
    low, high = _STRICTEST, _LAXEST
    for _ in range(_STEPS):
        level = (low + high) / 2
        alerts, bursts = _told(config, plan, alarms, calls, told, 10.0**level)
        if len(false_alerts(alerts)) <= allowed:
            best, low = (alerts, bursts, 10.0**level), level
        else:
            high = level
    if best is None:
        raise RuntimeError("the detector that knows every rate has more false alerts than the product at any threshold")
    return best


def hourly_rates(plan: Plan, first: pd.Timestamp, days: int) -> Floats:
    """Return what every label and district expects in every hour of some days, hours x labels x districts."""
    config, city = plan.config, plan.city
    offset = (first - pd.Timestamp(config.start)).days
    hours = np.arange(days * 24)
    at = config.first_second + offset * 86_400 + hours * 3600
    daily = plan.expected[offset : offset + days]
    rates: Floats = (daily[:, None] * hour_shares(city).T[None, :, :, None]).reshape(days * 24, *daily.shape[1:])
    leaf, district = (axis[None] for axis in np.indices(daily.shape[1:]))
    lifted = np.repeat(rise(plan.dirt, config, city)[offset : offset + days], 24, axis=0)
    weather = np.zeros(len(at), dtype=bool)
    for n in plan.dirt.of(DirtKind.WEATHER):
        weather |= (at + 3599 >= plan.dirt.start[n]) & (at < plan.dirt.end[n])
    rates = rates * (in_use(plan.dirt, city, leaf, district, at[:, None, None]) + lifted * weather[:, None, None])
    return _by_label(plan, np.einsum("hld,lm->hmd", rates, label_shares(city)), at)


def _by_label(plan: Plan, rates: Floats, at: Ints) -> Floats:
    """Move the rates of renamed labels to their new names from their hour on."""
    clean = len(plan.city.leaves)
    shown = np.concatenate([rates, np.zeros((len(at), len(plan.shown.leaves) - clean, rates.shape[2]))], axis=1)
    for new, n in enumerate(plan.dirt.of(DirtKind.RENAME)):
        after = at >= plan.dirt.start[n]
        old = plan.dirt.leaf[n]
        shown[after, clean + new], shown[after, old] = shown[after, old], 0.0
    return shown


def _begin(told: Told) -> pd.Timestamp:
    """Return when the watching begins: a day before the span, to tell what is open already."""
    return told.start - pd.Timedelta(days=1)


def _calls(config: SimulatorConfig, plan: Plan, told: Told) -> pd.DataFrame:
    """Return the citizens' calls by their hour of arrival since the span's lead began, with the cell."""
    dirt, injected = dirt_truth(config), truth(config)
    left_out = set(dirt.loc[dirt["kind"].isin(_NOT_COUNTED), "ids"].explode())
    left_out |= set(injected.loc[injected["kind"] == Kind.REPEAT, "ids"].explode())
    calls = told.arrivals[~told.arrivals["ticket_id"].isin(left_out)]
    labels = {leaf.name: n for n, leaf in enumerate(plan.shown.leaves)}
    districts = {d.name: n for n, d in enumerate(plan.city.districts)}
    calls = calls.assign(
        label=calls["category"].map(labels),
        place=calls["district"].map(districts),
        hour=((calls["arrived"] - _begin(told)) // _HOUR + _LEAD).astype(int),
    ).dropna(subset=["label", "place"])
    calls = calls[(calls["hour"] >= 0) & (calls["arrived"] < told.end)]
    return calls.astype({"label": int, "place": int}).sort_values("arrived", kind="stable", ignore_index=True)


def _alarms(plan: Plan, calls: pd.DataFrame, told: Told) -> Alarms:
    lead_days, days = _LEAD // 24, (told.end - _begin(told)).days
    rates = hourly_rates(plan, _begin(told) - pd.Timedelta(days=lead_days), lead_days + days)
    counts = np.zeros(rates.shape)
    np.add.at(counts, (calls["hour"].to_numpy(), calls["label"].to_numpy(), calls["place"].to_numpy()), 1)
    # Only where a call came in this hour is there news.
    hour, label, district = np.nonzero(counts[_LEAD:])
    inverse, most = np.zeros(len(hour)), np.zeros(len(hour))
    window, expected = np.ones(len(hour), dtype=np.int64), np.zeros(len(hour))
    seen = [np.concatenate([np.zeros((1, *rates.shape[1:])), np.cumsum(table, axis=0)]) for table in (counts, rates)]
    for length in WINDOWS:
        came, mean = (
            table[hour + _LEAD + 1, label, district] - table[hour + _LEAD + 1 - length, label, district]
            for table in seen
        )
        evidence = 1 / np.maximum(poisson.sf(came - 1, np.maximum(mean, 1e-9)), 1e-300)
        evidence[came < _FEWEST] = 1.0
        better = evidence > most
        window[better], expected[better] = length, mean[better]
        most = np.maximum(most, evidence)
        inverse += evidence / len(WINDOWS)
    return Alarms(hour + 1, label, district, 1 / inverse, window, expected)


def _told(
    config: SimulatorConfig, plan: Plan, alarms: Alarms, calls: pd.DataFrame, told: Told, level: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the alerts at a threshold, and the bursts that they held."""
    chosen = np.flatnonzero(alarms.p < level)
    cells = dict(iter(calls.groupby(["label", "place"], sort=False)))
    found = []
    for hour in np.unique(alarms.hour[chosen]):
        now = _begin(told) + int(hour) * _HOUR
        hits = pd.DataFrame([_hit(plan, alarms, n, cells, now) for n in chosen[alarms.hour[chosen] == hour]])
        behind = calls[calls["ticket"].isin(hits["tickets"].explode())].assign(
            known_at=now.tz_localize(ZONE), source=""
        )
        nothing = pd.DataFrame(columns=["unique_id", "level"])
        rows = behind.rename(columns={"ticket": "key"}).assign(
            category1="", category2="", street="", lat=np.nan, lon=np.nan
        )
        merged = merge_candidates(
            tickets=rows, as_of=now.tz_localize(ZONE), static=nothing, hits=hits[list(HIT_COLUMNS)]
        )
        found.append(merged.assign(moment=now))
    hours = pd.date_range(_begin(told), told.end, freq="h")
    runs = pd.DataFrame({"moment": hours, "complete": hours.hour == 7})
    settings = Settings(timezone=ZONE.key)
    alerts, held = fold_alerts(
        pd.concat(found, ignore_index=True), Policy.of(settings.alerts), settings=settings, runs=runs, start=told.start
    )
    bursts = sized(config, told.arrivals, held, told.start, told.end)
    return ascribed(alerts[alerts["told_at"] >= told.start], held, config, told.arrivals), bursts


def _hit(plan: Plan, alarms: Alarms, n: int, cells: dict[Any, pd.DataFrame], now: pd.Timestamp) -> dict[str, Any]:
    leaf, district = plan.shown.leaves[alarms.label[n]], plan.city.districts[alarms.district[n]]
    cell = cells[int(alarms.label[n]), int(alarms.district[n])]
    start = now - int(alarms.window[n]) * _HOUR
    tickets = cell.loc[(cell["arrived"] >= start) & (cell["arrived"] < now)]
    return {
        "kind": Kind.FREQUENT,
        "rule": ManyTickets(tickets=len(tickets), days=7),
        "category1": leaf.class_name,
        "category2": leaf.item_name,
        "category": leaf.name,
        "area": district.name,
        "place": district.name,
        "department": district.name + leaf.department,
        "tickets": tickets["ticket"].tolist(),
        "observed": len(tickets),
        "callers": tickets["caller"].nunique(),
        "threshold": _FEWEST,
        "usual": float(alarms.expected[n]),
        "words": (),
        "signs": (),
        "doubt": False,
        "window_start": start,
        "window_end": now,
    }
