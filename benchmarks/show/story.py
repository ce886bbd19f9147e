"""What happens on the day: messages come in, people answer, one alert is left alone, the system closes what is calm."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from bots import Bot, Said
from people import People
from sqlalchemy import select

from features.clock import AcceleratedClock
from features.vocabulary import AlertLevel
from serve.delivery import LinkSigner
from serve.errors import UnauthorizedError
from serve.store import Store
from serve.store.tables import Alert, AlertEvent, Delivery

STEPS = 3
_GRACE_S = 6.0


@dataclass
class Story:
    """Plays the people's part, a step at a time, and keeps the books.

    The first alert that has fifteen minutes (red or sensitive) is left alone; of the others the first is acknowledged
    from WeCom, the second dismissed from DingTalk, and the rest acknowledged from Feishu.
    """

    store: Store
    bots: dict[str, Bot]
    people: People
    clock: AcceleratedClock
    signer: LinkSigner
    base: str
    zone: ZoneInfo
    links: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    read: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    acknowledged: list[str] = field(default_factory=list)
    dismissed: str = ""
    alone: str = ""
    climbed: list[str] = field(default_factory=list)
    closed: dict[str, str] = field(default_factory=dict)
    said_calm: set[str] = field(default_factory=set)

    def go_on(self) -> None:
        """Read what came, answer one alert, look at what the system did."""
        self._listen()
        self._answer_one()
        self._watch_the_ladder()
        self._watch_the_closing()

    def finish(self, patience_s: float) -> None:
        """Let the last messages arrive; on a loaded machine, which is behind the clock, wait for what is missing."""
        ended = time.monotonic()
        while (passed := time.monotonic() - ended) < _GRACE_S or (self.missing() and passed < patience_s):
            self.go_on()
            time.sleep(0.2)

    def missing(self) -> list[str]:
        """Return the parts of the story that did not happen."""
        parts = {
            **{f"a message at {name}": bool(bot.heard) for name, bot in self.bots.items()},
            "nothing refused by a bot": not any(bot.refused for bot in self.bots.values()),
            "an alert acknowledged by tapping its link": bool(self.acknowledged),
            "an alert dismissed as 误报": bool(self.dismissed),
            f"an alert that climbs {STEPS} steps": len(self.climbed) >= STEPS,
            "an alert that closes by itself, and is told so": bool(self.told_closed),
        }
        return [name for name, happened in parts.items() if not happened]

    @property
    def told_closed(self) -> set[str]:
        """The alerts that the system closed and the groups were told about."""
        return self.said_calm & set(self.closed)

    def totals(self) -> dict[str, Any]:
        """Return the numbers of the day."""
        with self.store.reading() as session:
            dead = session.scalars(select(Delivery.id).where(Delivery.status == "dead")).all()
        return {
            "messages": {name: len(bot.heard) for name, bot in self.bots.items()},
            "alerts_told": len(self.links),
            "acknowledged": len(self.acknowledged),
            "dismissed": int(bool(self.dismissed)),
            "escalated": self.climbed,
            "closed_by_itself": len(self.told_closed),
            "dead_letters": len(dead),
        }

    def _listen(self) -> None:
        for name, bot in self.bots.items():
            for said in bot.heard[self.read[name] :]:
                self.read[name] += 1
                self._note(name, said)

    def _note(self, program: str, said: Said) -> None:
        about = []
        for link in said.links:
            try:
                alert_id = self.signer.read(link.rpartition("/")[2], now=self.clock.now()).alert_id
            except UnauthorizedError:
                continue
            self.links[alert_id][program] = link
            about.append(self._alert(alert_id))
            if "已平息" in said.text:
                self.said_calm.add(alert_id)
        what = "、".join(f"{alert.category} {alert.area}" for alert in about[:3])
        more = f" 等 {len(about)} 条" if len(about) > 3 else ""
        self._say(program, f"{what}{more}")

    def _answer_one(self) -> None:
        """Answer one alert that waits and has reached all three programs."""
        with self.store.reading() as session:
            waiting = session.scalars(
                select(Alert).where(Alert.state == "opened", Alert.held_by == "").order_by(Alert.seq)
            )
            alert = next(
                (one for one in waiting if len(self.links[one.id]) == len(self.bots) and one.id != self.alone), None
            )
        if alert is None:
            return
        if not self.alone and (alert.sensitive or alert.level == AlertLevel.RED):
            self.alone = alert.id
            self._say("-", f"{alert.category} {alert.area}：无人应答")
        elif not self.acknowledged:
            phone = self.people.follow(self.links[alert.id]["wecom"], alert, "phone-alert")
            self.people.acknowledge(phone)
            self.people.look_at_mine(phone, self.base, "phone-my-alerts")
            self._acknowledged(alert)
        elif not self.dismissed:
            phone = self.people.follow(self.links[alert.id]["dingtalk"], alert)
            self.people.dismiss(phone, "phone-dismiss")
            self.dismissed = alert.id
            self._say("误报", f"{alert.category} {alert.area}")
        else:
            self.people.acknowledge(self.people.follow(self.links[alert.id]["feishu"], alert))
            self._acknowledged(alert)

    def _acknowledged(self, alert: Alert) -> None:
        self.acknowledged.append(alert.id)
        self._say("签收", f"{alert.category} {alert.area}　{alert.department}")

    def _watch_the_ladder(self) -> None:
        if not self.alone:
            return
        with self.store.reading() as session:
            query = select(AlertEvent.payload).where(AlertEvent.alert_id == self.alone, AlertEvent.kind == "escalated")
            steps = [str(payload["step_name"]) for payload in session.scalars(query.order_by(AlertEvent.number))]
        for step in steps[len(self.climbed) :]:
            self._say("升级", step)
            self.climbed.append(step)
            if len(self.climbed) == STEPS:
                assert "无人应答" in self.people.look("/supervision", self.base, "supervision")
                self.people.look("/board", self.base, "board")

    def _watch_the_closing(self) -> None:
        query = select(AlertEvent.alert_id, AlertEvent.payload).where(
            AlertEvent.kind == "resolved", AlertEvent.actor_role == "system", AlertEvent.at >= self.clock.start
        )
        with self.store.reading() as session:
            for alert_id, payload in session.execute(query):
                if alert_id not in self.closed:
                    self.closed[alert_id] = str(payload["reason"])
                    alert = self._alert(alert_id)
                    self._say("平息", f"{alert.category} {alert.area}")

    def _alert(self, alert_id: str) -> Alert:
        with self.store.reading() as session:
            return session.scalars(select(Alert).where(Alert.id == alert_id)).one()

    def _say(self, who: str, what: str) -> None:
        at = self.clock.now().astimezone(self.zone)
        print(f"{at:%H:%M}  {who:9} {what}", file=sys.stderr, flush=True)
