"""One ticket in two sources is counted once, by the word of the trusted one, and only from when it was known."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from features.errors import BadInputError
from features.lake import Lake
from features.mappings import Mapping
from features.panel import build_panel
from features.settings import Settings, load_settings
from features.sources.staging import Staging
from features.taxonomy import taxonomy_version
from pipelines.cli import app
from pipelines.ingest import ingest

FIELDS = ("ticket_id", "opened_at", "updated_at", "category", "deleted")
RANKED = (("city", "office"),)


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2026, 3, 1, hour, tzinfo=UTC) + timedelta(days=number)


def load(lake: Lake, source: str, rows: list[tuple], **more) -> None:
    how = Mapping(
        source=source,
        timezone="UTC",
        clock="offset",
        known_at="updated_at",
        deleted_values=["gone"],
        columns={name: name for name in FIELDS},
        **more,
    )
    texts = [[value.isoformat() if isinstance(value, datetime) else value for value in row] for row in rows]
    table = pa.table({name: pa.array(values) for name, values in zip(FIELDS, zip(*texts, strict=True), strict=True)})
    with lake.staging() as (load_id, folder):
        staging = Staging(how, into=folder, privacy=None, now=day(90), load_id=load_id, threads=1)
        lake.upsert(staging.rows(table, name="rows"))


def seen(lake: Lake, as_of: datetime | None = None, **span) -> list[tuple[str, str]]:
    rows = lake.tickets(as_of, columns=["source", "ticket_id"], **span).to_pylist()
    return sorted((row["source"], row["ticket_id"]) for row in rows)


@pytest.fixture
def lake(tmp_path) -> Lake:
    opened = Lake.open(str(tmp_path / "lake"), timezone="UTC", precedence=RANKED)
    load(opened, "office", [("1", day(1), day(1), "pest", "no"), ("2", day(1), day(1), "pest", "no")])
    load(opened, "city", [("1", day(2), day(3), "animal", "no"), ("3", day(2), day(2), "animal", "no")])
    return opened


def test_the_trusted_source_has_the_word_from_when_it_knows_the_ticket(lake):
    assert seen(lake) == [("city", "1"), ("city", "3"), ("office", "2")]
    assert seen(lake, day(2, 12)) == [("city", "3"), ("office", "1"), ("office", "2")]
    assert seen(lake, day(1, 12)) == [("office", "1"), ("office", "2")]


def test_a_span_of_time_does_not_hide_the_word_of_the_trusted_source(lake):
    assert seen(lake, until=day(2)) == [("office", "2")]


def test_who_is_asked_for_by_name_is_there(lake):
    rows = lake.tickets(ids=[("office", "1")], columns=["source"])
    assert rows["source"].to_pylist() == ["office"]


def test_what_the_trusted_source_deleted_counts_nowhere(lake):
    load(lake, "city", [("1", day(2), day(5), "animal", "gone")])
    assert seen(lake) == [("city", "3"), ("office", "2")]
    assert seen(lake, day(4)) == [("city", "1"), ("city", "3"), ("office", "2")]


def test_in_a_panel_the_word_holds_where_the_trusted_source_counts(tmp_path):
    lake = Lake.open(str(tmp_path / "lake"), timezone="UTC", precedence=RANKED)
    office = [(str(n), day(n, 3), day(n, 3), "pest", "no") for n in range(10)]
    load(lake, "office", office, covers_from=day(0).date(), complete_through=day(9).date(), ended=True)
    city = [(str(n), day(n, 5), day(n, 5), "animal", "no") for n in range(10)]
    load(lake, "city", city, covers_from=day(0).date(), complete_through=day(4).date(), ended=True)
    panel = build_panel(lake, as_of=day(30), freq="D", levels=["total", "category"])
    total = panel.y[panel.y["unique_id"] == "total"]
    assert total["y"].tolist() == [1] * 10
    by_category = panel.y.merge(panel.static).groupby("category")["y"].sum()
    assert (by_category["animal"], by_category["pest"]) == (5, 5)
    assert build_panel(lake, as_of=day(30), freq="D", sources=["office"], levels=["total"]).y["y"].sum() == 10


rows_of_a_source = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.integers(0, 5), st.booleans()), min_size=1, max_size=8
)


@settings(deadline=None, max_examples=20)
@given(city=rows_of_a_source, office=rows_of_a_source, moment=st.integers(0, 16))
def test_readers_agree_with_plain_pandas(tmp_path_factory, city, office, moment):
    lake = Lake.open(str(tmp_path_factory.mktemp("lake")), timezone="UTC", precedence=RANKED)
    frames = []
    for source, drawn in (("city", city), ("office", office)):
        rows = [
            (i, day(t), day(t + late), f"{n}", "gone" if gone else "no") for n, (i, t, late, gone) in enumerate(drawn)
        ]
        load(lake, source, rows)
        frames.append(pd.DataFrame(rows, columns=list(FIELDS)).assign(source=source))
    told = pd.concat(frames, ignore_index=True)
    known = told[told["updated_at"] <= day(moment)].sort_values("updated_at", kind="stable")
    state = known.drop_duplicates(["source", "ticket_id"], keep="last")
    rank = state["source"].map({"city": 0, "office": 1})
    best = rank.groupby(state["ticket_id"]).transform("min")
    expected = state[(rank == best) & (state["deleted"] == "no")]
    assert seen(lake, day(moment)) == sorted(zip(expected["source"], expected["ticket_id"], strict=True))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("city", "precedence: should be a list"),
        ([["city"]], "a group needs two sources"),
        ([["a", "b"], ["b", "c"]], "names b twice"),
    ],
)
def test_a_wrong_configuration_is_refused(wrong, said, tmp_path):
    config = tmp_path / "weisu.toml"
    config.write_text(f"[taxonomy]\nprecedence = {json.dumps(wrong)}")
    with pytest.raises(BadInputError, match=said):
        load_settings(config=config, environ={})


def test_the_precedence_is_part_of_the_taxonomy_version(tmp_path):
    plain = Settings(home=tmp_path)
    ranked = Settings(home=tmp_path, taxonomy={"precedence": [["a", "b"]]})
    other = Settings(home=tmp_path, taxonomy={"precedence": [["b", "a"]]})
    assert taxonomy_version(plain) == "none"
    assert len({taxonomy_version(one) for one in (plain, ranked, other)}) == 3


@pytest.mark.real_data
def test_bostons_double_counted_tickets_are_gone(real_data, tmp_path, clock, monkeypatch):
    names = {"boston_311_2015": "boston_311_2015_minus5types", "boston_animals": "boston_animals_pests_2013_2023"}
    both = Settings(home=tmp_path / "var", mlruns=tmp_path / "mlruns", hmac_key="test-key", timezone="America/New_York")
    for mapping, file in names.items():
        ingest([real_data / "tickets" / f"{file}.parquet"], mapping, both, clock)
    once = both.changed(taxonomy={"precedence": [list(names)]})
    twice = [total(Lake.of(one)) for one in (both, once)]
    assert twice[0] - twice[1] == 6224
    assert total(Lake.of(both), "boston_311_2015") == total(Lake.of(once), "boston_311_2015")

    monkeypatch.setenv("WEISU_HOME", str(both.home))
    shown = json.loads(CliRunner().invoke(app, ["taxonomy", "sources", "--json"]).stdout)["shared"]
    assert [(one["tickets"], one["near"], one["differences"]) for one in shown] == [(6224, 6224, [[0.0, 6224]])]


def total(lake: Lake, *sources: str) -> int:
    panel = build_panel(
        lake,
        as_of=datetime(2024, 2, 1, tzinfo=UTC),
        freq="D",
        levels=["total"],
        start=date(2013, 1, 1),
        sources=list(sources) or None,
    )
    return int(panel.y["y"].sum())
