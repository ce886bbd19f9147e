"""Names, telephones and identity numbers planted in every input are in no output: what is printed, logged or stored."""

from __future__ import annotations

import csv
import itertools
import json
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import structlog
from fastapi.testclient import TestClient
from sqlalchemy import select

from features.configuration import SurgeConfig
from features.lake import Lake
from pipelines import cli
from pipelines.promotion import promote
from pipelines.tracking import Registry
from pipelines.tracking.registry import HOTSPOT
from serve.access import add_key
from serve.access.caller import SESSION_COOKIE
from serve.alerts import intake
from serve.api import create_app
from serve.logs import configure_logs
from serve.pages.sessions import start_session
from serve.store.columns import Base
from serve.store.tables import BrowserSession
from tests.replay.test_detectors_in_force import register

HEADER = ["工单编号", "受理时间", "三级事项", "区县", "街道", "状态", "来电人", "诉求标题", "诉求内容", "地址"]
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


class Plants:
    """Invented persons, each with a name, a telephone and an identity number that nobody else has."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.all: set[str] = set()

    def person(self) -> tuple[str, str, str]:
        number = next(self._numbers)
        name = "王李张刘陈杨赵黄周吴"[number % 10] + "建晓丽志海"[number // 10 % 5] + "国明娟强燕"[number % 5]
        phone = f"1380000{number:04}"
        body = f"46010019850{number % 9 + 1}{number % 18 + 10:02}{number % 900 + 100:03}"
        identity = body + "10X98765432"[sum(w * int(d) for w, d in zip(_WEIGHTS, body, strict=True)) % 11]
        # Exchange 0000 is nobody's, and so are these numbers.
        self.all |= {name, phone, identity}
        return name, phone, identity

    def text(self) -> str:
        name, phone, identity = self.person()
        return f"我叫{name}，电话{phone}，身份证{identity}"

    def found_in(self, said: str) -> list[str]:
        return sorted(plant for plant in self.all if plant in said)


@pytest.fixture
def plants() -> Plants:
    return Plants()


@pytest.fixture
def logs():
    configure_logs()
    yield
    structlog.reset_defaults()


def row(plants: Plants, number: int, **cells: str) -> list[str]:
    name, phone, identity = plants.person()
    made = {
        "工单编号": f"S{number}", "受理时间": "2026-11-22 06:00:00", "三级事项": "停水", "区县": "龙华区",
        "街道": f"滨海{phone}", "状态": identity, "来电人": phone, "诉求标题": f"{name}先生投诉",
        "诉求内容": plants.text(),
        "地址": f"联系人：{name} {phone}",
    }  # fmt: skip
    return [(made | cells)[column] for column in HEADER]


def table(path: Path, rows: list[list[str]], *, header: bool = True) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows] if header else rows)
    return path


def run(capsys, monkeypatch, *arguments: str) -> str:
    """Run a command as the command line does; return everything that it printed."""
    monkeypatch.setattr("sys.argv", ["weisu", *arguments])
    with pytest.raises(SystemExit):
        cli.main()
    said = capsys.readouterr()
    return said.out + said.err


def stored(settings, store) -> str:
    """Return everything that the installation holds: rows of the store, files of the lake and of MLflow, all others."""
    import pyarrow.parquet as pq

    said = []
    with store.reading() as session:
        said += [str(tuple(one)) for name in Base.metadata.sorted_tables for one in session.execute(select(name))]
    for folder in (settings.home, settings.mlruns):
        for path in sorted(folder.rglob("*")):
            if path.suffix == ".parquet":
                said.append(str(pq.read_table(path).to_pylist()))
            elif path.is_file():
                said.append(path.read_bytes().decode("utf-8", errors="replace"))
    return "\n".join(said)


@pytest.mark.slow
@pytest.mark.usefixtures("logs")
def test_files_leave_nothing_of_a_person(plants, settings, store, clock, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("WEISU_HOME", str(settings.home))
    good = [row(plants, number) for number in range(30)]
    late = row(plants, 98, 受理时间=plants.text())
    moved = row(plants, 99, 三级事项=plants.person()[1], 区县=plants.person()[2])
    long = row(plants, 100, 区县="龙华区\n" + plants.person()[1])
    files = {
        "whole": table(tmp_path / "whole.csv", [*good, moved, long]),
        "bad times": table(tmp_path / "late.csv", [late, row(plants, 97, 受理时间=plants.text())]),
        "some bad": table(tmp_path / "some.csv", [*(row(plants, 300 + n) for n in range(200)), late]),
        "no header": table(tmp_path / "bare.csv", good, header=False),
        "names only": table(tmp_path / "names.csv", [[plants.person()[0], "噪声", "龙华区"]] * 3, header=False),
        "a sentence": tmp_path / "said.csv",
        "broken": tmp_path / "broken.csv",
        "json": tmp_path / "lines.jsonl",
        "no sheet": tmp_path / "said.xlsx",
    }  # fmt: skip
    files["a sentence"].write_text(plants.text() + "\n", encoding="utf-8")
    files["no sheet"].write_text(plants.text() + "\n", encoding="utf-8")
    files["broken"].write_text(",".join(HEADER) + f'\nS1,"{plants.text()}\n' + f'S2,"{plants.text()}"x,,,\n', "utf-8")
    rows = [{plants.text(): "x", "诉求内容": plants.text()}, {plants.person()[0]: "x"}]
    files["json"].write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in rows), encoding="utf-8")
    leaks = {}
    for what, path in files.items():
        for command in (["ingest", str(path), "--mapping", "zh_12345"], ["mapping", "suggest", str(path)]):
            leaks[what, command[0]] = plants.found_in(run(capsys, monkeypatch, *command))
    leaks = {what: found for what, found in leaks.items() if found}
    assert leaks == {}
    assert plants.found_in(stored(settings, store)) == []
    assert Lake.of(settings).quarantine(source="zh_12345").num_rows > 0, "something was refused, and kept without words"


class Feed(BaseHTTPRequestHandler):
    answers: tuple[tuple[int, object], ...] = ()

    def do_GET(self) -> None:
        status, body = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        content = body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.slow
@pytest.mark.usefixtures("logs")
def test_feeds_leave_nothing_of_a_person(plants, settings, store, clock, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("WEISU_HOME", str(settings.home))
    said = plants.text()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Feed)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/requests.json"
    bodies = [
        [{plants.text(): "x"}, {plants.person()[0]: "x"}],
        [{"service_request_id": "1", "requested_datetime": said, "description": said}],
        {"error": said},
        f"<html>{said}</html>",
        said,
    ]
    leaks = []
    try:
        for status, body in itertools.product((200, 400), bodies):
            server.answers = [(status, body)]
            span = ("--since", "2026-11-01", "--until", "2026-11-02")
            leaks += plants.found_in(run(capsys, monkeypatch, "ingest", address, "--mapping", "open311", *span))
    finally:
        server.shutdown()
        server.server_close()
    assert leaks == [], "\n".join(map(str, leaks))
    assert plants.found_in(stored(settings, store)) == []


def bodies(plants: Plants, clock) -> list[tuple[str, str, dict]]:
    """Return requests with a person in every text that a body has: valid ones, and ones that are refused."""
    due = (clock.now() + timedelta(days=1)).isoformat()
    said = plants.text
    return [
        ("post", "/v1/alerts/{alert}/comment", {"text": said()}),
        ("post", "/v1/alerts/{alert}/comment", {"text": said(), said(): said()}),
        ("post", "/v1/alerts/{alert}/supervise", {"demand": said(), "due_at": due}),
        ("post", "/v1/alerts/{alert}/supervise", {"demand": said(), "due_at": said()}),
        ("post", "/v1/alerts/{alert}/outcome", {"outcome": "came", "note": said()}),
        ("post", "/v1/alerts/{alert}/outcome", {"outcome": said(), "note": said()}),
        ("post", "/v1/alerts/{alert}/handle", {"note": said()}),
        ("post", "/v1/alerts/{alert}/reopen", {"reason": said()}),
        ("post", "/v1/alerts/{alert}/reassign", {"reason": said(), "department": "城管局"}),
        ("post", "/v1/alerts/{alert}/dismiss", {"reason": "other", "note": said()}),
        ("post", "/v1/alerts/{alert}/reopen", {"reason": said()}),
        ("post", "/v1/alerts/{alert}/resolve", {"reason": said()}),
        ("post", "/v1/silences", {"category": "噪声", "ends_at": due, "comment": said()}),
        ("post", "/v1/routes", {"category": "噪声", "department": "城管局", "comment": said()}),
        ("post", "/v1/events", {"name": said(), "starts_on": "2026-12-01", "ends_on": "2026-12-02", "reason": said()}),
        ("post", "/v1/tickets", {"mapping": "zh_12345", "rows": [dict(zip(HEADER, row(plants, 1), strict=True))]}),
        ("post", "/v1/tickets", {"mapping": "zh_12345", "rows": [{said(): said(), plants.person()[0]: "x"}]}),
        ("post", "/v1/tickets", {"mapping": said(), "rows": []}),
        ("post", "/v1/tickets", {"mapping": "zh_12345", "rows": said()}),
        ("post", "/v1/overrides", {"unique_id": said(), "ds": said(), "value": said(), "reason": said()}),
    ]


@pytest.mark.usefixtures("logs")
def test_bodies_and_forms_leave_nothing_of_a_person(plants, settings, store, clock, capsys, make_candidate, make_run):
    alert = intake(store, [make_candidate()], clock=clock, run=make_run(), settings=settings).alert_ids[0]
    key = add_key(store, name="督办员", role="admin", now=clock.now())
    cookie = start_session(store, key.info, now=clock.now())
    with store.reading() as session:
        csrf = session.scalar(select(BrowserSession.csrf_token))
    app = create_app(settings, clock=clock, store=store)
    answers: list[tuple[str, int, str]] = []
    with TestClient(app, cookies={SESSION_COOKIE: cookie}, raise_server_exceptions=False) as client:
        headers = {"Authorization": f"Bearer {key.secret}", "Idempotency-Key": "once"}
        for number, (method, path, body) in enumerate(bodies(plants, clock)):
            sent = headers | {"Idempotency-Key": f"once-{number}"}
            for _ in range(2):
                answer = client.request(method, path.format(alert=alert), headers=sent, json=body)
                answers.append((path, answer.status_code, answer.text))
        for form, fields in _forms(plants, alert):
            answer = client.post(form, data=fields | {"csrf": csrf})
            answers.append((form, answer.status_code, answer.text))
        sheet = ("sheet.csv", f"事项,区域,承办单位,说明\n停水,,城管局,{plants.text()}\n".encode(), "text/csv")
        answer = client.post("/routing/sheet", data={"csrf": csrf}, files={"sheet": sheet})
        answers.append(("/routing/sheet", answer.status_code, answer.text))
        order = client.get("/v1/supervision/orders", headers=headers).json()["items"][0]["id"]
        answer = client.post(f"/v1/supervision/orders/{order}/answer", headers=headers, json={"answer": plants.text()})
        answers.append(("answer", answer.status_code, answer.text))
        pages = [f"/alerts/{alert}", "/supervision", "/quiet", "/routing", "/board", "/metrics", "/overrides"]
        reads = [f"/v1/alerts/{alert}/events", f"/v1/alerts/{alert}", "/v1/silences", "/v1/routes", "/v1/events"]
        answers += [(path, 200, client.get(path, headers=headers).text) for path in reads]
        answers += [(path, 200, client.get(path).text) for path in pages]
    said = capsys.readouterr()
    leaks = [(path, code, found, text[:300]) for path, code, text in answers if (found := plants.found_in(text))]
    assert leaks == [], "\n".join(map(str, leaks))
    assert [path for path, code, _ in answers if code >= 500] == []
    assert sum(code < 300 for _, code, _ in answers) >= 20
    assert plants.found_in(said.out + said.err) == []
    assert plants.found_in(stored(settings, store)) == []


def _forms(plants: Plants, alert: str) -> list[tuple[str, dict[str, str]]]:
    said = plants.text
    return [
        ("/supervision/orders", {"alert_id": alert, "demand": said(), "due": "2026-12-24T10:00"}),
        ("/supervision/orders", {"alert_id": alert, "demand": said(), "due": said()[:20]}),
        ("/quiet/silences", {"category": "停水", "ends": "2026-12-24T10:00", "comment": said()}),
        ("/quiet/silences", {"category": "停水", "ends": said(), "comment": said()}),
        (f"/alerts/{alert}/act", {"action": "ack", "reason": said()[:40]}),
        (f"/alerts/{alert}/act", {"action": "dismiss", "reason": said()[:40]}),
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_why_a_model_was_promoted_is_masked_where_it_is_kept(plants, settings, store, clock):
    version = register(settings, SurgeConfig())
    promote(settings, HOTSPOT, version, actor="tester", reason=plants.text(), clock=clock)
    assert Registry.open(settings).promotions(HOTSPOT)[-1].reason.startswith("我叫[姓名]")
    assert plants.found_in(stored(settings, store)) == []
