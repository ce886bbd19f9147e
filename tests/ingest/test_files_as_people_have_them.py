"""Files as people have them: sheets, headers, title lines, quotes, line ends, encodings; what is said of them."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from typer.testing import CliRunner

from features.errors import MappingError, SourceError
from features.lake import Lake
from features.lake.duck import duck
from features.mappings import Mapping
from features.reasons import ReasonCode
from features.sources.encoding import judge_encoding
from features.sources.headers import find_header, named
from features.sources.suggest import suggest_mapping
from features.sources.tables import mended, raw_table
from pipelines.cli import app
from pipelines.ingest import ingest

HEADER = ["工单编号", "受理时间", "三级事项", "区县", "承办单位", "诉求内容"]


def row(i: int, text: str = "正常内容, 逗号") -> list[str]:
    return [f"GD{i:04d}", f"2026-03-{i % 28 + 1:02d} 08:00:00", f"噪音{i % 3}", "美兰区", "住建局", text]


def table(count: int = 60) -> list[list[str]]:
    return [row(i) for i in range(count)]


def line(cells: list[str]) -> str:
    return ",".join(f'"{cell}"' if "," in cell or "\n" in cell else cell for cell in cells)


def text_of(rows: list[list[str]], header: list[str] | None = None, end: str = "\n") -> str:
    return "".join(line(cells) + end for cells in [header or HEADER, *rows])


def load(path: Path, settings, clock, how: str | Mapping = "zh_12345"):
    return ingest([path], how, settings, clock)


def ids(settings) -> set[str]:
    return set(Lake.of(settings).tickets()["ticket_id"].to_pylist())


def codes(summary) -> list[str]:
    return [one.code for one in (*summary.degraded, *summary.notices)]


def said(summary, code: ReasonCode) -> dict:
    return next(dict(one.params) for one in (*summary.degraded, *summary.notices) if one.code == code)


def write_book(path: Path, sheets: dict[str, list[list]]) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, cells in enumerate(rows):
                sheet.write_row(number, 0, cells)
    return path


# -- sheets ------------------------------------------------------------------------------------------------------------


def test_all_sheets_with_the_columns_are_read_and_the_summary_in_front_is_passed_over(tmp_path, settings, clock):
    summary_sheet = [["2026年一季度汇总"], ["区县", "件数", "同比", "办结率"], ["美兰区", 40, 1, 1], ["合计", 60, 1, 1]]
    sheets = {"汇总": summary_sheet, "1月": [HEADER, *table()[:20]], "空": []}
    # The same columns in another order, and one more.
    sheets["2月"] = [[*reversed(HEADER), "备注"], *[[*reversed(cells), "x"] for cells in table()[20:40]]]
    sheets["3月"] = [["三月工单"], HEADER, *table()[40:]]
    summary = load(write_book(tmp_path / "a.xlsx", sheets), settings, clock)
    assert (summary.kept, ids(settings)) == (60, {cells[0] for cells in table()})
    assert said(summary, ReasonCode.SHEETS_READ)["sheets"] == ["1月", "2月", "3月"]
    assert said(summary, ReasonCode.SHEETS_LEFT)["sheets"] == ["汇总"]
    assert summary.degraded == ()


def test_a_sheet_with_ids_that_lacks_a_column_is_doubtful(tmp_path, settings, clock):
    sheets = {"工单": [HEADER, *table()], "回访": [["工单编号", "满意度"], ["GD0001", "满意"]]}
    summary = load(write_book(tmp_path / "a.xlsx", sheets), settings, clock)
    assert summary.kept == 60
    assert [one.code for one in summary.degraded] == [ReasonCode.SHEETS_UNLIKE]


def test_what_is_said_of_sheets_stands_in_both_outputs(tmp_path, settings, monkeypatch):
    monkeypatch.setenv("WEISU_HOME", str(settings.home))
    path = write_book(
        tmp_path / "a.xlsx", {"1月": [HEADER, *table()[:5]], "回访": [["工单编号", "x"], ["GD0001", "y"]]}
    )
    result = CliRunner().invoke(app, ["ingest", str(path), "--mapping", "zh_12345", "--json"])
    assert result.exit_code == 3
    document = json.loads(result.stdout)
    assert [one["code"] for one in document["notices"]] == ["sheets_read"]
    assert [one["code"] for one in document["degraded_reasons"]] == ["sheets_unlike"]
    assert "the sheets 回访 have ids but lack other columns" in result.stderr


def test_a_workbook_of_another_name_is_a_workbook(tmp_path, settings, clock):
    book = write_book(tmp_path / "a.xlsx", {"1": [HEADER, *table()]})
    assert load(book.rename(tmp_path / "a.csv"), settings, clock).kept == 60


# -- headers -----------------------------------------------------------------------------------------------------------

UPPER = ["工单编号", "受理时间", "事项分类", "", "", "区县", "办理情况", ""]
LOWER = ["", "", "一级事项", "二级事项", "三级事项", "", "承办单位", "办结时间"]


def grouped(count: int = 60) -> list[list[str]]:
    return [
        [*row(i)[:2], "城建", "市政", f"噪音{i % 3}", "美兰区", "住建局", "2026-04-01 08:00:00"] for i in range(count)
    ]


@pytest.mark.parametrize("kind", ["xlsx", "csv", "merged.xlsx", "xls"])
@pytest.mark.parametrize("above", [0, 2])
def test_a_header_over_two_rows_gives_the_lower_names(tmp_path, settings, clock, kind, above):
    rows = [[f"某市12345工单导出 {i}"] for i in range(above)] + [UPPER, LOWER, *grouped()]
    path = tmp_path / f"a.{kind}"
    if kind == "csv":
        path.write_text("".join(line(cells) + "\n" for cells in rows))
    elif kind == "xls":
        cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in one) + "</tr>" for one in rows)
        path.write_text(f"<html><table>{cells}</table></html>")
    else:
        write_book(path, {"1": rows})
    summary = load(path, settings, clock)
    found = Lake.of(settings).tickets().to_pylist()
    assert summary.kept == 60
    assert {(one["category1"], one["category2"], one["department"]) for one in found} == {("城建", "市政", "住建局")}


def test_groups_are_found_without_a_mapping_and_a_first_row_with_blanks_is_no_header():
    header = find_header([["导出"], UPPER, LOWER, *grouped(3)])
    assert (header.top, header.body) == (1, 3)
    assert header.names[2:5] == ("一级事项", "二级事项", "三级事项")
    for first in (["1", "", "x", "y"], ["", "2026-01-01", "", "y"], ["1", "", "", ""]):
        assert find_header([["id", "时间", "事项", "区县"], first]).body == 1


def test_lower_names_that_several_groups_have_bear_their_group():
    header = find_header([["id", "受理", "", "办结", ""], ["", "时间", "人", "时间", "人"], ["1", "a", "b", "c", "d"]])
    assert header.names == ("id", "受理/时间", "受理/人", "办结/时间", "办结/人")


@pytest.mark.parametrize("title", ["某市12345热线", '"某市, 12345"', "导出时间：2026-04-01,操作员：张", "sep=,", ""])
@pytest.mark.parametrize("blank", [0, 1])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_above_a_csv_are_passed_over(tmp_path, settings, clock, title, blank, end):
    text = title + end + "第二行" + end * (1 + blank) + text_of(table(), end=end)
    (tmp_path / "a.csv").write_text(text, newline="")
    summary = load(tmp_path / "a.csv", settings, clock)
    assert (summary.read, summary.kept) == (60, 60)
    assert ReasonCode.LINES_ABOVE in codes(summary)


@pytest.mark.parametrize("header", ["\ufeff", "\t", "'", '="{}"', "{}\u200b", " {} "])
def test_what_stands_around_a_name_is_no_part_of_it(tmp_path, settings, clock, header):
    form = header if "{}" in header else header + "{}"
    (tmp_path / "a.csv").write_text(text_of(table(), [form.format(name) for name in HEADER]))
    assert load(tmp_path / "a.csv", settings, clock).kept == 60


def test_a_header_cell_may_go_over_lines(tmp_path, settings, clock):
    header = [name[:2] + "\n" + name[2:] for name in HEADER]
    (tmp_path / "a.csv").write_text(text_of(table(), header))
    assert load(tmp_path / "a.csv", settings, clock).kept == 60


@pytest.mark.parametrize("extra", ["header", "rows"])
def test_a_comma_at_the_end_of_a_line_is_no_column(tmp_path, settings, clock, extra):
    header, *rows = text_of(table()).splitlines()
    lines = [header + "," * (extra == "header"), *(one + "," * (extra == "rows") for one in rows)]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    assert load(tmp_path / "a.csv", settings, clock).kept == 60


def test_lines_without_a_cell_below_a_table_are_no_rows(tmp_path, settings, clock):
    (tmp_path / "a.csv").write_text(text_of(table(5)) + ",,,,,\n" * 50)
    assert load(tmp_path / "a.csv", settings, clock).read == 5


# -- columns of one name -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "xlsx", "xls", "parquet"])
def test_columns_of_one_name_are_refused_by_name_unless_the_mapping_chooses(tmp_path, settings, clock, kind):
    header, rows = [*HEADER, "受理时间"], [[*cells, "2026-05-05 08:00:00"] for cells in table()]
    path = tmp_path / f"a.{kind}"
    if kind == "csv":
        path.write_text(text_of(rows, header))
    elif kind == "xlsx":
        write_book(path, {"1": [header, *rows]})
    elif kind == "xls":
        lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in one) + "</tr>" for one in [header, *rows])
        path.write_text(f"<table>{lines}</table>")
    else:
        columns = [pa.array([cells[i] for cells in rows]) for i in range(len(header))]
        pq.write_table(pa.Table.from_arrays(columns, header), path)
    with pytest.raises(MappingError, match=r"2 columns are called '受理时间' \(for opened_at\).*columns 2, 7"):
        load(path, settings, clock)
    columns = {"ticket_id": "工单编号", "opened_at": "受理时间#2", "category": "三级事项"}
    how = Mapping(source="s", timezone="Asia/Shanghai", known_at="opened_at", columns=columns)
    load(path, settings, clock, how)
    assert {f"{one:%m-%d}" for one in Lake.of(settings).tickets()["opened_local"].to_pylist()} == {"05-05"}


def test_columns_of_one_name_that_nobody_asks_for_do_no_harm(tmp_path, settings, clock):
    (tmp_path / "a.csv").write_text(text_of([[*cells, "a", "b"] for cells in table()], [*HEADER, "备注", "备注"]))
    assert load(tmp_path / "a.csv", settings, clock).kept == 60


def test_names_that_differ_only_in_case_are_two_names(tmp_path, settings, clock):
    (tmp_path / "a.csv").write_text("ID,id,opened\n" + "".join(f"A{i},b,2026-03-02\n" for i in range(5)))
    columns = {"ticket_id": "ID", "opened_at": "opened"}
    how = Mapping(source="s", timezone="Asia/Shanghai", known_at="opened_at", columns=columns)
    load(tmp_path / "a.csv", settings, clock, how)
    assert ids(settings) == {f"A{i}" for i in range(5)}


@given(st.lists(st.sampled_from(["a", "b", "A", "", "a#1"]), max_size=8))
def test_names_are_made_distinct_one_for_each_column(cells):
    names, doubled = named(cells)
    assert len(names) == len(cells)
    assert set(doubled) == {name for name in cells if name and cells.count(name) > 1}


# -- what only is called .xls ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("suffix", ["xls", "xlsx", "csv"])
def test_a_web_page_is_read_and_called_one(tmp_path, settings, clock, encoding, suffix):
    lines = "".join("<tr>" + "".join(f"<td>{c}&nbsp;</td>" for c in one) + "</tr>\n" for one in [HEADER, *table()])
    page = f"<html><style>td {{x}}</style><body><table><tr><td>导航</td></tr></table><table>{lines}</table>"
    (tmp_path / f"a.{suffix}").write_bytes(page.encode(encoding))
    summary = load(tmp_path / f"a.{suffix}", settings, clock)
    assert (summary.kept, ReasonCode.WEB_PAGE in codes(summary)) == (60, True)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("separator", ["\t", ",", ";"])
def test_a_text_called_xls_is_a_text(tmp_path, settings, clock, encoding, separator):
    lines = [separator.join(f'"{cell}"' for cell in one) for one in [HEADER, *table()]]
    (tmp_path / "a.xls").write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
    assert load(tmp_path / "a.xls", settings, clock).kept == 60


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<html><body>请登录</body></html>", "an HTML page without a table"),
        ('<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "written as XML"),
        ("MIME-Version: 1.0\nContent-Type: multipart/related", "a web archive"),
    ],
)
def test_what_cannot_be_read_is_called_by_its_name(tmp_path, settings, clock, content, message):
    (tmp_path / "a.xls").write_text(content)
    with pytest.raises(SourceError, match=message):
        load(tmp_path / "a.xls", settings, clock)


# -- quotes and line ends ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["\n", "\r\n"])
@pytest.mark.parametrize("at", [1, 30, 59])
def test_line_ends_may_change_within_a_file(tmp_path, settings, clock, first, at):
    ends = [first if i < at else {"\n": "\r\n", "\r\n": "\n"}[first] for i in range(61)]
    text = "".join(line(cells) + end for cells, end in zip([HEADER, *table()], ends, strict=True))
    (tmp_path / "a.csv").write_text(text, newline="")
    summary = load(tmp_path / "a.csv", settings, clock)
    assert (summary.read, summary.kept, summary.quarantined) == (60, 60, 0)
    assert {one["category"] for one in Lake.of(settings).tickets().to_pylist()} == {"噪音0", "噪音1", "噪音2"}


BROKEN = {
    "stray": 'GD9000,2026-03-02 08:00:00,噪音0,美兰区,住建局,"说"不管"我, 没人来"',
    "unclosed": 'GD9000,2026-03-02 08:00:00,噪音0,美兰区,住建局,"没有结束',
    "unclosed early": 'GD9000,2026-03-02 08:00:00,"噪音0,美兰区,住建局,没有结束',
    "short": "GD9000,2026-03-02 08:00:00,噪音0",
    "long": "GD9000,2026-03-02 08:00:00,噪音0,美兰区,住建局,太吵,多一列",
    "damaged": b"GD9000,2026-03-02 08:00:00,\xff\xfe,x,y,z",
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("at", [0, 7, 59])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_only_the_broken_record_is_lost(tmp_path, settings, clock, kind, at, end):
    sound = [line(cells) for cells in table()]
    sound[20] = line(row(20, "第一行\n第二行, 逗号"))
    sound[21] = line(row(21))[:-1] + '""引号"""'
    encoded = [one.encode() for one in [line(HEADER), *sound]]
    broken = BROKEN[kind]
    encoded.insert(at + 1, broken if isinstance(broken, bytes) else broken.encode())
    (tmp_path / "a.csv").write_bytes(end.encode().join(encoded) + end.encode())
    summary = load(tmp_path / "a.csv", settings, clock)
    assert (summary.read, summary.kept, summary.quarantined) == (61, 60, 1)
    quarantined = Lake.of(settings).quarantine().to_pylist()[0]
    assert quarantined["row"] == at + 1
    assert quarantined["reason"].startswith("unreadable: ")
    texts = {one["ticket_id"]: one["text"] for one in Lake.of(settings).tickets().to_pylist()}
    assert (texts["GD0020"], texts["GD0021"]) == ("第一行\n第二行, 逗号", '正常内容, 逗号"引号"')


