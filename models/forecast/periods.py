"""What differs between weekly and daily panels, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from features.vocabulary import Frequency
from models.errors import PanelContractError


@dataclass(frozen=True)
class Cadence:
    """Lags and windows of one frequency, in periods.

    Attributes:
        freq: W or D.
        year: Periods to the same season a year ago (a multiple of the week, so that weekdays match).
        week: Length of the weekly cycle; 0 for weekly data.
        windows: Lengths of trailing means, longest first.
        main: The window that carries the level.
        smooth: Half width of the centred window around last year's target.
        lags: Single past periods that the one-step model sees; 0 is the latest.
        warm_up: Periods before the first origin that is learned from, when the history is long.
    """

    freq: Frequency
    year: int
    week: int
    windows: tuple[int, ...]
    main: int
    smooth: int
    lags: tuple[int, ...]
    warm_up: int

    @property
    def days(self) -> int:
        """Days in a period."""
        return self.freq.length.days

    @property
    def floor(self) -> float:
        """Smallest mean of a cell: about one ticket a year."""
        return 0.02 * self.days / 7


CADENCES: Final = {
    Frequency.WEEKLY: Cadence(
        freq=Frequency.WEEKLY,
        year=52,
        week=0,
        windows=(104, 52, 26, 13, 8, 4),
        main=52,
        smooth=2,
        lags=(0, 1, 2, 3, 4, 7, 12, 25, 51, 52),
        warm_up=60,
    ),
    Frequency.DAILY: Cadence(
        freq=Frequency.DAILY,
        year=364,
        week=7,
        windows=(364, 182, 91, 56, 28, 14, 7),
        main=56,
        smooth=7,
        lags=(0, 1, 2, 3, 4, 5, 6, 13, 20, 27, 363),
        warm_up=400,
    ),
}


def cadence_of(freq: str) -> Cadence:
    """Return the cadence of a frequency.

    Raises:
        PanelError: It is neither W nor D.
    """
    if freq not in CADENCES:
        raise PanelContractError(f"freq {freq!r} is not known", hint="use W or D")
    return CADENCES[Frequency(freq)]
