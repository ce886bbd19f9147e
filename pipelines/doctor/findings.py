"""What a check finds, and a whole diagnosis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from features.clock import Clock
from features.settings import Settings


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One check: its name, how it ended, what was found, and what to do about it ('' when nothing)."""

    check: str
    status: Status
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """All findings of one examination."""

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """No check failed; warnings are allowed."""
        return all(finding.status is not Status.FAIL for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready description."""
        return {"schema_version": 1, "healthy": self.healthy, "checks": [asdict(item) for item in self.findings]}


Found = tuple[Status, str, str]
"""How a check ended, what was found, and the next command ('' when there is nothing to do)."""

Check = Callable[[Settings, Clock], Found]
