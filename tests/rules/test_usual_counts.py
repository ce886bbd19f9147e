from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from features.configuration import RuleConfig
from features.vocabulary import ManyTickets
from models.hotspots.rules import apply_rules
from models.hotspots.rules.recitable import Usual, usual_counts

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
NOON = pd.Timestamp("2026-11-23 12:00")
MATTER = ["category", "district", "place"]


def tickets(windows: list[int], *, place: str = "", district: str = "海口市", per_caller: int = 1) -> pd.DataFrame:
    """Return tickets of one matter, the counts of 7-day windows given newest first."""
    ages = [7 * window + 6.9 * (n + 1) / (count + 1) for window, count in enumerate(windows) for n in range(count)]
    opened = NOON - pd.to_timedelta(ages, unit="D")
    number = pd.Series(range(len(ages)))
    return pd.DataFrame(
        {
            "source": "city",
            "ticket_id": district + place + number.astype(str),
            "opened_local": opened,
            "known_at": pd.Timestamp(NOW),
            "caller": district + place + (number // per_caller).astype(str),
            "category1": "环境",
            "category2": "噪声",
            "category": "施工噪声",
            "district": district,
            "street": place,
        }
    )


def frequent(*parts: pd.DataFrame, **rule: object) -> pd.DataFrame:
    found = apply_rules(pd.concat(parts), RuleConfig.model_validate({"frequent": rule}), as_of=NOW)
    return found[found["kind"] == "高频"]


def test_a_few_tickets_are_frequent_in_a_street_and_nothing_in_a_district() -> None:
    usual = [5, 1, 0, 2, 1]
    street = frequent(tickets(usual, place="甲街"))
    assert street[["rule", "observed", "usual"]].to_numpy().tolist() == [[ManyTickets(tickets=5, days=7), 5, 1.0]]
    assert frequent(tickets(usual)).empty
    assert len(frequent(tickets(usual), usual_chance=1)) == 1
    assert len(frequent(tickets(usual), usual_factor=0)) == 1


def test_in_a_street_that_often_has_as_many_the_number_alone_says_nothing() -> None:
    busy, burst = [7, 3, 4, 2, 3], [16, 3, 4, 2, 3]
    assert frequent(tickets(busy, place="甲街")).empty
    assert frequent(tickets(busy, place="甲街"), usual_chance=1)["rule"].tolist() == [ManyTickets(tickets=5, days=7)]
    found = frequent(tickets(burst, place="甲街"))
    assert found[["rule", "observed", "usual"]].to_numpy().tolist() == [
        [ManyTickets(tickets=5, days=7, chance=0.001), 16, 3.0]
    ]


def test_a_district_is_named_when_chance_does_not_explain_its_count() -> None:
    found = frequent(tickets([16, 3, 4, 2, 3]))
    assert found[["rule", "observed", "threshold"]].to_numpy().tolist() == [
        [ManyTickets(tickets=5, days=7, chance=0.001), 16, 5]
    ]


def test_how_much_counts_vary_is_read_off_all_matters() -> None:
    burst, steady = tickets([16, 3, 4, 2, 3]), [tickets([5, 5, 5, 5, 5], district=f"d{n}") for n in range(9)]
    restless = [tickets([5, 0, 12, 0, 8], district=f"d{n}") for n in range(9)]
    assert frequent(burst, *steady)["area"].tolist() == ["海口市"]
    assert "海口市" not in frequent(burst, *restless)["area"].tolist()


def test_a_caller_counts_no_more_often_in_the_windows_before() -> None:
    repeated = tickets([9, 9, 9, 9, 9], place="甲街", per_caller=9)
    assert frequent(repeated, usual_chance=1).empty
    rows = pd.concat([tickets([6], place="甲街"), repeated[repeated["opened_local"] < NOON - pd.Timedelta(days=7)]])
    assert frequent(rows, usual_chance=1)["usual"].tolist() == [2.0]


def test_without_history_the_rule_stands_alone() -> None:
    found = frequent(tickets([5]))
    assert found["observed"].tolist() == [5]
    assert found["usual"].isna().all()


@pytest.mark.parametrize(("total", "windows", "count"), [(0, 4, 3), (3, 4, 6), (30, 2, 25), (8, 1, 9)])
def test_the_tail_is_that_of_a_poisson_count_of_uncertain_mean(total: int, windows: int, count: int) -> None:
    index = pd.MultiIndex.from_tuples([("噪声", "d", "d")], names=MATTER)
    usual = Usual(pd.Series([total], index=index), windows, dispersion=1.0)
    groups = index.to_frame(index=False)
    density = stats.gamma(total + 0.5, scale=1 / windows).pdf
    exact = integrate.quad(lambda mean: stats.poisson.sf(count - 1, mean) * density(mean), 0, 200, limit=500)[0]
    assert usual.chance(groups, pd.Series([count]))[0] == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize("dispersion", [1.0, 3.0])
def test_quiet_districts_pass_as_rarely_as_the_rule_says(dispersion: float) -> None:
    rng = np.random.default_rng(5)
    mean = rng.gamma(1.0, 6.0, size=(20_000, 1)) + 0.2
    draw = (20_000, 5)
    counts = rng.poisson(mean, draw) if dispersion == 1 else rng.negative_binomial(mean / 2, 1 / 3, draw)
    cell, window = np.nonzero(counts[:, 1:])
    repeats = counts[:, 1:][cell, window]
    names = pd.Series(np.repeat(cell, repeats).astype(str))
    opened = NOON - pd.to_timedelta(7 * (np.repeat(window, repeats) + 1) + 1.0, unit="D")
    rows = pd.DataFrame({"category": "噪声", "district": names, "place": names, "opened_local": opened})
    rows = rows.assign(caller=rows.index.astype(str)).sort_values("opened_local", ignore_index=True)
    usual = usual_counts(rows, MATTER, NOON - pd.Timedelta(days=7), days=7, most=4, per_caller=2)
    assert usual.dispersion == pytest.approx(dispersion, rel=0.05)
    every = pd.DataFrame({"category": "噪声", "district": np.arange(20_000).astype(str)})
    chance = usual.chance(every.assign(place=every["district"]), pd.Series(counts[:, 0]))
    assert 0.0002 < (chance < 0.001).mean() < 0.002
