"""A fake bot on loopback that answers as it is told, a migrated store, and alerts with messages in the outbox."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import JSON, DateTime, select

from features.clock import FixedClock
from features.sentences import Sentence
from features.settings import Settings
from features.vocabulary import AlertLevel, BeyondHistory, Frequency, Kind
from features.words import AreaNames
from serve.delivery.notice import Message, Notice
from serve.store import Store
from serve.store.columns import UtcDateTime, new_id
from serve.store.tables import Alert, AlertEvent, OutboxMessage, Subscription

NOW = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)


@dataclass
class Reply:
    status: int = 200
    body: bytes = b'{"errcode":0,"errmsg":"ok","code":0,"msg":"success"}'
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    trickle: bool = False


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Take it quietly when the other side is killed; anything else is a fault of the test."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class FakeBot:
    """Answers with the queued replies in order, then with the last one for ever."""

    def __init__(self) -> None:
        self.replies: list[Reply] = [Reply()]
        self.received: list[Received] = []
        bot = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                if len(body) < length:
                    return  # the other side died in the middle of its sentence
                bot.received.append(Received(self.path, dict(self.headers), body))
                reply = bot.replies.pop(0) if len(bot.replies) > 1 else bot.replies[0]
                time.sleep(reply.delay_s)
                try:
                    self._answer(reply)
                except OSError:
                    self.close_connection = True

            def _answer(self, reply: Reply) -> None:
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                for position in range(len(reply.body)):
                    self.wfile.write(reply.body[position : position + 1])
                    if reply.trickle:
                        self.wfile.flush()
                        time.sleep(0.1)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook?key=k"

    def answers(self, *replies: Reply) -> None:
        self.replies = list(replies)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def fake_bot() -> Iterator[FakeBot]:
    bot = FakeBot()
    yield bot
    bot.close()


NAMES = AreaNames("全市", "区县", "Whole city", "District")


def notice(**changes: Any) -> Notice:
    facts: dict[str, Any] = {
        "id": "msg_0123456789abcdef",
        "alert_id": "al_1",
        "reason": "opened",
        "msg_type": "Alert",
        "revision": 1,
        "level": "orange",
        "kind": "异动",
        "category": "噪声扰民",
        "area": "海口市",
        "department": "海口市生态环境局",
        "told": Sentence.recorded("6 小时 27 人来电，通常最多 11 人", "27 callers in 6 hours, usually at most 11"),
        "rule": BeyondHistory(freq=Frequency.HOURLY, periods=1),
        "due_at": NOW + timedelta(hours=2),
        "opened_at": NOW,
    }
    facts |= changes
    return Notice(**facts | {"level": AlertLevel(facts["level"]), "kind": Kind(facts["kind"])})


def message(*notices: Notice, **changes: Any) -> Message:
    told = notices or (notice(),)
    facts: dict[str, Any] = {
        "id": told[0].id,
        "notices": told,
        "links": {one.id: f"https://weisu.example/go/token-of-{one.id}" for one in told},
        "board_link": "https://weisu.example/alerts",
        "language": "zh-CN",
        "sent_at": NOW,
        "sender": "weisu",
        "timezone": "Asia/Shanghai",
        "names": NAMES,
    }
    return Message(**(facts | changes))


@pytest.fixture
def delivery_store(tmp_path: Any) -> Iterator[Store]:
    store = Store.open(f"sqlite:///{tmp_path / 'weisu.db'}")
    yield store
    store.close()


@pytest.fixture
def now_clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def delivery_settings(tmp_path: Any) -> Callable[..., Settings]:
    def make(targets: dict[str, dict[str, Any]], **options: Any) -> Settings:
        section = {
            "base_url": "https://weisu.example",
            "allow_private": ["127.0.0.0/8"],
            "deadline_s": 0.6,
            "targets": {name: {"channel": "wecom"} | target for name, target in targets.items()},
            **options,
        }
        return Settings(home=tmp_path, hmac_key="k" * 32, delivery=section)

    return make


def subscribe(store: Store, channel: str, target: str, audience: str = "海口市生态环境局", **changes: Any) -> str:
    row = Subscription(
        id=new_id("sub"),
        name=target,
        audience=audience,
        channel=channel,
        config={"target": target},
        kinds=[],
        author="test",
        created_at=NOW,
        **{"author_role": "supervisor"} | changes,
    )
    with store.session() as session:
        session.add(row)
    return row.id


def filled(table: type, **known: Any) -> Any:
    """Return a row of `table` with something plausible in every column that must not be empty."""
    plausible = {
        str: lambda: new_id("x"),
        int: lambda: 1,
        float: lambda: 1.0,
        bool: lambda: False,
        datetime: lambda: NOW,
    }
    for column in table.__table__.columns:
        if column.name in known or column.nullable or column.default is not None or column.primary_key:
            continue
        kind = column.type
        if isinstance(kind, JSON):
            known[column.name] = []
        elif type(kind) is DateTime:
            known[column.name] = NOW.replace(tzinfo=None)
        else:
            python_type = datetime if isinstance(kind, UtcDateTime) else kind.python_type
            known[column.name] = plausible[python_type]()
    return table(**{name: value for name, value in known.items() if value is not None})


def put_message(store: Store, *, level: str = "orange", audience: str = "海口市生态环境局", **changes: Any) -> str:
    """Store an alert with its opening event and one outbox message; return the message's id."""
    alert = filled(
        Alert, id=new_id("al"), kind="异动", category="噪声扰民", area="海口市", state="opened", level=level, seq=None
    )
    event = AlertEvent(
        id=new_id("ev"),
        alert_id=alert.id,
        number=1,
        kind="opened",
        at=NOW,
        actor="system",
        actor_role="system",
        payload={},
    )
    facts: dict[str, Any] = {
        "id": new_id("msg"),
        "alert_id": alert.id,
        "event_id": event.id,
        "reason": "opened",
        "msg_type": "Alert",
        "revision": 1,
        "level": level,
        "kind": "异动",
        "audience": audience,
        "channel": "",
        "body": {
            "state": "opened",
            "category": "噪声扰民",
            "area": "海口市",
            "department": audience,
            "sentence": Sentence.recorded(
                "6 小时 27 人来电，通常最多 11 人", "27 callers in 6 hours, usually at most 11"
            ).document(),
            "rule": {"code": "beyond_history", "freq": "h", "periods": 1},
            "ack_due_at": (NOW + timedelta(hours=2)).isoformat(),
        },
        "created_at": NOW,
        "not_before": NOW,
    }
    row = OutboxMessage(**(facts | changes))
    with store.session() as session:
        session.add(alert)
        session.flush()
        session.add(event)
        session.flush()
        session.add(row)
    return row.id


def follow_up(store: Store, *, number: int, **changes: Any) -> str:
    """Store one more event of the only alert, with a message about it; return the message's id."""
    with store.session() as session:
        first = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).first()
        event = filled(AlertEvent, id=new_id("ev"), alert_id=first.alert_id, number=number, payload={}, seq=None)
        session.add(event)
        session.flush()
        copied = {
            column.name: getattr(first, column.name)
            for column in OutboxMessage.__table__.columns
            if column.name not in {"id", "event_id", "expanded_at"}
        }
        row = OutboxMessage(**(copied | {"id": new_id("msg"), "event_id": event.id} | changes))
        session.add(row)
    return row.id


@pytest.fixture
def kit() -> SimpleNamespace:
    """What the delivery tests build with: notices, messages, replies, subscriptions, outbox rows."""
    return SimpleNamespace(
        NOW=NOW,
        Reply=Reply,
        notice=notice,
        message=message,
        subscribe=subscribe,
        put_message=put_message,
        follow_up=follow_up,
    )
