"""The six real files: every row is accounted for, and a second load changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from features.lake import Lake
from pipelines.ingest import ingest

FILES = {
    "nyc_council": ("nyc_council_cases_2015_2025", 341_194, 341_194, 0),
    "stuttgart": ("stuttgart_gelbe_karten_2020_2026", 57_937, 57_937, 0),
    "chicago_sanitation": ("chicago_sanitation_2011_2014", 74_217, 73_842, 372),
    "boston_311_2015": ("boston_311_2015_minus5types", 121_145, 121_145, 0),
    "boston_311_2011": ("boston_311_2011H2_full", 58_251, 58_251, 0),
    "boston_animals": ("boston_animals_pests_2013_2023", 62_165, 62_165, 0),
}


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_every_row_is_accounted_for(real_data, settings, clock, name):
    file, read, kept, updated = FILES[name]
    path = real_data / "tickets" / f"{file}.parquet"
    first = ingest([path], name, settings, clock)
    again = ingest([path], name, settings, clock)
    assert (first.read, first.kept, first.updated, first.quarantined) == (read, kept, updated, 0)
    assert (again.unchanged, again.snapshot) == (read, first.snapshot)
    assert Lake.open(settings.lake_path, timezone="UTC").tickets(columns=["ticket_id"]).num_rows == kept


@pytest.mark.real_data
@pytest.mark.slow
def test_two_clocks_of_boston_agree_once_the_mapping_knows(real_data, settings, clock):
    for name in ("boston_311_2015", "boston_animals"):
        ingest([real_data / "tickets" / f"{FILES[name][0]}.parquet"], name, settings, clock)
    lake = Lake.open(settings.lake_path, timezone="America/New_York")
    year = {"since": datetime(2014, 12, 31, tzinfo=UTC), "until": datetime(2016, 1, 2, tzinfo=UTC)}
    rows = lake.tickets(columns=["source", "ticket_id", "opened_at"], **year).to_pandas()
    both = rows.pivot(index="ticket_id", columns="source", values="opened_at").dropna()
    apart = (both["boston_311_2015"] - both["boston_animals"]).abs()
    assert len(both) == 6_224
    assert (apart < timedelta(minutes=1)).mean() > 0.999
