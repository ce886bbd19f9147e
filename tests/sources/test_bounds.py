"""What comes from outside is held to bounds: each is refused in a sentence that says what, where, and what to do."""

from __future__ import annotations

import gzip
import io
import json
import os
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from features.areas import read_areas
from features.bounds import TooDeepError, nesting, parse_json
from features.configuration import BoundsConfig
from features.csv_tables import read_csv_table
from features.errors import AreaError, BoundError, FeedError, SourceError
from features.settings import Settings
from features.sources.http import JsonFeed
from features.taxonomy import read_crosswalk
from features.workbook_process import WorkbookBounds, read_sheets
from pipelines.ingest import ingest
from serve.alerts.routing import sheets
from serve.api.app import create_app
from serve.delivery.posting import Answer
from serve.errors import UnprocessableError
from serve.overrides.workbook import read_overrides
from serve.reports.weekly_xlsx import FORECAST_SHEET

HEAD = ["工单编号", "受理时间", "三级事项", "区县"]
ROW = ["A1", "2026-11-02 09:00:00", "噪声", "美兰区"]
SMALL = {"workbook_memory": 512, "upload_memory": 512, "cell_length": 100_000, "workbook_unpacked": 64}


# Files that want too much.


def book(path: Path, *cells: tuple[int, int, object], sheet: str = "工单") -> Path:
    with xlsxwriter.Workbook(str(path), {"strings_to_numbers": False}) as made:
        page = made.add_worksheet(sheet)
        page.write_row(0, 0, HEAD)
        page.write_row(1, 0, ROW)
        for row, column, value in cells:
            page.write(row, column, value)
    return path


def far(path: Path, sheet: str = "工单") -> Path:
    """A stray cell in the last corner: people get it by a click."""
    return book(path, (1_048_575, 16_383, 1), sheet=sheet)


def wide(path: Path) -> Path:
    """An extent that fits into memory, and is more cells than may be read."""
    return book(path, (9_999, 999, 1))


def rewritten(path: Path, name: str, content: bytes) -> Path:
    """Put other content into a part of a workbook."""
    with zipfile.ZipFile(book(path)) as old:
        parts = {part.filename: old.read(part) for part in old.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for part, data in (parts | {name: content}).items():
            new.writestr(part, data)
    return path


def long_strings(characters: int) -> bytes:
    """Shared strings of a workbook, the first of so many characters."""
    strings = "".join(f"<si><t>{'x' * (characters if number == 0 else 1)}</t></si>" for number in range(20))
    return f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{strings}</sst>'.encode()


def bomb(path: Path) -> Path:
    """A cell of 100 MB in some kilobytes."""
    return rewritten(path, "xl/sharedStrings.xml", long_strings(100 << 20))


def lying_bomb(path: Path) -> Path:
    """A cell of 200 MB, and the directory says that it has 1,000 bytes."""
    rewritten(path, "xl/sharedStrings.xml", long_strings(200 << 20))
    data = bytearray(path.read_bytes())
    for mark, size, name in ((b"PK\x01\x02", 24, 46), (b"PK\x03\x04", 22, 30)):
        place = data.find(mark)
        while place >= 0:
            if data[place + name :].startswith(b"xl/sharedStrings.xml"):
                data[place + size : place + size + 4] = (1000).to_bytes(4, "little")
            place = data.find(mark, place + 4)
    path.write_bytes(bytes(data))
    return path


def one_long_cell(path: Path) -> Path:
    return rewritten(path, "xl/sharedStrings.xml", long_strings(200_000))


def many_rows_ods(path: Path) -> Path:
    """An ODS that repeats one row a million times in a few bytes."""
    repeated = 'office:value-type="string" table:number-columns-repeated="16384"'
    cell = f"<table:table-cell {repeated}><text:p>x</text:p></table:table-cell>"
    content = (
        '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="a"><table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        made.writestr("content.xml", content)
        made.writestr(
            "META-INF/manifest.xml",
            '<?xml version="1.0"?>'
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            '<manifest:file-entry manifest:full-path="/" '
            'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>',
        )
    return path


def gzip_bomb(path: Path) -> Path:
    with gzip.open(path, "wb") as file:
        file.write((",".join(HEAD) + "\n").encode())
        for _ in range(300):
            file.write(b"a,b,c,d\n" * (1 << 17))
    return path


def parquet_of(path: Path, rows: int) -> Path:
    """So many equal rows in a few kilobytes."""
    columns = {
        name: pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), [value])
        for name, value in zip(HEAD, ROW, strict=True)
    }
    pq.write_table(pa.table(columns), path)
    return path


def deep(path: Path) -> Path:
    nested = "[" * 200_000 + "]" * 200_000
    lines = [json.dumps(dict(zip(HEAD, ROW, strict=True))), f'{{"工单编号": "A2", "受理时间": {nested}}}']
    joined = "\n".join(lines) if path.suffix == ".jsonl" else f"[{','.join(lines)}]"
    path.write_text(joined)
    return path


