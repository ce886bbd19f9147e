from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from datetime import date, datetime

import pandas as pd
import pyarrow as pa
import pytest

from features.calendars import lunar_new_year
from features.series import UNCLASSIFIED
from features.simulator import SCHEMA, SimulatorConfig, SimulatorError, simulate, truth, write_city
from features.simulator.catalogue import catalogue
from features.simulator.wording import PHONE_PREFIXES, check_digit

CITY = SimulatorConfig(tickets=60_000, start=date(2023, 11, 23), end=date(2026, 11, 23), seed=7)


def _frame(config: SimulatorConfig) -> pd.DataFrame:
    return pa.Table.from_batches(list(simulate(config))).to_pandas(strings_to_categorical=False)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return _frame(CITY)


@pytest.fixture(scope="module")
def tickets(rows) -> pd.DataFrame:
    """Each ticket as the export last knew it."""
    return rows.sort_values("更新时间", kind="stable").drop_duplicates("工单编号", keep="last")


def test_the_tree_has_three_levels_and_more_than_a_hundred_leaves():
    leaves = catalogue().leaves
    assert len({leaf.name for leaf in leaves}) == len(leaves) > 100
    assert len({leaf.item_name for leaf in leaves}) == len({leaf.item_code for leaf in leaves})
    assert all(leaf.code.startswith(leaf.item_code) and leaf.item_code.startswith(leaf.class_code) for leaf in leaves)
    assert {len(leaf.problems) for leaf in leaves} == {3}
    assert UNCLASSIFIED not in {leaf.name for leaf in leaves}


def test_nineteen_districts_share_the_volume_by_population(tickets):
    share = tickets["区县"].value_counts(normalize=True)
    assert len(share) == 19
    assert share.index[0] == "海口市"
    assert 0.2 < share["海口市"] < 0.45
    assert share["三沙市"] < 0.005


def test_the_number_of_tickets_is_the_asked_for_but_for_what_has_not_arrived(tickets):
    assert CITY.tickets - 200 < len(tickets) <= CITY.tickets


def test_columns_are_the_documented_ones(rows):
    assert list(rows.columns) == SCHEMA.names


def test_the_same_configuration_gives_the_same_bytes_in_another_process(tmp_path):
    config = SimulatorConfig(tickets=3000, start=date(2026, 1, 1), end=date(2026, 3, 1), seed=3)
    code = (
        "from datetime import date; from pathlib import Path; from features.simulator import *;"
        f"write_city({config!r}, Path({str(tmp_path / 'there')!r}), format='csv')"
    )
    subprocess.run([sys.executable, "-c", "import datetime\n" + code], check=True)
    write_city(config, tmp_path / "here", format="csv")
    for name in ("tickets.csv", "truth.csv"):
        here, there = ((tmp_path / side / name).read_bytes() for side in ("here", "there"))
        assert hashlib.sha256(here).digest() == hashlib.sha256(there).digest()


def test_another_seed_gives_another_city():
    a, b = (SimulatorConfig(tickets=500, start=date(2026, 1, 1), end=date(2026, 2, 1), seed=s) for s in (1, 2))
    assert not next(simulate(a)).equals(next(simulate(b)))


@pytest.mark.slow
def test_worker_processes_change_nothing(tmp_path):
    config = SimulatorConfig(tickets=420_000, start=date(2026, 1, 1), end=date(2026, 3, 1))
    write_city(config, tmp_path / "one", workers=1)
    write_city(config, tmp_path / "two", workers=2)
    assert (tmp_path / "one/tickets.parquet").read_bytes() == (tmp_path / "two/tickets.parquet").read_bytes()


def test_spring_festival_moves_with_the_moon(tickets):
    opened = tickets["受理时间"]
    for year in (2024, 2025, 2026):
        new_year = pd.Timestamp(lunar_new_year(year))
        festival = ((opened >= new_year) & (opened < new_year + pd.Timedelta(days=7))).sum()
        before = new_year - pd.Timedelta(days=35)
        ordinary = ((opened >= before) & (opened < before + pd.Timedelta(days=7))).sum()
        assert 0.3 < festival / ordinary < 0.75


