"""A real server on loopback: nobody without a key keeps it from answering, or fills its memory."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from features.clock import SystemClock
from features.settings import Settings
from serve.access import add_key
from serve.store import Store

SENT = int(os.environ.get("WEISU_FLOOD_MB", "40")) << 20
CHUNK = b"[0,0,0,0]," * 6_553


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, psutil.Process, str]]:
    """A service as `weisu serve` runs it, its process, and a planner's key."""
    folder = tmp_path_factory.mktemp("served")
    settings = Settings(home=folder / "var", mlruns=folder / "mlruns")
    store = Store.open(settings.store_url)
    secret = add_key(store, name="planner", role="planner", now=SystemClock().now()).secret
    store.close()
    (folder / "weisu.toml").write_text("[requests]\nheader_seconds = 1\nbody_seconds = 2\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).with_name("weisu")), "serve", "--port", str(port), "--home", str(settings.home)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        try:
            deadline = time.monotonic() + 120
            while not alive(port) and time.monotonic() < deadline:
                time.sleep(0.2)
            yield port, psutil.Process(child.pid), secret
        finally:
            child.terminate()


def alive(port: int) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=10) as answer:
        return answer.status == 200
    return False


def flood(port: int, path: str, *, chunked: bool, headers: str = "") -> bytes:
    """Send a large body as far as the other side takes it, and return how its answer begins."""
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {SENT}"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(
            f"POST {path} HTTP/1.1\r\nHost: x\r\n{headers}Content-Type: application/json\r\n{length}\r\n\r\n".encode()
        )
        with contextlib.suppress(OSError):
            for _ in range(SENT // len(CHUNK)):
                line.sendall(b"%x\r\n%s\r\n" % (len(CHUNK), CHUNK) if chunked else CHUNK)
        with contextlib.suppress(OSError):
            return line.recv(200)
    return b""


@pytest.mark.slow
@pytest.mark.parametrize("chunked", [False, True])
def test_large_bodies_without_a_key_neither_stop_the_service_nor_stay_in_memory(served, chunked):
    port, process, _ = served
    alive(port)
    rest, most, slowest = process.memory_info().rss, 0, 0.0
    senders = [
        threading.Thread(target=flood, args=(port, path), kwargs={"chunked": chunked})
        for path in ("/v1/tickets", "/login", "/overrides", "/v1/tickets")
    ]
    for sender in senders:
        sender.start()
    for _ in range(20):
        started = time.monotonic()
        assert alive(port)
        slowest = max(slowest, time.monotonic() - started)
        most = max(most, process.memory_info().rss)
        time.sleep(0.05)
    for sender in senders:
        sender.join()
    # As figures: benchmarks/flood. Here only that nobody waits for a body to be read.
    assert slowest < 5
    assert most - rest < 100 << 20


@pytest.mark.slow
def test_a_right_key_is_heard_while_others_send(served):
    port, _, secret = served
    senders = [threading.Thread(target=flood, args=(port, "/login"), kwargs={"chunked": True}) for _ in range(30)]
    for sender in senders:
        sender.start()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/alerts", headers={"X-API-Key": secret})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
    for sender in senders:
        sender.join()


@pytest.mark.slow
@pytest.mark.parametrize(
    "sent", [b"", b"GET /livez HTTP/1.1\r\nHost: x\r\n", b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /l"]
)
def test_who_does_not_finish_its_headers_is_hung_up_on(served, sent):
    port, *_ = served
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(sent)
        with contextlib.suppress(ConnectionResetError):
            while line.recv(4096):
                pass
    assert alive(port)


@pytest.mark.slow
def test_a_body_that_does_not_end_in_time_is_answered_408(served):
    port, _, secret = served
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(
            f"POST /v1/silences HTTP/1.1\r\nHost: x\r\nX-API-Key: {secret}\r\nContent-Type: application/json\r\n"
            "Content-Length: 100\r\n\r\n{".encode()
        )
        assert line.recv(4096).startswith(b"HTTP/1.1 408")
