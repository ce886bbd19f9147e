"""Shipped mappings, mappings of one's own, and proposals."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.mappings import MappingError, load_mapping, mapping_names
from features.mappings.shipped import parse_mapping
from features.sources.suggest import suggest_mapping

MINIMAL = """
source = "city"
timezone = "Asia/Shanghai"
known_at = "opened_at"
[columns]
ticket_id = "id"
opened_at = ["opened", "created"]
"""


@pytest.mark.parametrize("name", mapping_names())
def test_every_shipped_mapping_is_valid_and_says_what_it_is(name):
    mapping = load_mapping(name)
    assert mapping.title
    assert mapping.source == name


def test_a_wrong_name_gets_a_suggestion():
    with pytest.raises(MappingError, match="did you mean nyc_council"):
        load_mapping("nyc_counsil")


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(MINIMAL)
    assert load_mapping(path).columns["opened_at"] == ("opened", "created")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("Asia/Shanghai", "China"), "unknown time zone 'China'"),
        (('ticket_id = "id"', ""), "must name ticket_id"),
        (('ticket_id = "id"', 'ticket_id = "id"\ncolour = "c"'), "unknown fields colour"),
        (('"opened_at"', '"updated_at"'), "needs a column for updated_at"),
        (('"opened_at"', '"someday"'), "known_at"),
        (("[columns]", "[columns"), "not valid TOML"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(change, message):
    with pytest.raises(MappingError, match=message):
        parse_mapping(MINIMAL.replace(*change, 1), where="here")


def suggest(tmp_path: Path, text: str):
    path = tmp_path / "export.csv"
    path.write_text(text)
    return suggest_mapping(path, timezone="Asia/Shanghai")


def test_a_proposal_can_be_used_as_it_is(tmp_path):
    rows = "\n".join(f"A{i},2026-03-{i:02d} 08:00:00,噪声,美兰区,20.0{i},110.{i}" for i in range(1, 29))
    suggestion = suggest(tmp_path, f"工单编号,受理时间,三级事项,区县,纬度,经度\n{rows}\n")
    mapping = parse_mapping(suggestion.toml, where="proposal")
    assert mapping.columns["ticket_id"] == ("工单编号",)
    assert mapping.columns["lat"] == ("纬度",)
    assert all(guess.confidence > 0.85 for guess in suggestion.guesses)


def test_columns_of_other_names_and_tongues_are_found(tmp_path):
    rows = "\n".join(f"{9000 + i};{i:02d}.03.2026 08:0{i % 9};{i:02d}.04.2026;Müll;West" for i in range(1, 29))
    suggestion = suggest(tmp_path, f"Meldungsnummer;Eingang;Erledigt;Kategorie;Stadtbezirk\n{rows}\n")
    mapping = parse_mapping(suggestion.toml, where="proposal")
    assert {field: names[0] for field, names in mapping.columns.items()} == {
        "ticket_id": "Meldungsnummer",
        "opened_at": "Eingang",
        "closed_at": "Erledigt",
        "category": "Kategorie",
        "district": "Stadtbezirk",
    }
    assert set(mapping.time_formats) == {"%d.%m.%Y %H:%M", "%d.%m.%Y"}


def test_values_tell_what_no_name_does(tmp_path):
    rows = "\n".join(f"x{i},{i:02d}/02/2026 10:00,{i % 2}" for i in range(1, 29))
    suggestion = suggest(tmp_path, f"a,b,c\n{rows}\n")
    found = {guess.field: (guess.column, guess.confidence) for guess in suggestion.guesses}
    assert found == {"opened_at": ("b", 0.5), "ticket_id": ("a", 0.5)}
    assert "not used: c" in suggestion.warnings
    assert suggestion.formats == {"%d/%m/%Y %H:%M": 1.0}


def test_a_day_that_could_be_a_month_is_pointed_out(tmp_path):
    suggestion = suggest(tmp_path, "id,created\n1,02/03/2026\n2,04/05/2026\n")
    assert "opened_at: month before day is assumed: check time_formats" in suggestion.warnings


def test_mixed_time_formats_are_named(tmp_path):
    suggestion = suggest(tmp_path, "id,created\n1,2026-03-02 08:00:00\n2,2026/03/02 08:00\n3,02.03.2026\n")
    assert set(suggestion.formats) == {"%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M", "%d.%m.%Y"}
    assert any("several formats" in warning for warning in suggestion.warnings)


def test_dates_without_a_time_and_missing_ids_are_pointed_out(tmp_path):
    suggestion = suggest(tmp_path, "kind,created\nx,2026-03-02\nx,2026-03-03\n")
    assert "no column for ticket_id: name it by hand" in suggestion.warnings
    assert "date_only = true" in suggestion.toml


def test_the_usual_name_wins_over_a_column_that_says_the_same_everywhere(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,created,type,category\n" + "".join(f"{n},2026-03-02,SAN,kind {n % 3}\n" for n in range(9)))
    found = {guess.field: guess.column for guess in suggest_mapping(path).guesses}
    assert found["category"] == "category"