@pytest.mark.parametrize(
    ("leaf", "peak", "trough"),
    [("停电", (6, 7, 8), (1, 2, 12)), ("旅行社与导游", (1, 2, 12), (5, 6, 9)), ("入学招生", (8,), (11, 12))],
)
def test_matters_have_their_season(tickets, leaf, peak, trough):
    by_month = tickets.loc[tickets["三级事项"] == leaf, "受理时间"].dt.month.value_counts()
    assert by_month.reindex(peak).mean() > 1.3 * by_month.reindex(trough).mean()


def test_offices_rest_on_days_off_and_nights_are_noisy(tickets):
    weekend = tickets["受理时间"].dt.day_of_week >= 5
    office = tickets["三级事项"].isin(["养老保险", "医保缴费", "公积金"])
    assert weekend[office].mean() < 0.2 < weekend[~office].mean() < 2 / 7
    hour = tickets["受理时间"].dt.hour
    noise = tickets["三级事项"] == "夜间施工噪声"
    assert ((hour >= 21) | (hour < 4))[noise].mean() > 2 * ((hour >= 21) | (hour < 4))[~noise].mean()


def test_volume_grows(tickets):
    opened = tickets["受理时间"]
    first, last = (opened < "2024-11-23").sum(), (opened >= "2025-11-23").sum()
    assert 1.05 < last / first < 1.4


def test_counts_are_overdispersed(tickets):
    cells = tickets.groupby(["三级事项", "区县", tickets["受理时间"].dt.to_period("W")], observed=True).size()
    by_cell = cells.unstack(fill_value=0)  # noqa: PD010 - a plain reshape
    busy = by_cell[by_cell.mean(axis=1) > 2]
    assert (busy.var(axis=1) / busy.mean(axis=1)).median() > 1.2


def test_reporting_is_late_for_some_and_never_early(rows):
    first = rows.drop_duplicates("工单编号")
    delay = (first["更新时间"] - first["受理时间"]).dt.total_seconds()
    assert delay.min() >= 0
    assert 0.03 < (delay > 3600).mean() < 0.2
    assert (delay < 300).mean() > 0.8


def test_nothing_is_known_after_the_export(rows):
    for column in ("受理时间", "更新时间", "签收时间", "办结时间"):
        assert rows[column].max() < pd.Timestamp(CITY.end)
    assert (rows["状态"] == "已办结").eq(rows["办结时间"].notna()).all()
    assert (rows["办结时间"] >= rows["签收时间"]).where(rows["办结时间"].notna(), other=True).all()


def test_some_categories_are_corrected_later(rows):
    versions = rows.groupby("工单编号").size()
    assert 0.02 < (versions == 2).mean() < 0.08
    assert versions.max() == 2
    changed = rows[rows["工单编号"].isin(versions.index[versions == 2])].sort_values("更新时间", kind="stable")
    labels = changed.groupby("工单编号")["三级事项"].agg(["first", "last"])
    assert (labels["first"] != labels["last"]).mean() > 0.8  # the rest had no label at first


def test_a_row_shows_nothing_later_than_its_correction(rows):
    ordered = rows.sort_values(["工单编号", "更新时间"])
    next_known = ordered.groupby("工单编号")["更新时间"].shift(-1)
    assert not (ordered["办结时间"] >= next_known).any()


def test_a_feed_has_a_row_at_every_change():
    config = SimulatorConfig(tickets=3000, start=date(2026, 1, 1), end=date(2026, 3, 1), changes="all")
    rows = _frame(config)
    assert rows["更新时间"].is_monotonic_increasing
    assert (rows["办结时间"].isna() | (rows["办结时间"] <= rows["更新时间"])).all()
    assert set(rows.drop_duplicates("工单编号")["状态"]) == {"待签收"}
    last = rows.drop_duplicates("工单编号", keep="last").set_index("工单编号").sort_index()
    export = _frame(SimulatorConfig(tickets=3000, start=date(2026, 1, 1), end=date(2026, 3, 1)))
    final = export.sort_values("更新时间", kind="stable").drop_duplicates("工单编号", keep="last")
    final = final.set_index("工单编号").sort_index()
    pd.testing.assert_frame_equal(last.drop(columns="更新时间"), final.drop(columns="更新时间"))


