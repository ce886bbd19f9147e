"""Open311, Socrata and SQL, against servers and databases of the test's own."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from features.errors import FeedError, SourceError
from features.lake import Lake
from features.mappings import MappingError, load_mapping
from pipelines.ingest import AskedSpan, ingest

SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)
OPENED = [SINCE + timedelta(hours=19 * i) for i in range(300)]
SPAN = AskedSpan(since=SINCE, until=UNTIL)


class City(ThreadingHTTPServer):
    """A city's server on loopback: speaks Open311 and Socrata, and fails when told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, str]] = []
        self.failures: list[int] = []
        self.dead_after: int | None = None
        self.most = 1000
        self.turns_pages = True
        self.breaks_off_once = False
        self.retry_after = "7"
        self.complaint: object = {"error": True}
        self.rows: list[dict] = []
        self.speak = None
        self.lines: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        city: City = self.server
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        city.asked.append(query)
        dead = city.dead_after is not None and len(city.asked) > city.dead_after
        status = 503 if dead else city.failures.pop(0) if city.failures else 200
        query |= {name: str(min(int(query[name]), city.most)) for name in ("page_size", "$limit") if name in query}
        query |= {} if city.turns_pages else {"page": "1"}
        city.lines.append(self.path)
        if city.speak and status == 200:
            self._speak(city, query)
            return
        rows = socrata(query) if "resource" in url.path else open311(query)
        body = json.dumps(rows if status == 200 else city.complaint).encode()
        if city.breaks_off_once and status == 200:
            city.breaks_off_once, body = False, body[:99]
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Retry-After", city.retry_after)
        self.end_headers()
        self.wfile.write(body)

    def _speak(self, city: City, query: dict[str, str]) -> None:
        """Answer as `city.speak` does with the rows of the window: JSON, or a status and a body."""
        start, end = (datetime.fromisoformat(query[name]) for name in ("start_date", "end_date"))
        rows = [row for row in city.rows if start <= datetime.fromisoformat(row["requested_datetime"]) < end]
        answer = city.speak(rows, query, len(city.asked))
        html = isinstance(answer, tuple) and isinstance(answer[1], str)
        status, answer = answer if isinstance(answer, tuple) else (200, answer)
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if html else "application/json; charset=utf-8; v=2")
        self.end_headers()
        self.wfile.write(b"" if status == 204 else answer.encode() if html else json.dumps(answer).encode())

    def log_message(self, *args) -> None:
        pass


def open311(query: dict[str, str]) -> list[dict]:
    start, end = (datetime.fromisoformat(query[name]) for name in ("start_date", "end_date"))
    assert end - start <= timedelta(days=90)
    found = [
        {
            "service_request_id": f"R{i}",
            "requested_datetime": opened.isoformat(),
            "updated_datetime": opened.isoformat(),
            "service_name": "Pothole",
            "status": "open",
            "lat": 42.3,
            "long": -71.1,
        }
        for i, opened in enumerate(OPENED)
        if start <= opened < end
    ]
    page, size = int(query["page"]), int(query["page_size"])
    return found[(page - 1) * size : page * size]


