"""The five roles, in the words of DESIGN: who uses it, for what."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from features.words import Family


class Role(StrEnum):
    """What a key may be used for."""

    PLANNER = "planner"
    DEPARTMENT = "department"
    SUPERVISOR = "supervisor"
    SCIENTIST = "scientist"
    ADMIN = "admin"


SEES_ALL_ALERTS: Final = frozenset({Role.PLANNER, Role.SUPERVISOR, Role.SCIENTIST, Role.ADMIN})
"""Roles that read across departments. A department reads its own only."""

COMMANDS_ALERTS: Final = frozenset({Role.SUPERVISOR, Role.ADMIN})
"""Roles that act on any alert, on behalf of any department: 督办."""

READS_TICKETS: Final = frozenset({Role.DEPARTMENT, Role.PLANNER, Role.SUPERVISOR, Role.ADMIN})
"""Roles that may open the masked tickets behind an alert they can see. A scientist works on counts."""

ROLES: Final = Family.of("role", Role)
