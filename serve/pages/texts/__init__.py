"""Every word of the pages: Chinese first, English second."""

from __future__ import annotations

from typing import Final

from serve.pages.texts.alerts import ALERTS
from serve.pages.texts.desk import DESK
from serve.pages.texts.planning import PLANNING

TEXTS: Final = PLANNING | ALERTS | DESK
