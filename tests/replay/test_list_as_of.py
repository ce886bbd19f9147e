"""What becomes known later never changes an earlier list: all detectors, on a lake, merged into one."""

from __future__ import annotations

import shutil
from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.configuration import RuleConfig, SurgeConfig
from features.knowledge import Knowledge
from features.lake.duck import arrow, duck
from features.lake.overlay import overlaid
from features.lake.schema import TICKETS
from features.ticket_points import placed_tickets
from models.hotspots.ticketframe import between, local_now
from pipelines import run_detectors as findings
from pipelines.run_detectors import configured_thresholds, find_everything

pytestmark = pytest.mark.slow


EVERY_DETECTOR = {"surge", "cluster", "rule", "text", "forecast"}


def later(hotline, as_of, seed: int) -> pa.Table:
    """Return versions known after `as_of`: tickets nobody knew, other categories and districts, deletions."""
    rng = np.random.default_rng(seed)
    with duck() as connection:
        known = arrow(connection, f"SELECT * FROM {hotline.lake.store.scan()}").to_pandas()
    chosen = known.sample(3000, random_state=seed).reset_index(drop=True)
    moments = pd.Timestamp(as_of) + pd.to_timedelta(rng.integers(1, 10**6, len(chosen)), unit="s")
    shuffled = chosen[["category1", "category2", "category", "district", "text"]].sample(frac=1, random_state=seed)
    changed = chosen.assign(
        known_at=moments.tz_convert("UTC").as_unit("us"),
        revision=99,
        deleted=rng.random(len(chosen)) < 0.3,
        **{name: shuffled[name].to_numpy() for name in shuffled},
    )
    new = changed.assign(
        ticket_id=[f"late-{n}" for n in range(len(changed))], key=-np.arange(1, len(changed) + 1), revision=1
    )
    near = new["opened_at"] > pd.Timestamp(as_of) - pd.Timedelta(days=30)
    rows = pd.concat([changed, new[near]])
    naive = {name: rows[name].dt.tz_localize(None) for name in rows.select_dtypes("datetimetz")}
    return pa.Table.from_pandas(rows.assign(**naive), preserve_index=False).select(TICKETS.names).cast(TICKETS)


def judged(hotline, lake, as_of, home) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Return the list, and every cell that the surge detectors judged, alarm or none."""
    settings = hotline.settings.model_copy(update={"home": home, "lake_folder": hotline.settings.lake_path})
    laxest = configured_thresholds(settings).rarer(0.1)
    found = find_everything(settings, as_of, lake=lake, surge=SurgeConfig(), thresholds=laxest)
    return found.candidates(laxest), found.surges


@pytest.mark.parametrize("days", [3, 45])
def test_what_becomes_known_later_changes_no_earlier_list(hotline, tmp_path, days):
    as_of = hotline.end - timedelta(days=days, hours=17)
    before, counts = judged(hotline, hotline.lake, as_of, tmp_path / "before")
    assert {"异动", "预告", "高频"} <= {kind for kinds in before["kinds"] for kind in kinds}
    assert {signal["detector"] for evidence in before["evidence"] for signal in evidence["signals"]} == EVERY_DETECTOR
    pq.write_table(later(hotline, as_of, seed=days), tmp_path / "later.parquet")
    after, again = judged(hotline, overlaid(hotline.lake, tmp_path / "later.parquet"), as_of, tmp_path / "after")
    pd.testing.assert_frame_equal(before, after)
    for freq in ("D", "W"):
        pd.testing.assert_frame_equal(counts[freq], again[freq])


def test_a_large_city_searched_beside_its_counting_has_the_same_list(hotline, tmp_path, monkeypatch):
    as_of = hotline.end - timedelta(days=3, hours=17)
    alone, _ = judged(hotline, hotline.lake, as_of, tmp_path / "alone")
    monkeypatch.setattr(findings, "_CITY", 0)
    beside, _ = judged(hotline, hotline.lake, as_of, tmp_path / "beside")
    pd.testing.assert_frame_equal(beside, alone)


def test_counts_that_the_run_before_left_change_no_list(hotline, tmp_path):
    as_of = hotline.end - timedelta(days=3, hours=17)
    judged(hotline, hotline.lake, as_of - timedelta(days=1), tmp_path / "before")
    shutil.copytree(tmp_path / "before" / "counts", tmp_path / "again" / "counts")
    again, _ = judged(hotline, hotline.lake, as_of, tmp_path / "again")
    alone, _ = judged(hotline, hotline.lake, as_of, tmp_path / "alone")
    pd.testing.assert_frame_equal(again, alone)


def test_tickets_of_a_run_have_words_as_far_back_as_any_detector_reads_them(hotline):
    as_of = hotline.end - timedelta(days=3, hours=17)
    rules = RuleConfig(frequent={"place": "address"}, sensitive={"hours": 100})
    knowledge = Knowledge.at(hotline.settings, as_of, lake=hotline.lake)
    recent = findings._recent(knowledge, rules)
    plain = findings._recent(knowledge, RuleConfig())
    now = local_now(as_of, hotline.settings.timezone)
    worded = between(recent, now - timedelta(hours=100), now)
    assert (worded["text"] != "").mean() > 0.9
    assert (recent["address"] != "").mean() > 0.9
    old = plain["opened_local"] < now - timedelta(days=5)
    assert (plain.loc[old, ["title", "text", "address"]] == "").all(axis=None)
    # An address names the street where the column of streets is empty.
    told = ["title", "text", "address", "street"]
    pd.testing.assert_frame_equal(plain.drop(columns=told), recent.drop(columns=told))
    named = plain["street"] != ""
    assert (plain.loc[named, "street"] == recent.loc[named, "street"]).all()


def test_the_same_rows_known_in_time_do_change_it(hotline, tmp_path):
    as_of = hotline.end - timedelta(days=3, hours=17)
    before, _ = judged(hotline, hotline.lake, as_of, tmp_path / "before")
    pq.write_table(later(hotline, as_of - timedelta(days=12), seed=1), tmp_path / "in-time.parquet")
    after, _ = judged(hotline, overlaid(hotline.lake, tmp_path / "in-time.parquet"), as_of, tmp_path / "after")
    assert not before["sentence"].equals(after["sentence"])


def test_the_lake_hands_over_the_tickets_that_a_table_of_it_holds(hotline):
    as_of = hotline.end - timedelta(days=40)

    def sums(source) -> pd.DataFrame:
        placed = placed_tickets(source, as_of=as_of, timezone="Asia/Shanghai", by="category", days=200)
        label = np.array(placed.labels, dtype=object)[placed.label]
        frame = pd.DataFrame({"label": label, "age": placed.age, "again": placed.again, "lat": placed.lat})
        return frame.sort_values(["lat", "age", "label"], ignore_index=True)

    pd.testing.assert_frame_equal(sums(hotline.lake), sums(hotline.lake.tickets(as_of)))