def test_truth_names_tickets_that_are_in_the_data(rows, tickets):
    known = tickets.set_index("工单编号")
    injected = truth(CITY)
    assert set(injected["kind"]) == {"多人同诉", "一人多诉"}
    assert len(injected[injected["kind"] == "多人同诉"]) > 200
    ids = injected.explode("ids")
    assert ids["ids"].is_unique
    found = known.loc[ids["ids"]].reset_index()
    ids = ids.reset_index(drop=True)
    assert (found["受理时间"] >= ids["start"]).all()
    assert (found["受理时间"] <= ids["end"]).all()
    assert (found["区县"].isna() | (found["区县"] == ids["district"])).all()
    assert (found["三级事项"] == ids["category"]).mean() > 0.9
    assert (injected["tickets"] == injected["ids"].str.len()).all()


def test_all_callers_of_a_burst_say_the_same_at_the_same_place(tickets):
    bursts = truth(CITY)
    burst = bursts[bursts["kind"] == "多人同诉"].nlargest(1, "tickets").iloc[0]
    said = tickets[tickets["工单编号"].isin(burst["ids"])]
    leaf = next(leaf for leaf in catalogue().leaves if leaf.code == burst["category_code"])
    assert said["诉求地址"].str.startswith(burst["district"] + burst["street"] + burst["place"]).all()
    assert max(said["诉求内容"].str.contains(problem, regex=False).mean() for problem in leaf.problems) == 1
    assert said["诉求内容"].nunique() > 0.8 * len(said)
    assert burst["callers"] > 0.9 * burst["tickets"]


def test_a_few_callers_call_dozens_of_times(tickets):
    injected = truth(CITY)
    again = injected[injected["kind"] == "一人多诉"]
    assert (again["callers"] == 1).all()
    assert again["tickets"].mean() > 12
    assert tickets["来电人"].value_counts().iloc[0] >= again["tickets"].max()


def test_invented_identities_are_valid_and_belong_to_nobody(tickets):
    texts = tickets["诉求内容"]
    numbers = texts.str.extract(r"身份证号(\d{17}[\dX])")[0].dropna()
    assert len(numbers) > 100
    assert all(check_digit(number[:17]) == number[17] for number in numbers)
    assert numbers.str.startswith("460199").all()
    phones = tickets["来电人"].dropna()
    assert phones.str.fullmatch(r"1\d{10}").all()
    assert set(phones.str[:3].astype(int)) == set(PHONE_PREFIXES)
    in_text = texts.str.extract(r"(1\d{10})。")[0]
    spoken = in_text.notna() & ~texts.str.contains("身份证")
    assert (in_text[spoken] == tickets.loc[spoken, "来电人"]).all()
    assert texts.str.contains(r"车牌号琼Z").any()
    assert texts.str.contains(r"我叫.{2,4}，").any()


def test_known_check_digit():
    assert check_digit("11010519491231002") == "X"  # the example of GB 11643


def test_no_template_slot_is_left_open(tickets):
    assert not tickets["诉求内容"].str.contains(re.escape("{")).any()
    assert not tickets["诉求标题"].str.contains(re.escape("{")).any()


def test_an_export_within_a_day_ends_there():
    moment = datetime(2026, 11, 23, 10, 30)  # noqa: DTZ001 - local civil time
    rows = _frame(SimulatorConfig(tickets=2000, start=date(2026, 11, 1), end=moment))
    assert pd.Timestamp("2026-11-23 09:00") < rows["更新时间"].max() < pd.Timestamp(moment)


@pytest.mark.parametrize("tickets", [1, 40])
def test_a_tiny_city_works(tickets):
    rows = _frame(SimulatorConfig(tickets=tickets, start=date(2026, 1, 1), end=date(2026, 1, 2)))
    assert rows["工单编号"].nunique() <= tickets


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"tickets": 0}, "cannot simulate 0 tickets"),
        ({"end": date(2026, 1, 1)}, "is empty"),
        ({"end": date(2099, 1, 1)}, "too many"),
        ({"bursts": -1}, "bursts is -1"),
    ],
)
def test_what_cannot_be_is_refused(wish, message):
    with pytest.raises(SimulatorError, match=message):
        SimulatorConfig(**{"tickets": 10, "start": date(2026, 1, 1), "end": date(2026, 2, 1), **wish})