def test_records_between_two_stray_quotes_are_not_swallowed(tmp_path, settings, clock):
    lines = [line(row(i, "太吵")) for i in range(60)]
    lines[10] = lines[10][:-2] + '"没有结束'
    lines[15] += '结束了"'
    (tmp_path / "a.csv").write_text("\n".join([line(HEADER), *lines]) + "\n")
    summary = load(tmp_path / "a.csv", settings, clock)
    assert (summary.read, summary.kept, summary.quarantined) == (60, 59, 1)
    assert ids(settings) == {f"GD{i:04d}" for i in range(60) if i != 10}


@pytest.mark.parametrize("text", ['5" 水管', 'a"b"c', '"', '""'])
def test_a_quote_inside_a_plain_cell_is_a_quote(tmp_path, settings, clock, text):
    lines = [line(HEADER), *(line(row(i, "太吵")) for i in range(60))]
    lines[5] = lines[5].replace("住建局", f"x{text}")
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    load(tmp_path / "a.csv", settings, clock)
    assert f"x{text}" in set(Lake.of(settings).tickets()["department"].to_pylist())


def test_backslashes_before_quotes_are_understood(tmp_path, settings, clock):
    lines = [line(HEADER), *(",".join([*row(i)[:5], r'"他说\"不管\", 走了"']) for i in range(60))]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    load(tmp_path / "a.csv", settings, clock)
    assert set(Lake.of(settings).tickets()["text"].to_pylist()) == {'他说"不管", 走了'}


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('",;\n'), min_size=1, max_size=8)