def socrata(query: dict[str, str]) -> list[dict]:
    start, end = (
        datetime.fromisoformat(text).replace(tzinfo=UTC) + timedelta(hours=5)
        for text in re.findall(r"'([^']+)'", query["$where"])
    )
    found = [
        {
            "unique_key": f"U{i}",
            "created_date": (opened - timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M:%S.000"),
            "borough": "BRONX",
            "complaint_type": "Noise",
        }
        for i, opened in enumerate(OPENED)
        if start <= opened < end
    ]
    first = int(query["$offset"])
    return found[first : first + int(query["$limit"])]


@pytest.fixture
def city() -> Iterator[City]:
    server = City()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def tickets(settings):
    return Lake.open(settings.lake_path, timezone=settings.timezone).tickets()


def test_open311_pages_and_windows_bring_every_request_once(city, settings, clock):
    summary = ingest([f"{city.address}/requests.json"], "open311", settings, clock, span=SPAN)
    assert (summary.kept, summary.unchanged, summary.quarantined) == (300, 0, 0)
    assert tickets(settings)["opened_at"].to_pylist() == OPENED
    assert {query["page"] for query in city.asked} == {"1", "2", "3"}


@pytest.mark.parametrize("what", ["open311", "socrata"])
def test_a_server_that_gives_fewer_rows_than_it_was_asked_for_loses_none(city, settings, clock, what):
    city.most = 30
    how = load_mapping("open311" if what == "open311" else "nyc_311").model_copy(update={"timezone": "Etc/GMT+5"})
    address = "requests.json" if what == "open311" else "resource/x.json"
    summary = ingest([f"{city.address}/{address}"], how, settings, clock, span=SPAN)
    assert (summary.read, summary.kept) == (300, 300)


def test_a_server_that_does_not_turn_pages_is_found_out(city, settings, clock):
    city.turns_pages = False
    with pytest.raises(FeedError, match=r"page 1 once more.*beyond the first 100 would be lost") as caught:
        ingest([f"{city.address}/requests.json"], "open311", settings, clock, span=SPAN)
    assert "window_days" in str(caught.value)
    assert (len(city.asked), tickets(settings).num_rows) == (4, 0)
    how = load_mapping("open311").model_copy(update={"window_days": 30})
    summary = ingest([f"{city.address}/requests.json"], how, settings, clock, span=SPAN)
    assert (summary.kept, summary.unchanged) == (300, 0)
    assert city.asked[4]["start_date"] == "2026-01-01T00:00:00Z"


def numbered(count: int, *, every: timedelta = timedelta(hours=3)) -> list[dict]:
    return [
        {
            "service_request_id": str(1000 + i),
            "requested_datetime": (SINCE + every * i).isoformat(),
            "updated_datetime": (SINCE + every * i).isoformat(),
            "service_name": "Pothole",
        }
        for i in range(count)
    ]


def page_of(rows: list[dict], query: dict[str, str], *, shown: int | None = None) -> list[dict]:
    size = int(query["page_size"])
    page = int(query["page"]) if shown is None else shown
    return rows[(page - 1) * size : page * size]


def last_again(rows, query, _asked):
    return page_of(rows, query, shown=min(int(query["page"]), max(1, -(-len(rows) // int(query["page_size"])))))


def first_again(rows, query, _asked):
    return page_of(rows, query) or page_of(rows, query, shown=1)


def not_found(rows, query, _asked):
    return page_of(rows, query) or (404, [{"code": 404, "description": "No service requests found"}])


def not_found_page(rows, query, _asked):
    return page_of(rows, query) or (404, "<html>nothing here</html>")


def not_found_with_200(rows, query, _asked):
    return page_of(rows, query) or [{"code": 404, "description": "No service requests found"}]


def nothing(rows, query, _asked):
    return page_of(rows, query) or {}


def null(rows, query, _asked):
    return page_of(rows, query) or {"count": 0, "service_requests": None}


def no_content(rows, query, _asked):
    return page_of(rows, query) or (204, "")


def wrapped(rows, query, _asked):
    return {"service_requests": page_of(rows, query)}


def wrapped_twice(rows, query, _asked):
    return {"request": {"start": query["start_date"]}, "requests": [{"request": page_of(rows, query)}]}


def wrapped_each(rows, query, _asked):
    return [{"service_request": row} for row in page_of(rows, query)]


def listed(rows, query, _asked):
    return [{name: [value] for name, value in row.items()} | {"address": []} for row in page_of(rows, query)]


def alone(rows, query, _asked):
    found = page_of(rows, query)
    return found[0] if len(found) == 1 else found


def moving(rows, query, asked):
    """A new request pushes the others on to the next page while they are read."""
    newest = [dict(row, service_request_id="new") for row in rows[-1:]]
    return page_of([*newest[: asked > 1], *reversed(rows)], query)


ENDINGS = [last_again, first_again, not_found, not_found_page, not_found_with_200, nothing, null, no_content]
SHAPES = [wrapped, wrapped_twice, wrapped_each, listed, alone]


@pytest.mark.parametrize("speak", [*ENDINGS, *SHAPES], ids=lambda speak: speak.__name__)
@pytest.mark.parametrize("count", [1, 2, 11, 20, 40, 41])
def test_every_way_in_which_servers_end_and_wrap_brings_each_request_once(city, settings, clock, speak, count):
    city.rows, city.speak = numbered(count), speak
    how = load_mapping("open311").model_copy(update={"page_size": 20})
    summary = ingest([f"{city.address}/requests.json"], how, settings, clock, span=SPAN)
    assert (summary.read, summary.kept, summary.quarantined) == (count, count, 0)
    assert len(city.asked) <= 3 * (count // 20 + 3)


def test_a_request_that_comes_while_the_pages_are_read_loses_none(city, settings, clock):
    city.rows, city.speak = numbered(70), moving
    how = load_mapping("open311").model_copy(update={"page_size": 20})
    ingest([f"{city.address}/requests.json"], how, settings, clock, span=SPAN)
    assert set(tickets(settings)["ticket_id"].to_pylist()) >= {str(1000 + i) for i in range(70)}


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("most", "page_size"), [(20, 20), (20, 1000), (30, 25)])
def test_rows_that_change_with_every_answer_hide_no_server_that_ignores_the_page(
    city, settings, clock, most, page_size, order
):
    def volatile(rows, _query, asked):
        shown = rows[::order][: min(most, page_size)]
        return [
            row | {"age_seconds": asked, "updated_datetime": (UNTIL - timedelta(asked)).isoformat()} for row in shown
        ]

    city.rows, city.speak = numbered(90), volatile
    how = load_mapping("open311").model_copy(update={"page_size": page_size})
    with pytest.raises(FeedError, match="does not turn pages"):
        ingest([f"{city.address}/requests.json"], how, settings, clock, span=SPAN)
    assert (len(city.asked) <= 4, tickets(settings).num_rows) == (True, 0)


def test_a_server_that_ignores_the_page_and_the_dates_is_found_out_too(city, settings, clock):
    city.speak = lambda _rows, _query, _asked: numbered(100)
    how = load_mapping("open311").model_copy(update={"page_size": 100})
    with pytest.raises(FeedError, match="does not turn pages"):
        ingest([f"{city.address}/requests.json"], how, settings, clock, span=SPAN)


def test_a_request_with_a_token_and_no_id_yet_waits_for_its_id(city, settings, clock):
    city.rows = [
        row if i % 3 else row | {"service_request_id": None, "token": f"t{i}"} for i, row in enumerate(numbered(30))
    ]
    city.speak = wrapped
    first = ingest([f"{city.address}/requests.json"], "open311", settings, clock, span=SPAN)
    assert (first.kept, first.quarantined, first.awaiting_id) == (20, 0, 10)
    city.rows = numbered(30)
    again = ingest([f"{city.address}/requests.json"], "open311", settings, clock, span=SPAN)
    assert (again.kept, again.unchanged, again.awaiting_id) == (10, 20, 0)


def test_requests_without_id_and_token_go_to_quarantine(city, settings, clock):
    city.rows = [row if i else row | {"service_request_id": ""} for i, row in enumerate(numbered(30))]
    city.speak = wrapped
    summary = ingest([f"{city.address}/requests.json"], "open311", settings, clock, span=SPAN)
    assert (summary.kept, summary.quarantined) == (29, 1)


def test_an_address_that_is_nowhere_is_no_quiet_feed(city, settings, clock):
    city.speak = lambda *_: (404, [{"code": 404, "description": "jurisdiction_id was not found"}])
    with pytest.raises(FeedError, match="HTTP 404: jurisdiction_id was not found"):
        ingest([f"{city.address}/requests.json"], "open311", settings, clock, span=SPAN)
    assert Lake.open(settings.lake_path, timezone="UTC").sources() == []
    assert not list(Lake.open(settings.lake_path, timezone="UTC").path.glob("bookmarks/*.json"))


def test_a_quiet_window_said_by_404_is_empty_where_another_one_is_there(city, settings, clock):
    city.rows, city.speak = [row for row in numbered(1500) if row["requested_datetime"] > "2026-04-15"], not_found
    summary = ingest([f"{city.address}/requests.json"], "open311", settings, clock, span=SPAN)
    assert summary.kept == len(city.rows)


@pytest.mark.parametrize("body", [{"error": "no such city", "requests": []}, "nothing", {"status": "down"}, [["x"]]])
def test_an_answer_that_holds_no_requests_is_no_end(city, settings, clock, body):
    city.speak = lambda *_: body
    with pytest.raises(FeedError, match="the answer is not a list of requests"):
        ingest([f"{city.address}/requests.json"], "open311", settings, clock, span=SPAN)


def test_a_cut_run_goes_on_within_a_window_of_a_server_that_repeats_its_last_page(city, settings, clock):
    city.rows, city.speak, city.dead_after = numbered(90), last_again, 3
    how = load_mapping("open311").model_copy(update={"page_size": 20})
    with pytest.raises(FeedError, match="HTTP 503 after 6 attempts"):
        ingest([f"{city.address}/requests.json"], how, settings, clock, span=SPAN, sleep=lambda _: None)
    assert tickets(settings).num_rows == 60
    city.dead_after, city.asked = None, []
    summary = ingest([f"{city.address}/requests.json"], how, settings, clock, span=SPAN)
    assert (summary.kept, tickets(settings).num_rows, city.asked[0]["page"]) == (30, 90, "4")


def test_the_query_of_the_address_may_say_a_name_twice_or_without_a_value(city, settings, clock):
    ingest([f"{city.address}/requests.json?status=open&status=closed&full"], "open311", settings, clock, span=SPAN)
    assert "status=open&status=closed&full=&" in city.lines[0]


def test_the_address_keeps_a_query_of_its_own_and_does_not_show_it(city, settings, clock):
    address = f"{city.address}/requests.json?jurisdiction_id=city.gov&api_key=hidden"
    city.failures = [200, 200, 400]
    city.complaint = [{"code": 400, "description": "start_date is not a date"}]
    with pytest.raises(FeedError, match="HTTP 400: start_date is not a date") as caught:
        ingest([address], "open311", settings, clock, span=SPAN)
    assert {query["jurisdiction_id"] for query in city.asked} == {"city.gov"}
    bookmark = next(Lake.open(settings.lake_path, timezone="UTC").path.glob("bookmarks/*.json")).read_text()
    assert "hidden" not in str(caught.value) + bookmark


def test_socrata_pages_are_ordered_and_bring_every_request_once(city, settings, clock):
    how = load_mapping("nyc_311").model_copy(update={"page_size": 20, "timezone": "Etc/GMT+5"})
    summary = ingest([f"{city.address}/resource/x.json"], how, settings, clock, span=SPAN)
    assert summary.kept == 300
    assert all(query["$order"] == "created_date, unique_key" for query in city.asked)


def test_hiccups_are_retried_with_the_pause_the_server_asks_for(city, settings, clock):
    city.failures = [503, 429]
    pauses: list[float] = []
    summary = ingest([f"{city.address}/requests.json"], "open311", settings, clock, span=SPAN, sleep=pauses.append)
    assert summary.kept == 300
    assert pauses == [7.0, 7.0]


def test_an_answer_that_is_not_ready_or_breaks_off_is_asked_for_again(city, settings, clock):
    city.failures, city.breaks_off_once = [202], True
    pauses: list[float] = []
    summary = ingest([f"{city.address}/requests.json"], "open311", settings, clock, span=SPAN, sleep=pauses.append)
    assert (summary.kept, len(pauses)) == (300, 2)


def test_the_pause_may_be_a_date_but_not_half_a_day(city, settings, clock):
    city.failures, city.retry_after = [429], format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    pauses: list[float] = []
    ingest([f"{city.address}/requests.json"], "open311", settings, clock, span=SPAN, sleep=pauses.append)
    assert 30 < pauses[0] <= 40
    city.failures, city.retry_after = [503], "43200"
    with pytest.raises(FeedError, match="HTTP 503, and asks to wait 720 minutes"):
        ingest([f"{city.address}/requests.json"], "open311", settings, clock, span=SPAN)


def test_a_refusal_is_not_retried(city, settings, clock):
    city.failures = [403]
    with pytest.raises(FeedError, match="HTTP 403"):
        ingest([f"{city.address}/requests.json"], "open311", settings, clock, span=SPAN)
    assert len(city.asked) == 1


def test_a_cut_run_goes_on_where_it_was(city, settings, clock):
    city.dead_after = 3
    with pytest.raises(FeedError, match="HTTP 503 after 6 attempts"):
        ingest([f"{city.address}/requests.json"], "open311", settings, clock, span=SPAN, sleep=lambda _: None)
    assert tickets(settings).num_rows == 114
    city.dead_after, city.asked = None, []
    clock.advance(timedelta(minutes=5))
    summary = ingest([f"{city.address}/requests.json"], "open311", settings, clock, span=SPAN)
    assert city.asked[0]["start_date"] == "2026-04-01T00:00:00Z"
    assert (summary.kept, tickets(settings).num_rows) == (186, 300)


def test_a_feed_that_was_read_says_how_far(city, settings, clock):
    ingest([f"{city.address}/requests.json"], "open311", settings, clock, span=SPAN)
    state = Lake.open(settings.lake_path, timezone="UTC").sources()[0]
    assert state.known_through == UNTIL


def test_a_span_that_holds_nothing_is_refused(city, settings, clock):
    with pytest.raises(SourceError, match="nothing lies between 2026-09-01 00:00 and 2026-01-01 00:00 UTC"):
        ingest([city.address], "open311", settings, clock, span=AskedSpan(since=UNTIL, until=SINCE))
    assert city.asked == []


def test_rows_without_the_column_of_the_id_are_the_mapping_s_fault(city, settings, clock):
    how = load_mapping("open311")
    how = how.model_copy(update={"columns": how.columns | {"ticket_id": ("ticket",)}})
    with pytest.raises(MappingError, match=r"none of 300 rows has 'ticket' \(for ticket_id\)") as caught:
        ingest([f"{city.address}/requests.json"], how, settings, clock, span=SPAN)
    assert "they have service_request_id, requested_datetime" in str(caught.value)


def test_an_address_needs_a_protocol(city, settings, clock):
    with pytest.raises(SourceError, match="mapping nyc_council does not say what"):
        ingest([city.address], "nyc_council", settings, clock)


@pytest.fixture
def database(tmp_path) -> str:
    path = tmp_path / "hotline.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE orders (工单编号 TEXT, 受理时间 TEXT, 三级事项 TEXT, 区县 TEXT)")
        rows = [(f"S{i}", f"2026-03-{i + 1:02d} 08:00:00", "噪声", "美兰区") for i in range(9)]
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
    connection.close()
    return f"sqlite:///{path}"


def test_a_database_is_read_by_its_query(database, settings, clock):
    span = AskedSpan(query="SELECT * FROM orders WHERE 工单编号 <> 'S0'")
    first = ingest([database], "zh_12345", settings, clock, span=span)
    again = ingest([database], "zh_12345", settings, clock, span=span)
    assert (first.kept, again.kept, again.unchanged) == (8, 0, 8)


def test_a_database_s_own_times_are_read_as_what_they_are(postgres_url, settings, clock):
    url = postgres_url.replace("postgresql://", "postgresql+psycopg://")
    query = """SELECT 'P' || n AS id, to_timestamp(1767225600.25 + n) AS opened,
        (to_timestamp(1767225600.25 + n) AT TIME ZONE 'Asia/Shanghai') AS wall FROM generate_series(1, 3) n"""
    for column in ("opened", "wall"):
        how = load_mapping("zh_12345").model_copy(
            update={"source": column, "columns": {"ticket_id": ("id",), "opened_at": (column,)}}
        )
        ingest([url], how, settings, clock, span=AskedSpan(query=query))
    told = tickets(settings).sort_by("ticket_id").to_pylist()
    assert {row["opened_at"] for row in told if row["ticket_id"] == "P1"} == {
        datetime(2026, 1, 1, 0, 0, 1, 250_000, tzinfo=UTC)
    }
    assert len(told) == 6


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nosuch://user:secret@host/db", "no database at that address"),
        ("postgresql+psycopg://user:secret@127.0.0.1:9/db", "connection to server at"),
        ("oracle+oracledb://user:secret@host/db", "needs the Python package oracledb"),
        ("sqlite://", "no such table: nowhere"),
        ("sqlite:///nowhere.db", "no such file: nowhere.db"),
    ],
)
def test_database_errors_say_what_is_wrong_and_not_the_password(settings, clock, address, said):
    with pytest.raises(SourceError, match=said) as caught:
        ingest([address], "zh_12345", settings, clock, span=AskedSpan(query="SELECT * FROM nowhere"))
    assert "secret" not in str(caught.value)
    assert not Path("nowhere.db").exists()


def test_a_database_needs_a_query(settings, clock):
    with pytest.raises(SourceError, match="needs a query"):
        ingest(["sqlite:///x.db"], "zh_12345", settings, clock)
