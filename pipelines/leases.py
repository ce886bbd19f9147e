"""One lease per thing that is written, whoever starts the work: a person, the schedule, or another command.

A lease is held for as short as what is written must not change under the hand: the champion while its alias moves (a
training that was measured against another champion is refused then, not made to wait), a forecast from the look at the
issue in force to its publication, candidates from the past cases to the alerts. Replay and backtest write none of these
and take none, and no work waits for another kind's lease.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from features.one_writer import writer_lock
from features.settings import Settings


class Lease(StrEnum):
    """What one process of a machine writes at a time; between machines the store's own locks keep each write whole."""

    CHAMPION = "champion"
    ISSUE = "issue"
    CANDIDATES = "candidates"


@contextmanager
def lease(settings: Settings, what: Lease) -> Iterator[None]:
    """Hold a lease, after whoever holds it; a killed process lets go by dying.

    Raises:
        LakeError: Somebody held it for ten minutes.
    """
    with writer_lock(settings.home / "leases" / what):
        yield
