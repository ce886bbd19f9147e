"""`weisu ingest` on files: what is counted, refused, and never done twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from typer.testing import CliRunner

from features.errors import QuarantineError, SourceError
from features.lake import Lake
from features.lake.new_loads import news_since, ticket_keys
from features.lake.upkeep import optimize
from features.mappings import Mapping
from pipelines.cli import app
from pipelines.ingest import ingest

HEADER = ["工单编号", "受理时间", "办结时间", "三级事项", "区县", "来电人", "诉求内容"]
ROWS = [
    ["HK001", "2026-03-02 09:00:00", "2026-03-05 10:00:00", "噪声", "美兰区", "13907551234", "我叫王建国，施工太吵"],
    ["HK002", "2026-03-02 10:30:00", "", "油烟", "龙华区", "13876543210", "饭店油烟，电话13907551234"],
    ["HK003", "2026/03/03 11:00", "", "", "", "", ""],
]


def csv_text(rows: list[list[str]], separator: str = ",") -> str:
    return "\n".join(separator.join(row) for row in [HEADER, *rows]) + "\n"


def write_csv(path: Path, rows: list[list[str]] = ROWS, encoding: str = "utf-8", separator: str = ",") -> Path:
    path.write_bytes(csv_text(rows, separator).encode(encoding))
    return path


def write_xlsx(path: Path) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        stamp = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.write(0, 0, "工单导出")
        for column, name in enumerate(HEADER):
            sheet.write(1, column, name)
        for line, row in enumerate(ROWS, start=2):
            for column, value in enumerate(row):
                sheet.write(line, column, value)
            sheet.write_datetime(line, 1, datetime(2026, 3, 2 + line, 9), stamp)  # noqa: DTZ001 - as in a sheet
    return path


def tickets(settings):
    return Lake.open(settings.lake_path, timezone=settings.timezone).tickets()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings_are_recognised(tmp_path, settings, clock, encoding):
    summary = ingest([write_csv(tmp_path / "export.csv", encoding=encoding)], "zh_12345", settings, clock)
    assert (summary.read, summary.kept, summary.quarantined) == (3, 3, 0)
    assert tickets(settings)["category"].to_pylist() == ["噪声", "油烟", "未分类"]


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "jsonl", "xlsx"])
def test_every_kind_of_file_is_read(tmp_path, settings, clock, kind):
    path = tmp_path / f"export.{kind}"
    columns = {name: [row[i] or None for row in ROWS] for i, name in enumerate(HEADER)}
    if kind == "parquet":
        pq.write_table(pa.table(columns), path)
    elif kind == "jsonl":
        path.write_text("\n".join(json.dumps(dict(zip(HEADER, row, strict=True)), ensure_ascii=False) for row in ROWS))
    elif kind == "xlsx":
        write_xlsx(path)
    else:
        write_csv(path, separator="\t" if kind == "tsv" else ",")
    summary = ingest([path], "zh_12345", settings, clock)
    assert (summary.read, summary.kept) == (3, 3)
    assert tickets(settings)["ticket_id"].to_pylist() == ["HK001", "HK002", "HK003"]


def test_a_workbook_s_times_at_midnight_are_times(tmp_path, settings, clock):
    path = tmp_path / "export.xlsx"
    with xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["工单编号", "受理时间", "三级事项", "区县"])
        for line in (1, 2):
            sheet.write_row(line, 0, [1000 + line, None, "噪声", "美兰区"])
            sheet.write_datetime(line, 1, datetime(2026, 3, 2, 9 * (line - 1)))  # noqa: DTZ001 - as in a sheet
    assert ingest([path], "zh_12345", settings, clock).kept == 2
    found = [(row["ticket_id"], row["opened_local"].hour) for row in tickets(settings).to_pylist()]
    assert found == [("1001", 0), ("1002", 9)]


@pytest.mark.parametrize("kind", ["jsonl", "json"])
def test_json_is_read_as_it_is_written(tmp_path, settings, clock, kind):
    ids = ["AB6F1C1E-0000-4000-8000-ABCDEF012345", 12345678901234567890123, "0012"]
    objects = [{"工单编号": one, "受理时间": "2026-03-02 09:00:00", "三级事项": "噪声"} for one in ids]
    objects[2]["区县"] = "美兰区"
    text = json.dumps(objects) if kind == "json" else "\n".join(json.dumps(one) for one in objects)
    path = tmp_path / f"export.{kind}"
    path.write_text(text)
    assert ingest([path], "zh_12345", settings, clock).kept == 3
    assert {row["ticket_id"] for row in tickets(settings).to_pylist()} == {str(one) for one in ids}


def test_a_line_that_breaks_off_is_quarantined(tmp_path, settings, clock):
    path = tmp_path / "export.jsonl"
    lines = [json.dumps(dict(zip(HEADER, row, strict=True))) for row in ROWS]
    path.write_text("\n".join([*lines, lines[0][:40]]))
    summary = ingest([path], "zh_12345", settings, clock)
    assert (summary.kept, summary.quarantined) == (3, 1)


def test_an_empty_file_is_named(tmp_path, settings, clock):
    (tmp_path / "export.csv").touch()
    with pytest.raises(SourceError, match=r"export\.csv: the file is empty"):
        ingest([tmp_path / "export.csv"], "zh_12345", settings, clock)


def test_texts_and_callers_are_masked_on_the_way_in(tmp_path, settings, clock):
    ingest([write_csv(tmp_path / "export.csv")], "zh_12345", settings, clock)
    first, second, third = tickets(settings).to_pylist()
    assert "王建国" not in first["text"]
    assert "13907551234" not in second["text"]
    assert first["caller"] != second["caller"]
    assert (third["caller"], third["text"]) == (None, None)


def test_the_same_file_again_changes_nothing(tmp_path, settings, clock):
    path = write_csv(tmp_path / "export.csv")
    first = ingest([path], "zh_12345", settings, clock)
    again = ingest([path], "zh_12345", settings, clock)
    assert (again.read, again.unchanged, again.kept, again.skipped) == (3, 3, 0, 1)
    assert again.snapshot == first.snapshot


def test_a_folder_and_a_glob(tmp_path, settings, clock):
    (tmp_path / "in").mkdir()
    write_csv(tmp_path / "in" / "a.csv", ROWS[:1])
    write_csv(tmp_path / "in" / "b.csv", ROWS[1:])
    (tmp_path / "in" / "notes.md").write_text("not a table")
    assert ingest([tmp_path / "in"], "zh_12345", settings, clock).read == 3
    assert ingest([str(tmp_path / "in" / "*.csv")], "zh_12345", settings, clock).skipped == 2


def test_bad_rows_are_quarantined_with_their_place_and_reason(tmp_path, settings, clock):
    bad = [
        ["", "2026-03-02 09:00:00", "", "噪声", "美兰区", "13907551234", "x"],
        ["HK010", "", "", "噪声", "美兰区", "", "x"],
        ["HK011", "2030-01-01 00:00:00", "", "噪声", "美兰区", "", "x"],
        ["HK012", "昨天 13907551234", "", "噪声", "美兰区", "", "x"],
    ]
    summary = ingest([write_csv(tmp_path / "export.csv", ROWS + ROWS[:1] + bad)], "zh_12345", settings, clock)
    assert (summary.read, summary.kept, summary.unchanged, summary.repeated, summary.quarantined) == (8, 3, 1, 1, 4)
    rows = Lake.open(settings.lake_path, timezone="Asia/Shanghai").quarantine().to_pylist()
    found = [(row["file"], row["row"], row["column"], row["reason"]) for row in rows]
    assert found == [
        ("export.csv", 5, "ticket_id", "no id"),
        ("export.csv", 6, "opened_at", "no time"),
        ("export.csv", 7, "opened_at", "time in the future"),
        ("export.csv", 8, "opened_at", "time is unreadable"),
    ]
    assert "13907551234" not in json.dumps(rows, default=str)
    assert rows[2]["value"] == "2030-01-01 00:00:00"


@pytest.mark.parametrize(("ahead", "kept"), [(1, 4), (9, 4), (11, 3)])
def test_a_source_whose_clock_is_minutes_ahead_loses_nothing(tmp_path, settings, clock, ahead, kept):
    moment = (clock.now() + timedelta(minutes=ahead)).astimezone(settings.zone)
    row = ["HK020", f"{moment:%Y-%m-%d %H:%M:%S}", "", "噪声", "美兰区", "", "x"]
    summary = ingest([write_csv(tmp_path / "export.csv", [*ROWS, row])], "zh_12345", settings, clock)
    assert (summary.kept, summary.quarantined) == (kept, 4 - kept)
    lake = Lake.open(settings.lake_path, timezone="Asia/Shanghai")
    assert lake.tickets(as_of=clock.now()).num_rows == 3
    assert lake.tickets(as_of=clock.now() + timedelta(minutes=ahead)).num_rows == kept


def test_a_line_that_is_no_row_is_quarantined_without_its_text(tmp_path, settings, clock):
    path = tmp_path / "export.csv"
    path.write_text(csv_text(ROWS) + "HK009,2026-03-02 09:00:00,,噪声,美兰区,13907551234,太吵,王建国,多一列\n")
    summary = ingest([path], "zh_12345", settings, clock)
    assert (summary.read, summary.kept, summary.quarantined) == (4, 3, 1)
    row = Lake.open(settings.lake_path, timezone="Asia/Shanghai").quarantine().to_pylist()[0]
    assert (row["row"], row["reason"]) == (4, "unreadable: too many columns")
    assert row["value"] is None


def test_too_many_bad_rows_fail_before_anything_is_kept(tmp_path, settings, clock):
    bad = [[f"HK{i}", "not a time", "", "", "", "", ""] for i in range(20)]
    path = write_csv(tmp_path / "export.csv", ROWS + bad)
    with pytest.raises(
        QuarantineError, match=r"20 of 23 rows are bad \(20 x opened_at: time is unreadable.*'not a time'"
    ):
        ingest([path], "zh_12345", settings, clock)
    assert tickets(settings).num_rows == 0
    assert Lake.open(settings.lake_path, timezone="Asia/Shanghai").quarantine().num_rows == 0


def test_the_lake_tells_the_keys_of_new_and_changed_tickets(tmp_path, settings, clock):
    lake = Lake.of(settings)
    heard, version = [], 0
    changed = [ROWS[0], ["HK002", "2026-03-02 10:30:00", "", "占道", "龙华区", "", ""], ROWS[2]]
    for number, rows in enumerate([ROWS[:2], changed, changed]):
        ingest([write_csv(tmp_path / f"{number}.csv", rows)], "zh_12345", settings, clock)
        news = news_since(lake, version)
        heard.append(ticket_keys(lake, news))
        version = news.through
    assert heard == [["zh_12345/HK001", "zh_12345/HK002"], ["zh_12345/HK002", "zh_12345/HK003"], []]
    optimize(lake)
    assert ticket_keys(lake, news_since(lake, 1)) == heard[1]
    assert news_since(lake, version).loads == ()


def test_a_missing_column_is_named(tmp_path, settings, clock):
    path = tmp_path / "export.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(Exception, match="no column '工单编号' or '工单号' \\(for ticket_id\\)"):
        ingest([path], "zh_12345", settings, clock)


def test_a_missing_file_is_named(settings, clock):
    with pytest.raises(SourceError, match=r"no such file: nowhere\.csv"):
        ingest(["nowhere.csv"], "zh_12345", settings, clock)


def test_times_with_an_offset_under_a_clock_without_one_are_not_guessed(tmp_path, settings, clock):
    path = tmp_path / "export.csv"
    path.write_text("id,t\n1,2026-03-02T09:00:00+08:00\n2,2026-03-02T09:00:00\n")
    columns = {"ticket_id": "id", "opened_at": "t"}
    offset = Mapping(source="a", timezone="Asia/Shanghai", clock="offset", known_at="opened_at", columns=columns)
    local = Mapping(source="b", timezone="Asia/Shanghai", clock="local", known_at="opened_at", columns=columns)
    assert ingest([path], offset, settings, clock).quarantined == 1
    assert ingest([path], local, settings, clock).quarantined == 1
    assert set(tickets(settings)["opened_at"].to_pylist()) == {datetime(2026, 3, 2, 1, tzinfo=UTC)}


def test_the_command_prints_one_json_document(tmp_path, settings, monkeypatch):
    monkeypatch.setenv("WEISU_HOME", str(tmp_path / "home"))
    path = write_csv(tmp_path / "export.csv")
    result = CliRunner().invoke(app, ["ingest", str(path), "--mapping", "zh_12345", "--json"])
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert (document["schema_version"], document["read"], document["kept"]) == (1, 3, 3)


@pytest.mark.parametrize("name", ["export[1].csv", "a*b.csv", "what?.csv", "[x.csv", "quote's.csv", "导出 1.csv"])
def test_a_name_is_a_name_and_no_pattern(tmp_path, settings, clock, name):
    folder = tmp_path / "di[r] *"
    folder.mkdir()
    write_csv(folder / "export1.csv")
    write_csv(folder / "axb.csv")
    summary = ingest([write_csv(folder / name, ROWS[:1])], "zh_12345", settings, clock)
    assert summary.kept == 1
    assert Lake.of(settings).tickets(columns=["ticket_id"])["ticket_id"].to_pylist() == ["HK001"]
