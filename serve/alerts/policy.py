"""The four levels of an alert, and who answers for the hotline as a whole; the rules are the `[alerts]` section."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from features.configuration import AlertPolicy
from serve.auth import Caller


class Level(StrEnum):
    """The four levels of emergency management, lowest first."""

    BLUE = "blue"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"

    @property
    def rank(self) -> int:
        """0 for blue to 3 for red."""
        return list(Level).index(self)

    @property
    def zh(self) -> str:
        """The level as an official reads it."""
        return _LEVEL_ZH[self]


_LEVEL_ZH: Final = {Level.BLUE: "蓝色", Level.YELLOW: "黄色", Level.ORANGE: "橙色", Level.RED: "红色"}


def on_duty(policy: AlertPolicy, caller: Caller) -> bool:
    """Tell whether somebody answers for the hotline as a whole: supervisors, and the people of the duty desk."""
    return caller.commands_alerts or caller.department == policy.duty_desk
