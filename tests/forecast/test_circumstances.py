"""Weather and registered events: taken out of the history, put back ahead as far as they were known, and explained."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.calendars import EventError, events_as_of, validate_events
from features.configuration import ForecastConfig
from features.configuration.forecaster import TreeConfig
from features.vocabulary import Frequency
from features.weather import validate_weather, weather_frame
from models.forecast import DemandModel
from models.forecast.events import event_factors, scope_of
from models.forecast.hierarchy import Hierarchy, PanelMatrix
from models.forecast.weather import learn_weather, weather_departures

CONFIG = ForecastConfig()

SMALL = ForecastConfig(
    horizon=4,
    onestep=TreeConfig(trees=20, leaves=7),
    years=2.0,
    breaks={"enabled": False},
    weather={"enabled": True},
)
DRIVERS = ["usual_level", "season", "holiday", "weather", "event", "recent_change"]
IDS = ["noise a", "noise b", "water a", "water b"]
STATIC = pd.DataFrame({"unique_id": IDS, "category": ["noise", "noise", "water", "water"], "district": list("abab")})
HIERARCHY = Hierarchy.of(STATIC, IDS)


def panel(y, start="2022-01-03", step=7):
    ds = pd.date_range(start, periods=y.shape[1], freq=f"{step}D")
    return PanelMatrix(y.astype(float), tuple(IDS), ds, Frequency.WEEKLY if step == 7 else Frequency.DAILY)


def long(matrix):
    wide = pd.DataFrame(
        matrix.y.T, index=pd.Index(matrix.ds, name="ds"), columns=pd.Index(matrix.ids, name="unique_id")
    )
    return wide.reset_index().melt(id_vars="ds", value_name="y")


def register(*rows):
    columns = ["name", "kind", "start", "end", "category", "district", "effect"]
    raw = pd.DataFrame([dict(zip(columns, row, strict=True)) for row in rows]).assign(registered_at="2020-01-01")
    return validate_events(raw, timezone="UTC")


def test_the_scope_of_an_event():
    assert scope_of(HIERARCHY, "noise", "").tolist() == [True, True, False, False]
    assert scope_of(HIERARCHY, "noise", "b").tolist() == [False, True, False, False]
    assert scope_of(HIERARCHY, "", "").all()
    assert not scope_of(HIERARCHY, "unknown", "").any()


def test_a_past_event_is_measured_taken_out_and_expected_again():
    y = np.full((4, 100), 20.0)
    y[:2, 60] = 60.0
    counts = panel(y)
    day, later = counts.ds[60], counts.ds[-1] + pd.Timedelta(days=14)
    week = pd.Timedelta(days=6)
    events = register(
        ("marathon", "event", day, day + week, "noise", "", ""),
        ("marathon", "event", later, later + week, "noise", "", ""),
    )
    factors = np.exp(event_factors(counts, HIERARCHY, events, days=7, horizon=4, config=CONFIG.events))
    assert factors[0, 60] == pytest.approx(2.6, abs=0.15)  # 3, less what ten tickets of doubt take
    assert factors[0, 101] == pytest.approx(factors[0, 60])
    assert (factors[2:] == 1).all()
    assert (np.delete(factors[0], [60, 101]) == 1).all()


def test_a_planner_s_expectation_counts_until_something_is_known():
    counts = panel(np.full((4, 100), 20.0))
    later = counts.ds[-1] + pd.Timedelta(days=7)
    events = register(("fair", "event", later, later + pd.Timedelta(days=6), "", "a", "30%"))
    factors = np.exp(event_factors(counts, HIERARCHY, events, days=7, horizon=2, config=CONFIG.events))
    np.testing.assert_allclose(factors[:, 100], [1.3, 1.0, 1.3, 1.0])
    np.testing.assert_allclose(factors[:, 101], 1.0)


def test_a_policy_starts_at_what_is_expected_and_ends_at_what_is_counted():
    y = np.full((4, 100), 20.0)
    y[2:, 80:] = 60.0
    counts = panel(y)
    events = register(("meters", "policy", counts.ds[80], "", "water", "", "1.0"))
    early = event_factors(
        PanelMatrix(y[:, :81], counts.ids, counts.ds[:81], Frequency.WEEKLY),
        HIERARCHY,
        events,
        days=7,
        horizon=1,
        config=CONFIG.events,
    )
    late = event_factors(counts, HIERARCHY, events, days=7, horizon=2, config=CONFIG.events)
    assert np.exp(-early[2, 0]) == pytest.approx(2.8, abs=0.1)
    assert np.exp(-late[2, 0]) == pytest.approx(3.0, abs=0.05)
    np.testing.assert_allclose(late[2, 80:], 0.0)
    planned = register(("meters", "policy", counts.ds[-1] + pd.Timedelta(days=7), "", "water", "", "-50%"))
    ahead = event_factors(counts, HIERARCHY, planned, days=7, horizon=2, config=CONFIG.events)
    np.testing.assert_allclose(np.exp(ahead[2]), [*np.ones(100), 0.5, 0.5])


@pytest.mark.parametrize("effect", ["much", "-1", "-150%"])
def test_an_effect_must_be_a_number(effect):
    with pytest.raises(EventError, match="line 2 has an effect that is no number above -1"):
        register(("fair", "event", "2024-01-01", "2024-01-02", "", "", effect))


def hot_city(days=900, seed=0):
    """Noise follows the heat of the day, water does not."""
    rng = np.random.default_rng(seed)
    date = pd.date_range("2021-01-01", periods=days, freq="D")
    usual = 15 - 10 * np.cos(2 * np.pi * date.day_of_year.to_numpy() / 365)
    tmax = usual + rng.normal(0, 4, days)
    rate = np.stack([np.exp(0.08 * (tmax - usual))] * 2 + [np.ones(days)] * 2) * 20
    raw = pd.DataFrame({"date": date, "tmax": tmax, "tmin": tmax - 8, "prcp": rng.gamma(0.3, 8, days)})
    known = validate_weather(raw, timezone="UTC")
    return panel(rng.poisson(rate), "2021-01-01", 1), known


def asked(known):
    return lambda moment, start, end: weather_frame(known, as_of=moment, start=start, end=end)


def test_the_effect_of_heat_is_found_where_it_is():
    counts, known = hot_city()
    effects = learn_weather(counts, HIERARCHY.category(), asked(known), days=1, config=CONFIG.weather)
    assert effects.effect[0, 0] / effects.scale[0] == pytest.approx(0.08, abs=0.015)
    assert abs(effects.effect[1, 0]) < 0.03
    assert np.abs(effects.effect[:, 1]).max() < 0.03


def test_weather_ahead_counts_only_as_forecast_by_then():
    counts, known = hot_city()
    cut = PanelMatrix(counts.y[:, :800], counts.ids, counts.ds[:800], Frequency.DAILY)
    departures = weather_departures(cut, asked(known), days=1, horizon=5, half_season=CONFIG.weather.half_season)
    np.testing.assert_array_equal(departures[800:], 0.0)
    issued = pd.Timestamp(counts.ds[800])
    forecast = pd.DataFrame(
        {"date": [counts.ds[801]], "tmax": [45.0], "tmin": [30.0], "prcp": [0.0], "issued_at": [issued]}
    )
    both = validate_weather(pd.concat([known.assign(issued_at=pd.NaT), forecast]), timezone="UTC")
    assert weather_departures(cut, asked(both), days=1, horizon=5, half_season=CONFIG.weather.half_season)[801, 0] > 10


@pytest.fixture(scope="module")
def fitted():
    counts, known = hot_city(days=700)
    cut = PanelMatrix(counts.y[:, :690], counts.ids, counts.ds[:690], Frequency.DAILY)
    events = register(("fair", "event", counts.ds[692], counts.ds[693], "water", "", "1.0"))
    forecast = pd.DataFrame(
        {"date": counts.ds[690:694], "tmax": 40.0, "tmin": 30.0, "prcp": 0.0, "issued_at": counts.ds[690]}
    )
    both = validate_weather(pd.concat([known.assign(issued_at=pd.NaT), forecast]), timezone="UTC")
    sources = {"weather": asked(both), "events": partial(_registered, events)}
    return DemandModel.fit(long(cut), STATIC, freq="D", config=SMALL, **sources), sources


def _registered(events, moment):
    return events_as_of(events, moment.tz_localize("UTC"))


def test_drivers_name_weather_and_events_and_add_up(fitted):
    model, _ = fitted
    rows = model.explain(horizon=7)
    np.testing.assert_allclose(rows[DRIVERS].sum(axis=1), rows["mean"])
    np.testing.assert_allclose(rows["mean"], model.predict(horizon=7)["mean"])
    of = rows.set_index(["unique_id", "horizon"])
    assert of.loc[("category=noise", 2), "weather"] > 10
    assert of.loc[("category=noise", 6), "weather"] == pytest.approx(0.0, abs=4.0)
    assert of.loc[("category=water", 3), "event"] == pytest.approx(0.5 * of.loc[("category=water", 3), "mean"], rel=0.1)
    assert of.loc[("category=water", 1), "event"] == pytest.approx(0.0, abs=1e-6)


def test_a_restored_model_takes_the_same_circumstances(fitted):
    model, sources = fitted
    again = DemandModel.restore(model.export(), **sources)
    pd.testing.assert_frame_equal(again.predict(horizon=5), model.predict(horizon=5))


@given(st.integers(0, 1000))
@settings(max_examples=4, deadline=None)
def test_weather_and_events_known_later_change_no_forecast(fitted, seed):
    model, _ = fitted
    rng = np.random.default_rng(seed)
    _, known = hot_city(days=700)
    end = model.panel.ds[-1]
    later = known["date"] > end
    changed = known.assign(tmax=known["tmax"].where(~later, rng.normal(10, 10, len(known)).clip(-40, 50)))
    events = register(("storm", "event", end + pd.Timedelta(days=2), end + pd.Timedelta(days=3), "", "", "2.0"))
    late = events.assign(registered_at=end.tz_localize("UTC") + pd.Timedelta(days=2))
    before = DemandModel.restore(model.export(), weather=asked(known), events=None).predict(horizon=5)
    after = DemandModel.restore(model.export(), weather=asked(changed), events=partial(_registered, late)).predict(
        horizon=5
    )
    pd.testing.assert_frame_equal(after, before)
