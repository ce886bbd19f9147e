"""Fake WeCom, DingTalk and Feishu bots on loopback: they check what the real ones check, and remember what was said."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from features.clock import Clock

LINK = re.compile(r"http://127\.0\.0\.1:\d+/go/[\w.-]+")
_LIMITS = {"wecom": 4_096, "dingtalk": 20_000, "feishu": 20_480}


@dataclass(frozen=True)
class Said:
    """One message: when it came (accelerated time) and its text."""

    at: datetime
    text: str

    @property
    def links(self) -> list[str]:
        """The signed links in it, in order."""
        return list(dict.fromkeys(LINK.findall(self.text)))


@dataclass
class Bot:
    """A chat program's group bot. `heard` grows as messages arrive."""

    program: str
    clock: Clock
    heard: list[Said] = field(default_factory=list)
    refused: int = 0

    def __post_init__(self) -> None:
        bot = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = json.dumps(bot.answer(body)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server.server_port}/{self.program}"

    def answer(self, body: bytes) -> dict[str, Any]:
        """Judge a message as the real bot does: well-formed, of a known kind, not too long."""
        document = json.loads(body)
        kind = document.get("msg_type" if self.program == "feishu" else "msgtype")
        ok = kind in {"markdown", "interactive"} and len(body) <= _LIMITS[self.program] + 512
        if ok:
            self.heard.append(Said(self.clock.now(), json.dumps(document, ensure_ascii=False)))
        else:
            self.refused += 1
        code = 0 if ok else 40008
        return {"errcode": code, "errmsg": "ok" if ok else "bad", "code": code, "msg": "success" if ok else "bad"}

    def close(self) -> None:
        """Hang up."""
        self.server.shutdown()
        self.server.server_close()