def cut_parquet(path: Path) -> Path:
    path.write_bytes(parquet_of(path, 100).read_bytes()[:-40])
    return path


def web_page(path: Path) -> Path:
    path.write_bytes(b"<html><table><tr><td>" + b"x" * (3 << 20))
    return path


MATRIX = {
    "far.xlsx": (far, {}, "sheet 工单: needs more than 512 MiB", "delete the empty rows and columns"),
    "far.xls": (far, {}, "sheet 工单: needs more than 512 MiB", "raise workbook_memory"),
    "wide.xlsx": (wide, {"workbook_cells": 1_000_000}, "reaches over 10,000 rows x 1,000 columns", "workbook_cells"),
    "bomb.xlsx": (bomb, {}, "unpacks to 100 MiB, and at most 64", "raise workbook_unpacked"),
    "lying.xlsx": (lying_bomb, {"workbook_memory": 256}, "needs more than 256 MiB|Cannot detect", ""),
    "cell.xlsx": (one_long_cell, {}, "a cell of 200,000 characters, and at most 100,000", "raise cell_length"),
    "rows.ods": (many_rows_ods, {}, "needs more than 512 MiB|reaches over|Cannot detect", ""),
    "bomb.csv.gz": (gzip_bomb, {"file_unpacked": 64}, "unpacks to more than 64 MiB", "raise file_unpacked"),
    "many.parquet": (
        lambda path: parquet_of(path, 200_000),
        {"file_rows": 100_000},
        "claims 200,000 rows",
        "file_rows",
    ),
    "cut.parquet": (cut_parquet, {}, "cut.parquet: ", "is it what its ending says"),
    "deep.jsonl": (deep, {}, "recursion depth", "is it what its ending says"),
    "deep.json": (deep, {}, "recursion depth", "is it what its ending says"),
    "page.xls": (web_page, {"page_size": 2}, "3 MiB, and at most 2", "raise page_size"),
}


@pytest.mark.parametrize("name", MATRIX)
def test_a_file_that_wants_too_much_is_refused_and_nothing_is_left(tmp_path, settings, clock, name):
    make, bounds, said, way_out = MATRIX[name]
    own = settings.changed(bounds={**SMALL, **bounds})
    with pytest.raises(SourceError, match=said) as refused:
        ingest([make(tmp_path / name)], "zh_12345", own, clock)
    assert name in str(refused.value)
    assert refused.value.hint
    assert way_out in refused.value.hint
    assert not [entry for entry in Path(own.lake_path, "staging").glob("*") if entry.is_dir()]


def test_a_workbook_of_every_day_is_read_as_ever(tmp_path, settings, clock):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as made:
        made.add_worksheet("空")
        page = made.add_worksheet("工单")
        page.write_row(3, 1, HEAD)
        for row in range(5_000):
            page.write_row(4 + row, 1, [f"A{row}", *ROW[1:]])
    assert ingest([path], "zh_12345", settings, clock).kept == 5_000
    read = read_sheets(path, WorkbookBounds.of_files(BoundsConfig()))
    assert [(sheet.name, len(sheet.rows), len(sheet.rows[0]) if sheet.rows else 0) for sheet in read] == [
        ("空", 0, 0),
        ("工单", 5_001, 4),
    ]
    assert read_sheets(path, WorkbookBounds.of_files(BoundsConfig()), only="nowhere") == []


def test_the_process_of_a_workbook_knows_no_secrets_and_finds_its_package(tmp_path, monkeypatch):
    monkeypatch.setenv("WEISU_HMAC_KEY", "not for it")
    monkeypatch.chdir(tmp_path)
    Path("features").mkdir()
    Path("features/__init__.py").write_text("raise SystemExit(7)")
    Path("features/workbook_child.py").write_text("raise SystemExit(7)")
    assert len(read_sheets(book(tmp_path / "a.xlsx"), WorkbookBounds.of_files(BoundsConfig()))) == 1


def test_a_workbook_that_takes_too_long_is_stopped(tmp_path):
    path = tmp_path / "pipe.xlsx"
    os.mkfifo(path)
    bounds = WorkbookBounds.of_files(BoundsConfig(workbook_seconds=2))
    with pytest.raises(BoundError, match=r"pipe\.xlsx: not read within 2 seconds"):
        read_sheets(path, bounds)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_uploads_are_refused_in_the_readers_language(tmp_path, language):
    bounds = BoundsConfig(**SMALL)
    readers = {
        "routing": lambda: sheets.read(far(tmp_path / "r.xlsx").read_bytes(), name="r.xlsx", bounds=bounds),
        "overrides": lambda: read_overrides(far(tmp_path / "o.xlsx", sheet=FORECAST_SHEET), bounds=bounds),
        "bomb": lambda: sheets.read(bomb(tmp_path / "b.xlsx").read_bytes(), name="b.xlsx", bounds=bounds),
    }
    said = {}
    for name, read in readers.items():
        with pytest.raises(UnprocessableError, match=r"\.xlsx") as refused:
            read()
        said[name] = (refused.value.code, refused.value.said(language), refused.value.way_out(language))
    assert [one[0] for one in said.values()] == ["workbook_reaches", "workbook_reaches", "workbook_beyond"]
    words = "stray|far outside" if language == "en" else "很远"
    assert any(word in said["routing"][1] for word in words.split("|"))
    assert all(way_out for _, _, way_out in said.values())


