from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.mappings import load_mapping
from features.simulator import (
    CLEAN_ENOUGH,
    Dirt,
    SimulatorConfig,
    SimulatorError,
    dirt_truth,
    simulate,
    truth,
    write_city,
)
from features.simulator.dirt.own_entries import OWN_CHANNELS
from features.simulator.rates import expected_between

SPAN = {"start": date(2026, 1, 1), "end": date(2026, 3, 1)}
CITY = SimulatorConfig(tickets=30_000, **SPAN, seed=4)
CLEAN = {
    "corrections": "f747996816f5eb82d4cd8e63f1dc22ed805b00d3e64df310ad8a465e03095668",
    "all": "ca9ea6c6c89f65ef46a14fdd52ed0a260c5c9a1d44774210cbd534138ac8a38e",
    "truth": "d635c9559df01c21ef14025f32ec3d2cd2df345ea98fe676ddad335fd5193a64",
}
"""SHA-256 of the clean city's CSV before there was any dirt."""


def _tickets(dirt: Dirt | None) -> pd.DataFrame:
    """Return the first version of each ticket."""
    batches = simulate(replace(CITY, dirt=dirt))
    return pa.Table.from_batches(batches).to_pandas(strings_to_categorical=False).drop_duplicates("工单编号")


def _only(**kind: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return tickets and truth of a city with one kind of dirt."""
    dirt = replace(CLEAN_ENOUGH, **kind)
    return _tickets(dirt), dirt_truth(replace(CITY, dirt=dirt))


def _carrying(tickets: pd.DataFrame, pieces: pd.DataFrame) -> pd.DataFrame:
    return tickets[tickets["工单编号"].isin(pieces["ids"].explode())]


@pytest.fixture(scope="module")
def clean() -> pd.DataFrame:
    return _tickets(None)


@pytest.mark.parametrize("changes", ["corrections", "all"])
def test_the_clean_city_is_what_it_was_byte_for_byte(tmp_path, changes):
    export = write_city(SimulatorConfig(tickets=3000, **SPAN, seed=3, changes=changes), tmp_path, format="csv")
    assert hashlib.sha256(export.tickets_path.read_bytes()).hexdigest() == CLEAN[changes]
    assert hashlib.sha256(export.truth_path.read_bytes()).hexdigest() == CLEAN["truth"]
    assert not list(tmp_path.glob("dirt.*"))


def test_dirt_of_no_kind_is_the_clean_city(clean):
    tickets, pieces = _only()
    pd.testing.assert_frame_equal(tickets.astype(object), clean.astype(object))
    assert pieces.empty


def test_the_same_dirty_city_has_the_same_bytes(tmp_path):
    config = SimulatorConfig(tickets=2000, **SPAN, seed=3, dirt=Dirt())
    for name in ("one", "two"):
        write_city(config, tmp_path / name, format="csv")
    for file in ("tickets.csv", "truth.csv", "dirt.csv"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


@pytest.mark.parametrize("kind", ["own_entries", "lists", "imports"])
def test_a_kind_is_the_same_whatever_else_is_dirty(kind):
    alone = _only(**{kind: getattr(Dirt(), kind)})[1]
    beside = dirt_truth(
        replace(CITY, dirt=replace(Dirt(), **dict.fromkeys({"own_entries", "lists", "imports"} - {kind}, 0.0)))
    )
    beside = beside[beside["kind"] == alone["kind"].iloc[0]].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        alone[["category", "start", "end"]].head(40), beside[["category", "start", "end"]].head(40)
    )


def test_own_entries_come_in_channels_that_the_mapping_names():
    tickets, pieces = _only(own_entries=0.2)
    own = _carrying(tickets, pieces)
    assert set(pieces["kind"]) == {"own_entries"}
    assert len(own) / len(tickets) == pytest.approx(0.2, abs=0.01)
    assert set(own["来源渠道"]) == set(OWN_CHANNELS) == set(load_mapping("simulated").own_channels)
    assert not tickets[~tickets["工单编号"].isin(own["工单编号"])]["来源渠道"].isin(OWN_CHANNELS).any()
    assert own["来电人"].isna().all()


def test_a_list_is_one_hand_a_minute_apart_in_a_citizens_channel():
    tickets, pieces = _only(lists=0.02)
    listed = _carrying(tickets, pieces)
    assert len(listed) / len(tickets) == pytest.approx(0.02, abs=0.003)
    assert set(listed["来源渠道"]) == {"12345热线"}
    assert pieces["tickets"].min() >= 6
    for ids in pieces["ids"]:
        entries = listed[listed["工单编号"].isin(ids)]
        assert entries["受理时间"].diff().dt.total_seconds().max() <= 181
        assert len(set(entries["来电人"].fillna(""))) == 1
    named = [listed.loc[listed["工单编号"].isin(ids), "来电人"].notna().all() for ids in pieces["ids"]]
    assert 0.1 < np.mean(named) < 0.5


def test_an_import_is_a_file_keyed_in_within_minutes():
    tickets, pieces = _only(imports=0.02)
    rows = _carrying(tickets, pieces)
    assert len(rows) / len(tickets) == pytest.approx(0.02, abs=0.004)
    assert ((pieces["end"] - pieces["start"]) < pd.Timedelta(minutes=40)).all()
    assert rows["来电人"].isna().all()
    assert rows["区县"].nunique() > 10


def test_default_points_are_shared_by_as_many_as_asked_for():
    tickets, pieces = _only(default_points=0.14)
    shared = tickets.groupby(["纬度", "经度"]).size()
    assert shared.iloc[shared.argmax()] / len(tickets) == pytest.approx(0.14 * 0.8, abs=0.01)
    assert pieces["tickets"].sum() / len(tickets) == pytest.approx(0.14, abs=0.01)
    assert (pieces.iloc[0]["kind"], pieces.iloc[0]["tickets"]) == ("default_point", shared.max())


def test_offices_start_and_stop_using_the_tool(clean):
    tickets, pieces = _only(offices=60)
    assert len(pieces) == 10
    assert set(pieces["kind"]) == {"office_starts", "office_stops"}
    for piece in pieces.itertuples():
        whole, left = (frame[frame["承办单位"] == piece.district + piece.detail] for frame in (clean, tickets))
        before = piece.kind == "office_starts"
        idle, used = ((frame["受理时间"] < piece.start) == before for frame in (whole, left))
        assert used.sum() <= 0.15 * idle.sum() + 3  # wrong first labels come from other departments
        assert (~used).sum() >= 0.8 * (~idle).sum() - 3
    assert len(tickets) < len(clean)


def test_a_renamed_label_goes_on_under_another_name(clean):
    tickets, pieces = _only(renames=24)
    assert len(pieces) == 4
    assert len(tickets) == len(clean)
    for piece in pieces.itertuples():
        after = tickets["受理时间"] >= piece.start
        assert not (after & (tickets["三级事项"] == piece.category)).any()
        assert not (~after & (tickets["三级事项"] == piece.detail)).any()
        new = (tickets["三级事项"] == piece.detail).sum()
        assert new == piece.tickets == (after & (clean["三级事项"] == piece.category).to_numpy()).sum()


def test_weather_lifts_many_matters_of_the_whole_city(clean):
    tickets, pieces = _only(shocks=30)
    assert len(pieces) == 5
    rain = _carrying(tickets, pieces)
    assert len(rain) == len(tickets) - len(clean) > 50
    assert rain["三级事项"].nunique() > 10
    assert rain["区县"].nunique() > 10
    assert not pieces["category"].any()
    for piece in pieces.itertuples():
        assert rain[rain["工单编号"].isin(piece.ids)]["受理时间"].between(piece.start, piece.end).all()


def test_bursts_are_a_few_times_their_background():
    config = SimulatorConfig(tickets=120_000, start=date(2025, 3, 1), end=date(2025, 5, 30), seed=2, bursts=300)
    bursts = truth(replace(config, dirt=replace(CLEAN_ENOUGH, burst_times=5.0))).query("kind == '多人同诉'")
    assert 4 < bursts["times"].median() < 6.5
    assert bursts["times"].quantile(0.1) < 2
    assert bursts["times"].quantile(0.9) > 12
    assert bursts["tickets"].between(4, 60).all()
    clean_bursts = truth(replace(config, dirt=CLEAN_ENOUGH)).query("kind == '多人同诉'")
    assert clean_bursts["times"].median() > 20


def test_the_background_is_what_ordinary_tickets_do(clean):
    """Oracle: over a long window a cell has about as many tickets as its rate says."""
    from features.simulator.plan import make_plan

    plan = make_plan(CITY)
    volume = plan.expected
    leaf, district = (axis.ravel() for axis in np.indices(volume.shape[1:]))
    start = np.full(len(leaf), CITY.first_second + 20 * 86_400 + 9 * 3600)
    end = start + 4 * 86_400 + 8 * 3600
    said = expected_between(
        volume, plan.city, CITY.first_second, leaf=leaf, district=district, start=start, end=end
    ).sum()
    came = clean["受理时间"].between("2026-01-21 09:00", "2026-01-25 17:00").sum()
    assert came == pytest.approx(said, rel=0.12)


def test_dirt_that_cannot_be_is_refused():
    for name in (part.name for part in fields(Dirt)):
        with pytest.raises(SimulatorError, match=name):
            Dirt(**{name: -1.0})
    with pytest.raises(SimulatorError, match="tickets are dirt"):
        Dirt(own_entries=0.5, lists=0.3, imports=0.2)
