"""The people of the show: each has a phone (headless Chromium), follows the links of messages, and taps."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serve.access import add_key
from serve.store import Store
from serve.store.tables import Alert

CHROMIUM = "/usr/bin/chromium"
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 860}


@dataclass
class People:
    """Everybody who answers. A department's official logs in once, at the first link.

    Args:
        browser: Chromium.
        store: The installation's store, where keys are made.
        now: The moment from which the keys are good.
        shots: Folder for pictures; None for none.
    """

    browser: Any
    store: Store
    now: Any
    shots: Path | None = None
    _phones: dict[str, Any] = field(default_factory=dict)
    _desk: Any = None

    def follow(self, link: str, alert: Alert, shot: str = "") -> Any:
        """Tap a link as the official of the alert's department; return the page it leads to."""
        phone, fresh = self._phone(alert.department)
        phone.goto(link)
        if phone.locator("#key").count():
            assert fresh, "the key is asked for only once"
            self.shoot(phone, "phone-login" if shot else "")
            phone.fill("#key", self._key(alert.department))
            phone.click("main button")
        assert alert.category in phone.locator("h1").inner_text(), phone.locator("h1").inner_text()
        self.shoot(phone, shot)
        return phone

    def acknowledge(self, phone: Any) -> None:
        """Tap 签收."""
        phone.get_by_role("button", name="签收").click()
        phone.get_by_text("已记录：签收").wait_for()

    def look_at_mine(self, phone: Any, base: str, shot: str) -> None:
        """Open 我的预警."""
        phone.goto(f"{base}/alerts")
        self.shoot(phone, shot)

    def dismiss(self, phone: Any, shot: str = "") -> None:
        """Tap 误报, then the reason."""
        phone.locator("summary", has_text="误报").click()
        self.shoot(phone, shot)
        phone.get_by_role("button", name="正常波动").click()
        phone.get_by_text("已记录：误报").wait_for()

    def look(self, path: str, base: str, shot: str) -> str:
        """Open a page at the supervisor's desk and return its text."""
        if self._desk is None:
            key = add_key(self.store, name="督办员", role="supervisor", now=self.now).secret
            self._desk = self.browser.new_context(viewport=DESK, locale="zh-CN").new_page()
            self._desk.goto(f"{base}/login")
            self._desk.fill("#key", key)
            self._desk.click("main button")
        self._desk.goto(base + path)
        self.shoot(self._desk, shot)
        return str(self._desk.inner_text("main"))

    def shoot(self, page: Any, name: str) -> None:
        """Take a picture, if pictures are wanted."""
        if self.shots and name:
            self.shots.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(self.shots / f"{name}.png"))

    def _phone(self, department: str) -> tuple[Any, bool]:
        fresh = department not in self._phones
        if fresh:
            context = self.browser.new_context(viewport=PHONE, locale="zh-CN", device_scale_factor=1.5)
            self._phones[department] = context.new_page()
        return self._phones[department], fresh

    def _key(self, department: str) -> str:
        return add_key(self.store, name="经办人", role="department", department=department, now=self.now).secret