def test_a_far_crosswalk_is_refused(tmp_path):
    with pytest.raises(SourceError.__base__, match="needs more than 512 MiB"):
        read_crosswalk(far(tmp_path / "c.xlsx"), bounds=BoundsConfig(**SMALL))


# Answers of feeds.


class Hostile(BaseHTTPRequestHandler):
    """Answers by path in the ways that hurt."""

    def do_GET(self) -> None:
        """Answer."""
        kind = self.path.strip("/").partition("?")[0]
        if kind == "circle":
            self.send_response(302)
            self.send_header("Location", "/circle")
            self.end_headers()
            return
        body, headers = self._body(kind)
        self.send_response(200)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for part in body:
                self.wfile.write(part)
        except (BrokenPipeError, ConnectionResetError):
            return

    def _body(self, kind: str) -> tuple[Iterator[bytes], dict[str, str]]:
        if kind == "endless":
            return (b"[" + b'{"a":1},' * 10_000 for _ in range(10_000)), {}
        if kind == "packed":
            packed = io.BytesIO()
            with gzip.GzipFile(fileobj=packed, mode="wb") as file:
                for _ in range(64):
                    file.write(b" " * (1 << 20))
            return iter([packed.getvalue()]), {"Content-Encoding": "gzip"}
        if kind == "broken":
            return iter([b"this is no gzip"]), {"Content-Encoding": "gzip"}
        return iter([b"[" * 100_000 + b"]" * 100_000]), {}

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@contextmanager
def hostile() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("endless", "the answer is larger than 4 MiB"),
        ("packed", "the answer is larger than 4 MiB"),
        ("broken", "DecodingError"),
        ("circle", "TooManyRedirects"),
        ("deep", "nested deeper than 100 levels"),
    ],
)
def test_an_answer_that_hurts_is_an_error_with_a_way_out(kind, said):
    with hostile() as address:
        feed = JsonFeed(f"{address}/{kind}", sleep=lambda _: None, bounds=BoundsConfig(answer_size=4))
        with pytest.raises(FeedError, match=said) as refused:
            feed.answer({})
    assert refused.value.hint


def test_a_bots_deep_answer_is_no_document():
    assert Answer(200, b"[" * 60_000, None).document() == {}
    assert Answer(200, b'{"errcode": 0}', None).document() == {"errcode": 0}


# JSON, tables kept by hand, requests.

VALUES = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def depth_of(value: object) -> int:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth_of, inner), default=0)


@given(VALUES, st.booleans())
def test_nesting_is_what_a_parser_finds(value, ascii_only):
    content = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert nesting(content) == depth_of(value)
    assert parse_json(content, depth=100) == value


@pytest.mark.parametrize("content", [b"[" * 101 + b"]" * 101, b'{"a":' * 5_000_000])
def test_deep_json_is_refused_before_it_is_read(content):
    with pytest.raises(TooDeepError, match="nested deeper than 100 levels"):
        parse_json(content, depth=100)


def test_files_kept_by_hand_have_a_size(tmp_path, monkeypatch):
    monkeypatch.setattr("features.csv_tables.BoundsConfig", lambda: BoundsConfig(page_size=1))
    large = tmp_path / "large.csv"
    large.write_text("a\n" + "x\n" * (1 << 20))
    with pytest.raises(BoundError, match=r"large\.csv: 2 MiB, and at most 1"):
        read_csv_table(large)
    deep_map = tmp_path / "areas.geojson"
    deep_map.write_text('{"type": "FeatureCollection", "features": ' + "[" * 5_000 + "]" * 5_000 + "}")
    with pytest.raises(AreaError, match="nested deeper"):
        read_areas(deep_map)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_form_that_is_too_large_is_refused(settings: Settings, clock, chunked):
    body = b"key=" + b"x" * (2 << 20)
    content = (body[at : at + 65_536] for at in range(0, len(body), 65_536)) if chunked else body
    with TestClient(create_app(settings, clock=clock)) as client:
        answer = client.post("/login", content=content, headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert client.get("/livez").status_code == 200
    assert answer.status_code == 413
    assert "256 kB" in answer.text


def test_deep_json_in_a_request_is_no_failure_of_ours(settings, clock):
    with TestClient(create_app(settings, clock=clock), raise_server_exceptions=False) as client:
        body = b'{"mapping": "zh_12345", "tickets": ' + b"[" * 500_000 + b"}"
        answer = client.post("/v1/tickets", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 401, 422}