@given(rows=st.lists(st.tuples(CELL, CELL, CELL, CELL), min_size=1, max_size=12), end=st.sampled_from(["\n", "\r\n"]))
@examples(max_examples=60, deadline=None)
def test_what_is_written_anew_says_what_a_sound_csv_says(tmp_path_factory, rows, end):
    folder = tmp_path_factory.mktemp("csv")
    names = ["w", "x", "y", "z"]
    body = [",".join('"' + cell.replace('"', '""') + '"' for cell in cells) for cells in rows]
    (folder / "a.csv").write_text(end.join([",".join(names), *body]) + end, newline="")
    with duck(threads=1) as connection:
        raw = raw_table(connection, folder / "a.csv", scratch=folder)
        anew = mended(connection, raw, scratch=folder)
        selected = ", ".join(map(raw.column, names))
        found = [connection.execute(f"SELECT {selected} FROM {one.sql}").fetchall() for one in (raw, anew)]
    assert found[0] == found[1] == rows


# -- encodings ---------------------------------------------------------------------------------------------------------

GERMAN = (
    "Nr;Erstellt;Kategorie;Stadtteil\n" + "M1;2026-03-02;Müllablagerung;Köln-Mülheim\nM2;2026-03-02;Straße;Süd\n" * 3
)
FRENCH = "Nr;Erstellt;Kategorie;Stadtteil\n" + "M1;2026-03-02;Éclairage défectueux;Île d’Œuvre\n" * 3
TAIPEI = "Nr,Erstellt,Kategorie,Stadtteil\n" + "M1,2026-03-02,違規停車,大安區\nM2,2026-03-02,路燈故障,環境衛生\n" * 3
HAIKOU = "Nr,Erstellt,Kategorie,Stadtteil\n" + "M1,2026-03-02,噪音扰民,美兰区\nM2,2026-03-02,道路破损,秀英区\n" * 3
TEXTS = [(GERMAN, "cp1252"), (FRENCH, "cp1252"), (TAIPEI, "big5"), (HAIKOU, "gb18030")]
TEXTS += [(text, wide) for text in (GERMAN, TAIPEI, HAIKOU) for wide in ("utf-8", "utf-16-le", "utf-16-be")]
NAMED = Mapping(
    source="s",
    timezone="Asia/Shanghai",
    known_at="opened_at",
    columns={"ticket_id": "Nr", "opened_at": "Erstellt", "category": "Kategorie", "district": "Stadtteil"},
)


