"""How dirty the simulated city is."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from features.errors import SimulatorError

_SHARES: Final = ("own_entries", "lists", "imports", "default_points")


@dataclass(frozen=True, kw_only=True)
class Dirt:
    """How much there is of each kind; 0 is none. Shares are those measured in Boston's year 2015.

    Attributes:
        own_entries: Share of all tickets that crews and inspectors key in, in channels that are not citizens'.
        lists: Share of all tickets that one hand types in from a list, in a citizens' channel.
        imports: Share of all tickets that come out of another system's file within minutes.
        default_points: Share of all tickets on the point where tickets without a place are put.
        offices: Offices (a department of a district) that start or stop using the tool, a year.
        renames: Labels that go on under another name, a year.
        shocks: Days of weather over the whole city, a year.
        burst_times: Median size of a burst in multiples of what its cell usually has in its window; 0 for the bursts of
            the clean city, whose median is above 100.
    """

    own_entries: float = 0.23
    lists: float = 0.015
    imports: float = 0.01
    default_points: float = 0.14
    offices: float = 24.0
    renames: float = 8.0
    shocks: float = 24.0
    burst_times: float = 5.0

    def __post_init__(self) -> None:
        for part in fields(self):
            value = getattr(self, part.name)
            if value < 0 or (part.name in _SHARES and value > 0.5):  # noqa: PLR2004 - half of a city
                raise SimulatorError(f"dirt: {part.name} is {value}", hint="0 or more; a share is at most 0.5")
        if self.added_share >= 1:
            raise SimulatorError(f"dirt: {self.added_share:.0%} of all tickets are dirt", hint="leave some to citizens")

    @property
    def added_share(self) -> float:
        """Share of all tickets that is added to the citizens' own, weather not counted."""
        return self.own_entries + self.lists + self.imports


CLEAN_ENOUGH: Final = Dirt(
    own_entries=0, lists=0, imports=0, default_points=0, offices=0, renames=0, shocks=0, burst_times=0
)
"""No dirt of any kind: `dataclasses.replace` switches single kinds on."""
