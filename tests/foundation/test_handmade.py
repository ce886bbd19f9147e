"""Rows of hand-kept files are named by the line on which an editor shows them."""

import csv
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.areas import check_areas, load_areas
from features.calendars import EventError, OverrideError, read_events, read_overrides
from features.csv_tables import CsvTableError, lines_of, read_csv_table
from features.taxonomy import CrosswalkError, read_crosswalk
from features.weather import WeatherError, read_weather


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_every_row_has_its_line_whatever_stands_between(tmp_path):
    text = '\ufeff\nname,note\n\na,"two\nlines"\n , \nb\r\n'
    table = read_csv_table(written(tmp_path / "t.csv", text))
    assert table.index.tolist() == [4, 7]
    assert table.to_dict("list") == {"name": ["a", "b"], "note": ["two\nlines", ""]}
    assert lines_of(table).tolist() == [4, 7]
    assert lines_of(pd.DataFrame({"a": [1, 2]})).tolist() == [2, 3], "a table from no file: as if under a header"


CELLS = st.text(alphabet='ab,"\n x', max_size=6)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=8))
def test_a_line_is_where_the_record_begins(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("h") / "t.csv"
    begins = []
    with path.open("w", newline="", encoding="utf-8") as file:
        file.write("one,two\n")
        for row in rows:
            file.flush()
            begins.append(path.read_text(encoding="utf-8").count("\n") + 1)
            csv.writer(file, lineterminator="\n").writerow(row)
    table = read_csv_table(path)
    kept = [(line, row) for line, row in zip(begins, rows, strict=True) if any(cell.strip() for cell in row)]
    assert [(line, tuple(row)) for line, *row in table.itertuples()] == kept


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "it is empty"),
        ("a\n" + "x" * 200_000, "line 2: field larger"),
        ("\n\n", "it is empty"),
        ("a,b\n\n1,2,3\n", "line 3 has 3 cells, the header 2"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(tmp_path, text, match):
    with pytest.raises(CsvTableError, match=match):
        read_csv_table(written(tmp_path / "t.csv", text))


@pytest.mark.parametrize(
    ("read", "error", "text", "match"),
    [
        (
            read_overrides,
            OverrideError,
            "date,kind,name\n2027-01-01,holiday,New Year\n\n2027-13-01,holiday,x\n",
            r"c\.csv: line 4 has no valid date: .*2027-13-01",
        ),
        (
            lambda path: read_events(path, timezone="UTC"),
            EventError,
            'name,kind,start,end,registered_at\n"a\nb",event,2026-01-01,2026-01-01,2026-01-01\nc,feast,2026-01-01,,\n',
            "line 4 has an unknown kind",
        ),
        (
            lambda path: read_weather(path, timezone="UTC"),
            WeatherError,
            "date,tmax\n\n2026-01-01,5\n2026-01-02,99\n",
            "line 4 has an impossible tmax",
        ),
        (
            read_crosswalk,
            CrosswalkError,
            "old,new,valid_from\n\nA,B,2023-01-01\n\nC,,2023-01-01\n",
            r"row 5 \(C\) has no old or no new label",
        ),
        (read_overrides, OverrideError, "date,kind\n2027-01-01,holiday,New Year\n", "line 2 has 3 cells"),
    ],
)
def test_readers_name_the_line_of_the_file(tmp_path, read, error, text, match):
    with pytest.raises(error, match=match):
        read(written(tmp_path / "c.csv", text))


def test_areas_name_the_line_of_a_csv(tmp_path):
    areas = load_areas(written(tmp_path / "a.csv", "code,name\nA,a\n\n,b\n"))
    assert [problem.message for problem in check_areas(areas)] == ["line 4 has no code"]