@pytest.mark.parametrize(("text", "encoding"), TEXTS)
def test_the_bytes_tell_the_encoding_without_a_doubt(tmp_path, settings, clock, text, encoding):
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    assert judge_encoding(tmp_path / "a.csv").rival == ""
    summary = load(tmp_path / "a.csv", settings, clock, NAMED)
    separator = ";" if ";" in text else ","
    assert set(Lake.of(settings).tickets()["category"].to_pylist()) == {
        one.split(separator)[2] for one in text.splitlines()[1:]
    }
    assert (summary.degraded, ReasonCode.ENCODING_GUESSED in codes(summary)) == ((), encoding != "utf-8")


def test_a_doubt_is_said_and_the_mapping_ends_it(tmp_path, settings, clock):
    (tmp_path / "a.csv").write_bytes("Nr,Erstellt,Kategorie,Stadtteil\nM1,2026-03-02,x,區\n".encode("big5"))
    summary = load(tmp_path / "a.csv", settings, clock, NAMED)
    assert [one.code for one in summary.degraded] == [ReasonCode.ENCODING_DOUBTFUL]
    assert "big5" in {summary.degraded[0].params["encoding"], summary.degraded[0].params["rival"]}
    told = NAMED.model_copy(update={"encoding": "big5", "source": "t"})
    assert load(tmp_path / "a.csv", settings, clock, told).degraded == ()
    assert "區" in set(Lake.of(settings).tickets()["district"].to_pylist())


