from __future__ import annotations

import pytest

from serve.jobs import record


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
