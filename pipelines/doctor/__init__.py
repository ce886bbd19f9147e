"""`weisu doctor`: what could keep this installation from working, each finding with the next command.

findings  what a check finds
machine   whether this machine can run weisu
held      whether what the installation holds is whole: read, not only opened
working   whether the work goes on
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from features.clock import Clock
from features.errors import WeisuError
from features.settings import Settings
from pipelines.doctor import held, machine, working
from pipelines.doctor.findings import Check, Diagnosis, Finding, Status
from pipelines.doctor.machine import foreign_owners
from pipelines.doctor.working import missing_files

__all__ = ["CHECKS", "Diagnosis", "Finding", "Status", "examine", "foreign_owners", "missing_files"]

_ORDER: Final = (
    *("package names", "python", "openmp", "configuration", "home", "secret key", "store", "lake", "mlflow", "models"),
    *("stray runs", "backups", "calendar", "fonts", "clock", "feeds", "scheduler", "detectors"),
)
_ALL: Final[Mapping[str, Check]] = {**machine.CHECKS, **held.CHECKS, **working.CHECKS}
CHECKS: Final[Mapping[str, Check]] = {name: _ALL[name] for name in _ORDER}
"""Every check by name, in the order of the report."""


def examine(settings: Settings, clock: Clock) -> Diagnosis:
    """Run every check; a check that breaks is itself a finding. Changes nothing but a temporary file under home."""
    return Diagnosis(tuple(_finding(name, check, settings, clock) for name, check in CHECKS.items()))


def _finding(name: str, check: Check, settings: Settings, clock: Clock) -> Finding:
    try:
        return Finding(name, *check(settings, clock))
    except WeisuError as error:
        message, _, hint = str(error).partition("\nHint: ")
        return Finding(name, Status.FAIL, message, hint)
    except Exception as error:  # noqa: BLE001 - whatever breaks here is what the doctor is for
        said = next(iter(str(error).splitlines()), "")
        hint = "WEISU_TRACEBACK=1 `weisu doctor` shows where; then the page of that part in docs/"
        return Finding(name, Status.FAIL, f"{type(error).__name__}: {said}", hint)
