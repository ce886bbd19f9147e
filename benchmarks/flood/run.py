"""How a real `weisu serve` answers, and what it keeps in memory, while large bodies are sent to it without a key.

    python benchmarks/flood/run.py [--megabytes 200] [--senders 4]

Only loopback. A row per kind of sender: /livez asked ten times a second, its slowest answer and p99; resident memory
above rest; how many bytes the server took.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil

from features.clock import SystemClock
from features.settings import Settings
from serve.access import add_key
from serve.store import Store

CHUNK = b"[0,0,0,0]," * 6_553


def main() -> None:
    """Run every kind of sender and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--senders", type=int, default=4)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "var", mlruns=Path(folder) / "mlruns")
        secret = _key(settings)
        port = _free_port()
        weisu = Path(sys.executable).with_name("weisu")
        command = [str(weisu), "serve", "--port", str(port), "--home", str(settings.home)]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
            try:
                _wait(port)
                for row in _rows(port, child.pid, secret, told):
                    print(json.dumps(row), flush=True)
            finally:
                child.terminate()


def _rows(port: int, pid: int, secret: str, told: argparse.Namespace) -> Any:
    size = told.megabytes << 20
    kinds = [
        ("nobody sends", "", 0, 0, False),
        ("length said, no key", "", size, told.senders, False),
        ("chunked, no key", "", size, told.senders, True),
        ("chunked, wrong key", "X-API-Key: weisu_wrong\r\n", size, told.senders, True),
        ("31 MiB, no key", "", 31 << 20, 1, True),
        ("31 MiB, a planner's key", f"X-API-Key: {secret}\r\n", 31 << 20, 1, True),
    ]
    for name, headers, length, senders, chunked in kinds:
        yield {"sender": name, **_measured(port, pid, headers, length, senders, chunked=chunked)}


def _measured(port: int, pid: int, headers: str, length: int, senders: int, *, chunked: bool) -> dict[str, Any]:
    process = psutil.Process(pid)
    rest, most, times, taken = process.memory_info().rss, 0, [], []
    threads = [
        threading.Thread(target=lambda: taken.append(_send(port, headers, length, chunked=chunked)))
        for _ in range(senders)
    ]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    while any(thread.is_alive() for thread in threads) or time.monotonic() - began < 5:
        started = time.monotonic()
        _alive(port)
        times.append(time.monotonic() - started)
        most = max(most, process.memory_info().rss)
        time.sleep(0.1)
    times.sort()
    return {
        "livez_p99_ms": round(1000 * times[int(0.99 * (len(times) - 1))], 1),
        "livez_slowest_ms": round(1000 * times[-1], 1),
        "memory_above_rest_mib": round((most - rest) / (1 << 20), 1),
        "taken_mib": round(sum(taken) / (1 << 20), 1),
    }


def _send(port: int, headers: str, size: int, *, chunked: bool) -> int:
    """Send a body as far as it is taken, and return how far."""
    sent = 0
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
    head = f"POST /v1/tickets HTTP/1.1\r\nHost: x\r\n{headers}Content-Type: application/json\r\n{length}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=180) as line, contextlib.suppress(OSError):
        line.sendall(head.encode())
        for chunk in [b"[", *[CHUNK] * (size // len(CHUNK)), b"[]]"]:
            line.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk) if chunked else chunk)
            sent += len(chunk)
        if chunked:
            line.sendall(b"0\r\n\r\n")
        line.recv(1000)
    return sent


def _alive(port: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=180) as answer:
        answer.read()


def _wait(port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            _alive(port)
            return
        time.sleep(0.2)


def _key(settings: Settings) -> str:
    store = Store.open(settings.store_url)
    secret = add_key(store, name="planner", role="planner", now=SystemClock().now()).secret
    store.close()
    return secret


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