def test_an_encoding_that_is_none_is_refused():
    with pytest.raises(ValueError, match="unknown encoding 'ansi936x'"):
        Mapping(**NAMED.model_dump() | {"encoding": "ansi936x"})


def test_bytes_that_are_no_character_make_a_row_unreadable(tmp_path, settings, clock):
    bad = b"M9,2026-03-02," + b"\xff\xff" + ",美兰区\n".encode("gb18030")
    (tmp_path / "a.csv").write_bytes(HAIKOU.encode("gb18030") + bad)
    summary = load(tmp_path / "a.csv", settings, clock, NAMED)
    assert summary.quarantined == 1
    assert Lake.of(settings).quarantine()["reason"].to_pylist() == ["unreadable: bytes that are no text"]


def test_a_utf8_file_with_one_row_of_another_encoding_stays_utf8(tmp_path, settings, clock):
    bad = "M9,2026-03-02,噪音,美兰区\n".encode("gb18030")
    (tmp_path / "a.csv").write_bytes((HAIKOU * 1).encode() + bad)
    summary = load(tmp_path / "a.csv", settings, clock, NAMED)
    assert summary.quarantined == 1
    assert set(Lake.of(settings).tickets()["category"].to_pylist()) == {"噪音扰民", "道路破损"}


def test_a_proposal_is_made_of_files_as_people_have_them(tmp_path):
    for name, text in {
        "mixed": text_of(table(20)) + text_of(table(60)[20:], ["GD9", *row(9)[1:]], "\r\n"),
        "titled": "某市\n导出时间：x\n" + text_of(table()),
    }.items():
        (tmp_path / f"{name}.csv").write_text(text, newline="")
        found = {guess.field: guess.column for guess in suggest_mapping(tmp_path / f"{name}.csv").guesses}
        assert (found["ticket_id"], found["opened_at"], found["category"]) == ("工单编号", "受理时间", "三级事项")
