"""What detectors count: no own entries, a list typed in by one hand once, and everything else as ever."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.lake import Lake
from features.mappings import Mapping
from features.panel import build_panel
from features.reporters import reports
from features.series import ONE_HAND
from features.sources.staging import Staging
from features.ticket_points import placed_tickets
from models.hotspots.rules import apply_rules

DAY = pd.Timestamp("2026-03-02")
AS_OF = datetime(2026, 3, 20, tzinfo=UTC)
OWN = {"s": ("crew", "import")}


def rows(minutes: list[float], *, channel: str | None = "phone", category: str = "water", caller: str | None = None):
    return pd.DataFrame(
        {
            "ticket_id": [f"{category}-{channel}-{caller}-{n}" for n in range(len(minutes))],
            "opened_at": [DAY + pd.Timedelta(hours=9, minutes=minute) for minute in minutes],
            "category1": "city",
            "category2": "ways",
            "category": category,
            "department": "works",
            "district": "north",
            "channel": channel,
            "caller": caller,
            "lat": 20.0,
            "lon": [110 + 0.001 * (n * 7 % 11) for n in range(len(minutes))],
        }
    )


def counted(*parts: pd.DataFrame) -> pd.DataFrame:
    frame = pd.concat(parts, ignore_index=True)
    table = pa.Table.from_pandas(frame.assign(source="s", opened_local=frame["opened_at"]), preserve_index=False)
    return reports(table, OWN).to_pandas()


def heads(*parts: pd.DataFrame) -> int:
    found = counted(*parts)
    return int(found["caller"].fillna(found["ticket_id"]).nunique())


def test_own_entries_count_for_nothing() -> None:
    assert heads(rows([0, 60, 120]), rows([0, 61, 122], channel="crew"), rows([5], channel="import")) == 3


@pytest.mark.parametrize("step", [0.5, 1, 2, 3])
def test_a_list_typed_in_at_even_gaps_counts_once(step: float) -> None:
    assert heads(rows([step * n for n in range(12)])) == 1


def test_entries_of_one_moment_are_one_import() -> None:
    assert heads(rows([1.0] * 8)) == 1


def test_two_lists_of_a_day_count_twice_and_other_matters_and_channels_apart() -> None:
    typed = [float(n) for n in range(8)]
    assert heads(rows([*typed, *(n + 300 for n in typed)])) == 2
    assert heads(rows(typed), rows(typed, channel="app"), rows(typed, category="trees")) == 3


def test_calls_that_come_by_themselves_each_count_even_many_in_an_hour() -> None:
    draw = np.random.default_rng(3)
    alone = [heads(rows(sorted(draw.uniform(0, 60, 60).tolist()))) for _ in range(40)]
    assert np.mean(alone) > 57


def walk(minutes: list[float], north: np.ndarray, east: np.ndarray, **more: object) -> pd.DataFrame:
    return rows(minutes, channel="app", **more).assign(lat=20 + north / 111, lon=110 + east / 111)


def test_a_walk_along_streets_counts_once_and_where_it_turns_too() -> None:
    draw = np.random.default_rng(5)
    for n in (6, 9, 15):
        minutes = np.sort(draw.uniform(0, 4 * n, n)).tolist()
        on, aside = np.linspace(0, 1.2, n) + draw.normal(0, 0.02, n), draw.normal(0, 0.05, n)
        assert heads(walk(minutes, on, aside)) == 1
        assert heads(walk(minutes, np.minimum(on, 0.6), np.maximum(on - 0.6, 0))) == 1
        assert heads(walk(minutes, on, aside, caller="known")) == 1


@pytest.mark.parametrize("n", [6, 30])
def test_people_who_know_nothing_of_each_other_are_no_walk(n: int) -> None:
    draw = np.random.default_rng(6)
    # No even gaps of minutes: those are a list.
    taken = [heads(walk(draw.uniform(4, 14, n).cumsum().tolist(), *draw.normal(0, 1, (2, n)))) < n for _ in range(60)]
    assert np.mean(taken) <= 0.04


def test_many_at_one_spot_are_no_walk() -> None:
    minutes = [0.0, 7, 9, 20, 22, 31, 40, 44]
    assert heads(walk(minutes, np.full(8, 1 / 3), np.zeros(8))) == 8
    assert heads(walk(minutes, np.linspace(0, 0.05, 8), np.zeros(8))) == 8
    assert heads(walk(minutes, np.full(8, np.nan), np.full(8, np.nan))) == 8


def test_named_callers_are_never_taken_for_one_hand() -> None:
    assert heads(*(rows([float(n)], caller=f"c{n}") for n in range(12))) == 12


def test_a_source_that_knows_only_the_day_has_no_lists() -> None:
    assert heads(rows([-9 * 60.0] * 12)) == 12


def test_a_ticket_without_a_channel_counts_by_itself() -> None:
    assert heads(rows([float(n) for n in range(12)], channel=None)) == 12


def lake_of(path: Path, frame: pd.DataFrame) -> Lake:
    lake = Lake.open(str(path / "lake"), timezone="UTC")
    names = ["ticket_id", "opened_at", "category", "department", "district", "channel", "caller", "lat", "lon"]
    how = Mapping(
        source="s", timezone="UTC", known_at="opened_at", columns={name: name for name in names}, own_channels=OWN["s"]
    )
    texts = frame.assign(opened_at=frame["opened_at"].astype(str))
    with lake.staging() as (load_id, folder):
        staging = Staging(how, into=folder, privacy=None, now=AS_OF, load_id=load_id)
        lake.upsert(staging.rows(pa.Table.from_pandas(texts, preserve_index=False), name="rows"))
    lake.keep_own_channels(how.source, how.own_channels)
    return lake


@pytest.mark.parametrize("kept", [False, True])
def test_a_panel_keeps_every_ticket_and_counts_the_reports_beside_it(tmp_path: Path, kept: bool) -> None:
    late = rows([20 * 60.0 * n for n in range(9)], channel="web")
    crew, typed = rows([7.0] * 6, channel="crew"), rows([1.0, 2, 3, 4, 5, 6], channel="app")
    lake = lake_of(tmp_path, pd.concat([rows([0.0, 50, 130]), crew, typed, late]))
    panel = build_panel(lake, as_of=AS_OF, freq="D", kept=tmp_path / "counts" if kept else None)
    first = panel.y[panel.y["ds"] == DAY].set_index("unique_id")
    assert set(first["y"]) == {16}
    assert set(first["callers"]) == {3 + 1 + 1}
    lake.keep_own_channels("s", ())
    again = build_panel(lake, as_of=AS_OF, freq="D", kept=tmp_path / "counts" if kept else None)
    assert set(again.y.loc[again.y["ds"] == DAY, "callers"]) == {3 + 1 + 1 + 1}
    assert again.y["y"].tolist() == panel.y["y"].tolist()


def test_one_hand_is_no_caller_who_calls_repeatedly() -> None:
    found = counted(rows([float(n) for n in range(12)]), *(rows([200.0 + 5 * n], caller="a") for n in range(4)))
    assert found["caller"].str.startswith(ONE_HAND).sum() == 12
    texts = dict.fromkeys(("street", "address", "title", "text"), "")
    known = found.assign(**texts, known_at=pd.Timestamp(DAY, tz="UTC"))
    hits = apply_rules(known, as_of=AS_OF, timezone="UTC")
    assert hits.loc[hits["kind"] == "一人多诉", "observed"].tolist() == [4]


def test_a_point_that_too_many_share_is_no_place() -> None:
    spread = pd.concat([rows([n * 61.0 for n in range(20)], category=f"c{k}") for k in range(20)])
    spread["lon"] = 110 + 0.001 * np.arange(len(spread))
    hall = rows([n * 61.0 for n in range(150)], category="hall").assign(lat=20.5, lon=110.5)
    frame = pd.concat([spread, hall], ignore_index=True)
    frame["opened_local"], frame["known_at"], frame["source"] = frame["opened_at"], pd.Timestamp(DAY, tz="UTC"), "s"
    found = placed_tickets(frame, as_of=AS_OF, timezone="UTC", by="category", days=60)
    assert 20.5 not in found.lat
    assert len(found.lat) == len(spread)


def test_own_channels_need_a_channel_and_do_not_make_a_file_a_new_one() -> None:
    columns = {"ticket_id": "id", "opened_at": "at"}
    with pytest.raises(ValueError, match="own_channels needs a column for channel"):
        Mapping(source="s", timezone="UTC", known_at="opened_at", columns=columns, own_channels=["crew"])
    with_channel = {"source": "s", "timezone": "UTC", "known_at": "opened_at", "columns": columns | {"channel": "by"}}
    assert Mapping(**with_channel).fingerprint == Mapping(**with_channel, own_channels=["crew"]).fingerprint


def test_what_is_known_of_the_channels_stays_with_the_lake(tmp_path: Path) -> None:
    lake = Lake.open(str(tmp_path / "lake"), timezone="UTC")
    assert lake.own_channels == {}
    lake.keep_own_channels("a", ("x",))
    lake.keep_own_channels("b", ())
    assert Lake.open(str(tmp_path / "lake"), timezone="UTC").own_channels == {"a": ("x",)}
