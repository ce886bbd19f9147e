from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from datetime import timedelta

import httpx2
import pytest
from fastapi.testclient import TestClient

from pipelines.schedule.history import slot_key
from serve.alerts import intake
from serve.api import create_app
from serve.errors import StoreError
from serve.jobs import SCHEDULER, beat, record


def test_liveness_asks_nothing(client):
    assert client.get("/livez").json() == {"status": "ok"}


def test_readiness_names_what_is_missing(client):
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert set(answer.json()["not_ready"]) == {"models", "forecast", "detection"}
    assert answer.json()["not_ready"]["forecast"] == "none issued yet: run `weisu forecast`"


def test_ready_when_everything_has_run_once_and_failed_jobs_show(client, published, alert_ids, store, clock):
    with pytest.raises(RuntimeError, match="feed"), record(store, "ingest", clock=clock, key="1"):
        raise RuntimeError("feed is down")
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["failed_jobs"] == {"ingest": "RuntimeError: feed is down"}


def test_metrics_count_requests_and_alerts(client, alert_ids):
    client.get("/livez")
    text = client.get("/metrics").text
    assert 'weisu_http_requests_total{method="GET",route="/livez",status="200"} 1.0' in text
    assert 'weisu_alerts_active{level="red",state="opened"} 1.0' in text
    assert "weisu_outbox_waiting 2.0" in text


def test_documentation_needs_no_network(client):
    page = client.get("/docs").text
    assert "https://" not in page.replace("https://fastapi.tiangolo.com", "")
    script = page.split('<script src="')[1].split('"')[0]
    assert client.get(script).status_code == 200


def test_openapi_has_examples_and_problem_details(client):
    schema = client.get("/openapi.json").json()
    assert schema["components"]["schemas"]["AlertView"]["examples"]
    assert schema["components"]["schemas"]["ForecastPage"]["examples"]
    assert "HTTPValidationError" not in str(schema)
    unauthorised = schema["paths"]["/v1/alerts"]["get"]["responses"]["401"]["content"]
    assert unauthorised == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def gauge(client, name: str) -> float:
    return float(re.search(rf"^{name} (\S+)$", client.get("/metrics").text, re.MULTILINE)[1])


def parts(client, path: str) -> tuple[int, dict]:
    answer = client.get(path)
    return answer.status_code, answer.json()


def test_a_scheduler_that_died_is_seen_within_two_minutes(client, published, alert_ids, store, clock, settings):
    assert parts(client, "/healthz")[0] == 200
    with record(store, SCHEDULER, clock=clock, key=slot_key(clock.now(), settings.zone)) as row:
        beat(store, row.id, clock=clock)
        assert gauge(client, "weisu_scheduler_beat_timestamp_seconds") == clock.now().timestamp()
        clock.advance(timedelta(minutes=2, seconds=1))
        status, said = parts(client, "/readyz")
        assert (status, said["status"], list(said["degraded"])) == (200, "degraded", ["scheduler"])
        assert parts(client, "/healthz")[0] == 503
        assert 'weisu_not_well{part="scheduler"} 1.0' in client.get("/metrics").text
    assert "stopped since" in parts(client, "/healthz")[1]["degraded"]["scheduler"]


def test_data_that_does_not_go_on_is_seen(client, published, store, clock, settings, make_run):
    through = clock.now().astimezone(settings.zone).replace(tzinfo=None)
    intake(store, [], clock=clock, run=make_run(data_through=through), settings=settings)
    assert "feed" not in parts(client, "/healthz")[1]["degraded"]
    assert gauge(client, "weisu_data_through_timestamp_seconds") == clock.now().timestamp()
    clock.advance(timedelta(days=4, minutes=1))
    status, said = parts(client, "/healthz")
    assert (status, list(said["degraded"])) == (503, ["feed"])
    with record(store, "quality", clock=clock, key="1") as job:
        job.degraded = "zh_12345 is silent"
    assert "zh_12345 is silent" in parts(client, "/readyz")[1]["degraded"]["quality"]


def test_a_home_that_was_moved_away_takes_nothing_any_more(client, published, alert_ids, key_of, settings):
    header = key_of("supervisor")
    elsewhere = settings.home.with_name("gone")
    settings.home.rename(elsewhere)
    status, said = parts(client, "/readyz")
    assert (status, said["status"]) == (503, "not ready")
    assert said["not_ready"] == {"home": said["not_ready"]["home"], "store": "cannot be read: store_moved"}
    assert str(settings.home) not in str(said)
    assert 'weisu_up{part="home"} 0.0' in client.get("/metrics").text
    answer = client.post(f"/v1/alerts/{alert_ids['水务局']}/comment", headers=header, json={"comment": "x"})
    assert (answer.status_code, answer.json()["code"]) == (503, "store_away")
    assert str(settings.home) not in answer.text
    assert not settings.home.exists()
    elsewhere.rename(settings.home)
    assert parts(client, "/readyz")[0] == 200


def test_tickets_are_not_taken_into_a_folder_that_is_not_the_one_it_was(client, key_of, settings):
    settings.home.rename(settings.home.with_name("gone"))
    settings.home.mkdir()
    client.app.state.store.file = None  # as on PostgreSQL, where the store is elsewhere
    client.app.state.store.engine.dispose()
    with pytest.raises(StoreError, match=r"the folder .* was moved away or replaced"):
        client.app.state.premises.refuse_moved()


def test_a_request_that_fails_is_counted_and_timed(settings, store, clock):
    app = create_app(settings, clock=clock, store=store)

    @app.get("/breaks/{what}")
    def breaks(what: str) -> None:
        raise RuntimeError(what)

    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get("/breaks/now").status_code == 500
        text = client.get("/metrics").text
    assert 'weisu_http_requests_total{method="GET",route="/breaks/{what}",status="500"} 1.0' in text
    assert 'weisu_http_request_seconds_count{route="/breaks/{what}"} 1.0' in text


def test_metrics_go_on_where_a_part_cannot_be_read(client, settings):
    log = settings.home / "lake" / "loads" / "_delta_log"
    log.mkdir(parents=True)
    (log / "00000000000000000000.json").write_text("{", encoding="utf-8")
    text = client.get("/metrics").text
    assert 'weisu_up{part="lake"} 0.0' in text
    assert 'weisu_up{part="store"} 1.0' in text
    assert 'weisu_disk_free_bytes{folder="home"}' in text


@pytest.mark.slow
def test_several_workers_tell_one_truth(settings, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "from pipelines.cli import main; main()"
    command = [sys.executable, "-c", code, "serve", "--port", str(port), "--workers", "2", "--home", str(settings.home)]
    environ = {**os.environ, "WEISU_HMAC_KEY": "test-key"}
    with subprocess.Popen(command, cwd=tmp_path, env=environ) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + 120
            while True:
                try:
                    httpx2.get(f"{address}/livez")
                    break
                except httpx2.TransportError:
                    assert time.monotonic() < deadline
                    time.sleep(0.3)
            for _ in range(30):
                httpx2.get(f"{address}/v1/alerts")
            counted = r'weisu_http_requests_total\{method="GET",route="/v1/alerts",status="401"\} (\S+)'
            seen = {re.search(counted, httpx2.get(f"{address}/metrics").text)[1] for _ in range(8)}
            assert seen == {"30.0"}
        finally:
            process.terminate()
            process.wait(30)
