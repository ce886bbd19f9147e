"""A cell is what it says: the same tickets from any export are one set, and what was cut or taken together is said."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from typer.testing import CliRunner

from features.errors import QuarantineError
from features.lake import Lake
from features.lake.duck import duck
from features.mappings import Mapping
from features.reasons import ReasonCode
from features.sources.cells import Cell, cleaned, needs_care
from pipelines.cli import app
from pipelines.ingest import AskedSpan, ingest

HEADER = ["id", "opened", "category", "district", "text"]
BLANKS = Mapping.model_fields["blanks"].default
NUMBERS = [100200300 + i for i in range(40)]


def rows(ids: list, *, category: str = "噪声", district: str = "美兰区") -> list[list]:
    return [
        [one, f"2026-03-{i % 28 + 1:02d} {i % 24:02d}:00:00", f"{category}{i % 3}", district, "太吵"]
        for i, one in enumerate(ids)
    ]


def mapping(**changes) -> Mapping:
    columns = {"ticket_id": "id", "opened_at": "opened", "category": "category", "district": "district", "text": "text"}
    return Mapping(
        **({"source": "s", "timezone": "Asia/Shanghai", "known_at": "opened_at", "columns": columns} | changes)
    )


def quoted(cell: object) -> str:
    text = str(cell)
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in '",\n\r') else text


def write(path: Path, table: list[list]) -> Path:
    if path.suffix == ".csv":
        path.write_text("\n".join(",".join(map(quoted, row)) for row in [HEADER, *table]) + "\n", newline="")
    elif path.suffix == ".parquet":
        pq.write_table(pa.table({name: [row[i] for row in table] for i, name in enumerate(HEADER)}), path)
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(dict(zip(HEADER, row, strict=True))) for row in table))
    elif path.suffix == ".db":
        with sqlite3.connect(path) as base:
            base.execute("CREATE TABLE t (id, opened, category, district, text)")
            base.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", table)
    else:
        with xlsxwriter.Workbook(str(path)) as book:
            sheet = book.add_worksheet()
            for line, row in enumerate([HEADER, *table]):
                sheet.write_row(line, 0, row)
    return path


def load(path: Path, settings, clock, how: Mapping | None = None):
    if path.suffix == ".db":
        return ingest([f"sqlite:///{path}"], how or mapping(), settings, clock, span=AskedSpan(query="SELECT * FROM t"))
    return ingest([path], how or mapping(), settings, clock)


def tickets(settings) -> list[dict]:
    return Lake.of(settings).tickets().to_pylist()


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx", "jsonl", "db"])
@pytest.mark.parametrize("number", [float, int, "{}.0".format, "{}.00".format])
def test_numbers_of_any_format_and_type_are_the_same_tickets(tmp_path, settings, clock, kind, number):
    load(write(tmp_path / "first.csv", rows(NUMBERS)), settings, clock)
    summary = load(write(tmp_path / f"then.{kind}", rows([number(one) for one in NUMBERS])), settings, clock)
    assert (summary.kept, summary.updated, summary.unchanged) == (0, 0, 40)


GUARDS = ["\t{}", "{}\t", '="{}"', '\t="{}"', "\ufeff{}", "'{}", "`{}", "'{}'", "{}\n"]
GUARDS += ["\u00a0{} ", "{}\u3000", "\u200b{}", "\u202a{}\u202c", "{}\x00"]


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize("guard", GUARDS)
def test_a_guard_before_an_id_or_a_time_makes_no_other_ticket(tmp_path, settings, clock, kind, guard):
    plain = rows([f"GD{number}" for number in NUMBERS])
    load(write(tmp_path / "first.parquet", plain), settings, clock)
    guarded = [[guard.format(row[0]), guard.format(row[1]), *row[2:]] for row in plain]
    summary = load(write(tmp_path / f"then.{kind}", guarded), settings, clock)
    assert (summary.kept, summary.updated, summary.unchanged) == (0, 0, 40)


@pytest.mark.parametrize("number", ["2.0240305E+16", "2.02403E+16", "2,02E+16", "2E+16", "2.0240305E16", "-1.5e+20"])
def test_an_id_in_scientific_notation_is_refused(tmp_path, settings, clock, number):
    with pytest.raises(QuarantineError, match=r"40 x ticket_id: id in scientific notation"):
        load(write(tmp_path / "a.csv", rows([number] * 40)), settings, clock)


@pytest.mark.parametrize("kind", ["parquet", "xlsx", "db"])
def test_numbers_beyond_what_a_float_tells_apart_are_refused_as_ids(tmp_path, settings, clock, kind):
    with pytest.raises(QuarantineError, match="id in scientific notation"):
        load(write(tmp_path / f"a.{kind}", rows([float(20240305000000000 + i) for i in range(40)])), settings, clock)


def test_a_float_of_32_bits_has_fewer_digits_still(tmp_path, settings, clock):
    table = pq.read_table(write(tmp_path / "a.parquet", rows([float(2**24 + 2 * i) for i in range(40)])))
    pq.write_table(table.set_column(0, "id", table["id"].cast(pa.float32())), tmp_path / "b.parquet")
    with pytest.raises(QuarantineError, match="id in scientific notation"):
        load(tmp_path / "b.parquet", settings, clock)


@pytest.mark.parametrize("one", ["5E3", "12E4567", "1.2.0", "00012", "3.10", "1e5f", "E+5"])
def test_an_id_that_only_looks_like_a_number_stays_as_it_is(tmp_path, settings, clock, one):
    load(write(tmp_path / "a.csv", rows([one])), settings, clock)
    assert [row["ticket_id"] for row in tickets(settings)] == [one]


@pytest.mark.parametrize(
    "word", ["NULL", "null", r"\N", "N/A", "n/a", "nan", "NaN", "(null)", "#N/A", " NULL ", "\tNULL"]
)
@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl", "xlsx"])
def test_a_word_for_nothing_is_blank_in_every_field(tmp_path, settings, clock, kind, word):
    table = rows(["GD1", "GD2"])
    table[0][2:] = [word] * 3
    load(write(tmp_path / f"a.{kind}", table), settings, clock)
    first = tickets(settings)[0]
    assert (first["category"], first["district"], first["text"]) == ("未分类", "未分类", None)
    assert set(first["flags"].split(",")) == {"no_category", "no_district"}


def test_a_mapping_says_which_words_are_blank_and_what_it_translates_is_none(tmp_path, settings, clock):
    path = write(tmp_path / "a.csv", [["1", "2026-03-01 08:00:00", "无", "N/A", "x"], *rows(["2"], district="NULL")])
    load(path, settings, clock, mapping(blanks=["无", "N/A"], values={"district": {"N/A": "外地"}}))
    found = [(row["category"], row["district"]) for row in sorted(tickets(settings), key=lambda row: row["ticket_id"])]
    assert found == [("未分类", "外地"), ("噪声0", "NULL")]


def test_a_value_rewritten_to_nothing_is_blank(tmp_path, settings, clock):
    load(write(tmp_path / "a.csv", rows(["1"], district="-")), settings, clock, mapping(values={"district": {"-": ""}}))
    assert tickets(settings)[0]["flags"] == "no_district"


def test_an_apostrophe_leaves_a_label_only_where_the_whole_column_has_it(tmp_path, settings, clock):
    table = rows(["1", "2", "3"])
    for row, district in zip(table, ["'s-Hertogenbosch", "Tilburg", "`x`"], strict=True):
        row[2], row[3], row[4] = "'" + row[2], district, "'t Zand"
    load(write(tmp_path / "a.csv", table), settings, clock)
    found = {(row["category"], row["district"], row["text"]) for row in tickets(settings)}
    assert found == {
        ("噪声0", "'s-Hertogenbosch", "'t Zand"),
        ("噪声1", "Tilburg", "'t Zand"),
        ("噪声2", "`x`", "'t Zand"),
    }


def test_an_apostrophe_before_a_single_label_stays(tmp_path, settings, clock):
    load(write(tmp_path / "a.csv", rows(["1", "2"], district="'s-Hertogenbosch")), settings, clock)
    assert {row["district"] for row in tickets(settings)} == {"'s-Hertogenbosch"}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("噪音\n扰民", "噪音扰民"),
        ("噪音 \r\n 扰民", "噪音扰民"),
        ("Illegal\nparking\tlot", "Illegal parking lot"),
        ("噪音\u200b扰民", "噪音扰民"),
        ("\u202b噪音扰民\u202c", "噪音扰民"),
        ("噪音扰民\ufeff", "噪音扰民"),
        ("噪音　扰民", "噪音　扰民"),
        ("5.0", "5"),
        ("版本5.0", "版本5.0"),
    ],
)
def test_what_nobody_sees_leaves_a_label(tmp_path, settings, clock, written, read):
    path = write(tmp_path / "a.parquet", [["1", "2026-03-01 08:00:00", written, written, "x"]])
    load(path, settings, clock)
    assert (tickets(settings)[0]["category"], tickets(settings)[0]["district"]) == (read, read)


def test_a_caller_whose_digits_were_cut_is_nobody(tmp_path, settings, clock):
    columns = mapping().columns | {"caller": ("text",)}
    table = rows(["1", "2", "3"])
    for row, caller in zip(table, ["1.39E+10", "1.39E+10", "13907551234"], strict=True):
        row[4] = caller
    summary = load(write(tmp_path / "a.csv", table), settings, clock, mapping(columns=columns))
    assert [row["caller"] is None for row in tickets(settings)] == [True, True, False]
    assert [(one.code, one.params["rows"]) for one in summary.degraded] == [(ReasonCode.DIGITS_LOST, 2)]


def test_ids_that_become_one_are_reported(tmp_path, settings, clock):
    same, other = "2026-03-01 08:00:00", "2026-03-02 08:00:00"
    table = [["7", same], ["7.0", same], ["'8", same], ["8", other], ["9\t", same]]
    summary = load(write(tmp_path / "a.csv", [[*row, "噪声", "美兰区", "x"] for row in table]), settings, clock)
    said = {one.code: one.params.get("tickets") for one in (*summary.degraded, *summary.notices)}
    assert (said[ReasonCode.IDS_BECAME_ONE], said[ReasonCode.IDS_WRITTEN_TWICE]) == (1, 1)


@pytest.mark.parametrize(("repeated", "exit_code"), [(1, 0), (2, 3), (20, 3), (21, 1)])
def test_rows_that_repeat_an_id_with_another_opening_are_counted(tmp_path, settings, monkeypatch, repeated, exit_code):
    monkeypatch.setenv("WEISU_HOME", str(settings.home))
    table = rows([f"GD{i}" for i in range(100 - repeated)]) + [
        ["GD0", f"2026-04-{i + 1:02d} 08:00:00", "噪声", "美兰区", "x"] for i in range(repeated)
    ]
    path = write(tmp_path / "a.csv", table)
    (tmp_path / "m.toml").write_text(
        'source = "s"\ntimezone = "Asia/Shanghai"\nknown_at = "opened_at"\n[columns]\nticket_id = "id"\n'
        'opened_at = "opened"\ncategory = "category"\ndistrict = "district"\n'
    )
    result = CliRunner().invoke(app, ["ingest", str(path), "--mapping", str(tmp_path / "m.toml"), "--json"])
    failed = getattr(result.exception, "exit_code", result.exit_code)
    assert failed == exit_code
    if exit_code == 3:
        document = json.loads(result.stdout)
        assert document["moved"] == repeated
        assert [one["code"] for one in document["degraded_reasons"]] == ["ids_repeat"]
        assert f"{repeated} of 100 rows repeat an id of the file with another opening" in result.stderr
    assert len(tickets(settings)) == (0 if exit_code == 1 else 100 - repeated)


def test_how_many_rows_may_repeat_an_id_is_the_mapping_s_to_say(tmp_path, settings, clock):
    table = rows(["1"] * 20)
    summary = load(write(tmp_path / "a.csv", table), settings, clock, mapping(repeat_warning=1, repeat_limit=1))
    assert (summary.moved, summary.degraded) == (19, ())
    strict = mapping(source="t", repeat_limit=0)
    with pytest.raises(QuarantineError, match="19 of 20 rows repeat an id with another opening; nothing was kept"):
        load(tmp_path / "a.csv", settings, clock, strict)


SEEN = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=12)
UNSEEN = st.text(st.sampled_from("\t\n\r \u00a0\u3000\u200b\u200e\u202a\u2066\ufeff\x00\x1f\x7f\x85\u2028"), max_size=3)


@given(before=UNSEEN, value=SEEN, after=UNSEEN, cell=st.sampled_from([Cell.ID, Cell.LABEL, Cell.TIME]))
@examples(max_examples=300, deadline=None)
def test_what_stands_around_a_value_changes_nothing(before, value, after, cell):
    sql = f"SELECT {cleaned('$1', cell, care=needs_care(['$1'], BLANKS), blanks=BLANKS)}"
    with duck(threads=1) as connection:
        dressed = connection.execute(sql, [before + value + after]).fetchone()
        plain = connection.execute(sql, [value]).fetchone()
        again = connection.execute(sql, [plain[0]]).fetchone()
    assert dressed == plain == again
