"""The panel against plain pandas: slow, obvious, written from the definition."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.lake import Lake
from features.lake.upkeep import optimize
from features.mappings import Mapping
from features.panel import PanelError, build_panel, build_panels
from features.panel import count_cache as kept
from features.series import LEVELS, series_id
from features.sources.staging import Staging
from features.vocabulary import Frequency

KEPT_LEVELS = ["cell", "category", "total"]
FREQS = {"W": "W-MON", "D": "D", "h": "h"}
LENGTHS = {"W": pd.Timedelta(weeks=1), "D": pd.Timedelta(days=1), "h": pd.Timedelta(hours=1)}
PARENTS = {"油烟": ("环保", "大气"), "扬尘": ("环保", "大气"), "占道": ("城管", "市容"), "噪声": ("环保", "声音")}


def mapping(source: str, **more) -> Mapping:
    names = ["ticket_id", "opened_at", "updated_at", "category1", "category2", "category", "district", "department"]
    columns = {name: name for name in [*names, "caller"]}
    return Mapping(source=source, timezone="Asia/Shanghai", known_at="updated_at", columns=columns, **more)


def random_rows(seed: int, count: int, start: str, days: int) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    opened = pd.Timestamp(start) + pd.to_timedelta(np.sort(generator.integers(0, days * 86400, count)), unit="s")
    category = generator.choice(list(PARENTS), count)
    rows = pd.DataFrame(
        {
            "ticket_id": [f"T{i}" for i in range(count)],
            "opened_at": opened,
            "updated_at": opened + pd.to_timedelta(generator.integers(0, 3 * 86400, count), unit="s"),
            "category1": [PARENTS[c][0] for c in category],
            "category2": [PARENTS[c][1] for c in category],
            "category": category,
            "district": generator.choice(["美兰区", "龙华区", "琼山区"], count, p=[0.6, 0.3, 0.1]),
            "department": np.where(category == "占道", "城管局", "环保局"),
            "caller": generator.choice([*"abcdefgh", None], count),
        }
    )
    revised = rows.sample(frac=0.3, random_state=seed)
    revised["updated_at"] += pd.Timedelta(days=5)
    revised["district"] = "龙华区"
    return pd.concat([rows, revised], ignore_index=True)


def load(lake: Lake, rows: pd.DataFrame, how: Mapping) -> None:
    texts = rows.assign(**{name: rows[name].astype(str) for name in ("opened_at", "updated_at")})
    with lake.staging() as (load_id, folder):
        table = pa.Table.from_pandas(texts, preserve_index=False)
        now = datetime(2026, 9, 1, tzinfo=UTC)
        staging = Staging(how, into=folder, privacy=None, now=now, load_id=load_id)
        lake.upsert(staging.rows(table, name="rows"))


def oracle(rows: pd.DataFrame, *, freq: str, as_of: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """One series at a time, one period at a time."""
    known = rows[rows["updated_at"] <= as_of].sort_values("updated_at", kind="stable")
    state = known.drop_duplicates(["source", "ticket_id"], keep="last")
    state = state[(state["opened_at"] >= state["first"]) & (state["opened_at"] < end)]
    state = state.assign(ds=state["opened_at"].dt.to_period("W-SUN" if freq == "W" else freq).dt.start_time)
    result = []
    for level, named in LEVELS.items():
        groups = state.groupby(list(named)) if named else [((), state)]
        for key, group in groups:
            values = dict(zip(named, key, strict=True))
            for ds in pd.date_range(group["ds"].min(), end - LENGTHS[freq], freq=FREQS[freq]):
                here = group[group["ds"] == ds]
                callers = here["caller"].nunique() + here["caller"].isna().sum()
                result.append((series_id(level, values), ds, len(here), callers))
    return pd.DataFrame(result, columns=["unique_id", "ds", "y", "callers"])


def assert_same(panel, expected: pd.DataFrame) -> None:
    keys = ["unique_id", "ds"]
    expected = expected.astype(panel.y.dtypes.to_dict()).sort_values(keys, ignore_index=True)
    pd.testing.assert_frame_equal(panel.y.sort_values(keys, ignore_index=True), expected)


@pytest.fixture(scope="module")
def two_sources(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, pd.DataFrame]:
    lake = Lake.open(str(tmp_path_factory.mktemp("panel") / "lake"), timezone="Asia/Shanghai")
    first = random_rows(1, 400, "2026-01-07 00:00", 60)
    second = random_rows(2, 200, "2026-01-20 06:00", 50)
    load(lake, first, mapping("one", complete_through=date(2026, 3, 3)))
    load(lake, second, mapping("two", complete_through=date(2026, 3, 8)))
    return lake, pd.concat([first.assign(source="one"), second.assign(source="two")], ignore_index=True)


@pytest.mark.parametrize(
    ("freq", "as_of", "end"),
    [
        ("W", "2026-04-01", "2026-03-02"),
        ("W", "2026-02-11 10:00", "2026-02-09"),
        ("D", "2026-04-01", "2026-03-04"),
        ("D", "2026-02-11 10:00", "2026-02-11"),
        ("h", "2026-01-31 10:30", "2026-01-31 10:00"),
    ],
)
def test_panel_equals_the_oracle(two_sources, freq, as_of, end):
    lake, rows = two_sources
    moment = pd.Timestamp(as_of)
    panel = build_panel(lake, as_of=moment.tz_localize("Asia/Shanghai").to_pydatetime(), freq=freq)
    starts = {"W": ("2026-01-12", "2026-01-26"), "D": ("2026-01-07", "2026-01-20"), "h": ("2026-01-07", "2026-01-20")}
    first = rows["source"].map(dict(zip(("one", "two"), map(pd.Timestamp, starts[freq]), strict=True)))
    expected = oracle(rows.assign(first=first), freq=freq, as_of=moment, end=pd.Timestamp(end))
    assert panel.data_through == pd.Timestamp(end)
    assert_same(panel, expected)


def test_every_series_has_a_static_row_and_levels_add_up(two_sources):
    lake, _ = two_sources
    panel = build_panel(lake, as_of=datetime(2026, 4, 1, tzinfo=UTC), freq="W")
    assert set(panel.y["unique_id"]) == set(panel.static["unique_id"])
    assert panel.static["unique_id"].is_unique
    sums = panel.y.merge(panel.static).groupby(["ds", "level"])["y"].sum()
    assert sums.groupby("ds").agg(lambda levels: levels.max() - levels.min()).eq(0).all()


def test_start_keeps_what_was_seen_before(two_sources):
    lake, _ = two_sources
    whole = build_panel(lake, as_of=datetime(2026, 4, 1, tzinfo=UTC), freq="D")
    late = build_panel(lake, as_of=datetime(2026, 4, 1, tzinfo=UTC), freq="D", start=date(2026, 2, 20))
    expected = whole.y[whole.y["ds"] >= "2026-02-20"]
    pd.testing.assert_frame_equal(late.y, expected.reset_index(drop=True))


@pytest.mark.parametrize("keeps", [False, True])
def test_several_frequencies_read_together_are_as_read_apart(two_sources, tmp_path, keeps):
    lake, _ = two_sources
    as_of = datetime(2026, 4, 1, tzinfo=UTC)
    starts = {Frequency.DAILY: date(2026, 2, 20), Frequency.WEEKLY: None, Frequency.HOURLY: date(2026, 1, 25)}
    together = build_panels(lake, as_of=as_of, starts=starts, kept=tmp_path / "counts" if keeps else None)
    for freq, start in starts.items():
        apart = build_panel(lake, as_of=as_of, freq=freq, start=start)
        pd.testing.assert_frame_equal(together[freq].y, apart.y)
        pd.testing.assert_frame_equal(together[freq].static, apart.static)


def test_levels_and_sources_can_be_chosen(two_sources):
    lake, _ = two_sources
    panel = build_panel(lake, as_of=datetime(2026, 4, 1, tzinfo=UTC), freq="D", sources=["two"], levels=["total"])
    assert panel.static["unique_id"].tolist() == ["total"]
    assert panel.data_through == pd.Timestamp("2026-03-09")


def test_a_source_that_ended_holds_nobody_back(tmp_path: Path):
    lake = Lake.open(str(tmp_path / "lake"), timezone="Asia/Shanghai")
    rows = random_rows(3, 50, "2026-01-07 00:00", 20)
    load(lake, rows, mapping("old", complete_through=date(2026, 1, 25), ended=True))
    load(lake, random_rows(4, 50, "2026-01-07 00:00", 50), mapping("new", complete_through=date(2026, 2, 25)))
    panel = build_panel(lake, as_of=datetime(2026, 4, 1, tzinfo=UTC), freq="D")
    assert panel.data_through == pd.Timestamp("2026-02-26")


def test_without_a_promise_the_last_arrival_ends_the_panel(tmp_path: Path):
    lake = Lake.open(str(tmp_path / "lake"), timezone="Asia/Shanghai")
    rows = random_rows(3, 50, "2026-01-07 00:00", 20)
    load(lake, rows, mapping("feed"))
    panel = build_panel(lake, as_of=datetime(2026, 4, 1, tzinfo=UTC), freq="D")
    assert panel.data_through == rows["updated_at"].max().normalize()


def test_what_is_asked_for_must_exist(two_sources):
    lake, _ = two_sources
    moment = datetime(2026, 4, 1, tzinfo=UTC)
    with pytest.raises(PanelError, match="unknown frequency 'M'"):
        build_panel(lake, as_of=moment, freq="M")
    with pytest.raises(PanelError, match="unknown levels street"):
        build_panel(lake, as_of=moment, freq="W", levels=["street"])
    with pytest.raises(PanelError, match="no source three"):
        build_panel(lake, as_of=moment, freq="W", sources=["three"])
    with pytest.raises(PanelError, match="no complete period is known yet"):
        build_panel(lake, as_of=datetime(2020, 1, 1, tzinfo=UTC), freq="W")


def assert_counted_alike(lake: Lake, folder: Path, as_of: pd.Timestamp, **options: object) -> None:
    for freq in ("D", "W"):
        plain, fast = (
            build_panel(lake, as_of=as_of.to_pydatetime(), freq=freq, levels=KEPT_LEVELS, kept=where, **options)
            for where in (None, folder)
        )
        pd.testing.assert_frame_equal(plain.y, fast.y)
        pd.testing.assert_frame_equal(plain.static, fast.static)
        assert plain.data_through == fast.data_through


def moments(seed: int, first: str = "2026-03-01") -> list[pd.Timestamp]:
    steps = np.random.default_rng(seed).integers(1, 30 * 24, 6).cumsum()
    return [pd.Timestamp(first, tz="Asia/Shanghai") + timedelta(hours=int(step)) for step in steps]


@pytest.mark.parametrize("seed", range(3))
def test_kept_counts_are_the_counts(tmp_path: Path, seed: int) -> None:
    """Later moments, late loads of old tickets, other sources, moved openings, a compaction in between."""
    lake = Lake.open(str(tmp_path / "lake"), timezone="Asia/Shanghai")
    rows = random_rows(seed, 900, "2026-01-01", 150)
    late = rows.assign(ticket_id="L" + rows["ticket_id"]).sample(200, random_state=seed)
    moved = rows.sample(60, random_state=seed + 1).drop_duplicates("ticket_id")
    moved = moved.assign(
        opened_at=moved["opened_at"] + timedelta(days=40), updated_at=moved["updated_at"] + timedelta(days=60)
    )
    loads = [("a", rows), ("a", late), None, ("a", moved), ("b", random_rows(seed + 9, 300, "2026-02-01", 120)), None]
    for as_of, step in zip(moments(seed), loads, strict=True):
        if step is None:
            optimize(lake)
        else:
            load(lake, step[1], mapping(step[0]))
        assert_counted_alike(lake, tmp_path / "kept", as_of)
    assert_counted_alike(lake, tmp_path / "kept", as_of, start=(as_of - timedelta(days=40)).date())
    assert_counted_alike(lake, tmp_path / "kept", as_of - timedelta(days=33))


def test_only_what_is_new_is_counted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = Lake.open(str(tmp_path / "lake"), timezone="Asia/Shanghai")
    load(lake, random_rows(0, 900, "2026-01-01", 150), mapping("a"))
    counted = []
    original = kept._count
    monkeypatch.setattr(kept, "_count", lambda *args: (counted.append(args[3]), original(*args)))
    as_of = pd.Timestamp("2026-04-20", tz="Asia/Shanghai")
    for day in (0, 1, 1):
        assert_counted_alike(lake, tmp_path / "kept", as_of + timedelta(days=day))
    first, second = counted
    assert first is None
    assert 0 < len(second) <= 2


def test_an_erasure_is_counted_from_nothing(tmp_path: Path) -> None:
    lake = Lake.open(str(tmp_path / "lake"), timezone="Asia/Shanghai")
    load(lake, random_rows(0, 400, "2026-01-01", 100), mapping("a"))
    as_of = pd.Timestamp("2026-04-20", tz="Asia/Shanghai")
    assert_counted_alike(lake, tmp_path / "kept", as_of)
    lake.store.table().delete("ticket_id < 'T2'")
    assert_counted_alike(lake, tmp_path / "kept", as_of + timedelta(days=1))
    (tmp_path / "kept" / "state.json").write_text("{")
    assert_counted_alike(lake, tmp_path / "kept", as_of + timedelta(days=2))
