"""What can be asked of the simulated city."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

import numpy as np

from features.errors import SimulatorError
from features.simulator.dirt_config import Dirt

Changes = Literal["corrections", "all"]

DEFAULT_SEED: Final = 12345
_BURSTS_PER_YEAR: Final = 120
_REPEATERS_PER_TICKET: Final = 1 / 4000
_LONGEST_SPAN: Final = 30 * 366


@dataclass(frozen=True, kw_only=True)
class SimulatorConfig:
    """One simulated hotline: the same values give the same bytes, in any process.

    Attributes:
        tickets: Tickets opened from `start` until the end of `end`'s day.
        start: First day (local).
        end: The moment of the export (naive, local); nothing is known after it. A bare date means its first instant,
            so that `start=2023-11-23, end=2026-11-23` is three years.
        seed: Seed of everything random.
        bursts: Injected bursts (多人同诉); 120 a year when None.
        repeaters: Callers who call dozens of times (一人多诉); one in 4,000 tickets when None.
        changes: `corrections` gives one row per ticket, with its final status and closing time, and one more row when
            its category was corrected; `all` gives a row at every change (opened, signed, closed, corrected), as a live
            feed would.
        dirt: What makes the city as dirty as a real one; the clean city when None. `tickets` are then the citizens'
            own: dirt and bursts come on top, and an office that does not use the tool takes some away.
    """

    tickets: int
    start: date
    end: date
    seed: int = DEFAULT_SEED
    bursts: int | None = None
    repeaters: int | None = None
    changes: Changes = "corrections"
    dirt: Dirt | None = None

    def __post_init__(self) -> None:
        if self.tickets < 1:
            raise SimulatorError(f"cannot simulate {self.tickets} tickets", hint="ask for at least 1")
        if self.export_time <= datetime.combine(self.start, datetime.min.time()):
            raise SimulatorError(f"the span from {self.start} to {self.end} is empty", hint="--to comes after --from")
        if self.days > _LONGEST_SPAN:
            raise SimulatorError(f"{self.days} days are too many", hint="at most 30 years")
        for name in ("seed", "bursts", "repeaters"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise SimulatorError(f"{name} is {value}", hint="use 0 or more")

    @property
    def export_time(self) -> datetime:
        """The moment of the export: the first instant of a bare end date (naive, local)."""
        if isinstance(self.end, datetime):
            return self.end
        return datetime.combine(self.end, datetime.min.time())

    @property
    def days(self) -> int:
        """Days simulated, a day cut by the export time included."""
        last = (self.export_time - timedelta(microseconds=1)).date()
        return (last - (self.start.date() if isinstance(self.start, datetime) else self.start)).days + 1

    @property
    def first_second(self) -> int:
        """First second of the first day, since the epoch in local civil time."""
        return int(np.datetime64(self.start, "D").astype("datetime64[s]").astype(np.int64))

    @property
    def last_second(self) -> int:
        """The moment of the export, in seconds since the epoch in local civil time."""
        return int(np.datetime64(self.export_time, "s").astype(np.int64))

    @property
    def burst_count(self) -> int:
        """Bursts to inject."""
        return round(_BURSTS_PER_YEAR * self.days / 365.25) if self.bursts is None else self.bursts

    @property
    def repeater_count(self) -> int:
        """Callers who call dozens of times."""
        return round(self.tickets * _REPEATERS_PER_TICKET) if self.repeaters is None else self.repeaters

    def rng(self, *stream: int) -> np.random.Generator:
        """Return the generator of one stream; streams are independent of each other and of who draws first."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=stream))
