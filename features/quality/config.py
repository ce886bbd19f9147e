"""What the quality report calls unusual; `[quality]` of the configuration overrides it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

from features.quality.errors import QualityError


@dataclass(frozen=True, slots=True)
class QualityConfig:
    """Windows and limits.

    Attributes:
        recent_days: Window that is judged.
        reference_days: Window before it that says what is usual.
        volume_weeks: Weeks of the same weekday that make a day's expectation.
        volume_days: Days whose volume is judged.
        volume_z: Robust standard deviations from which a day is low or high.
        stalled_hours: A live feed may be silent for so long in any case.
        stalled_p: ... and is stalled when the silence is less likely than this at its usual rate.
        null_rise: A column warns when the share of missing values rose by more than this.
    """

    recent_days: int = 28
    reference_days: int = 365
    volume_weeks: int = 8
    volume_days: int = 14
    volume_z: float = 4.0
    stalled_hours: float = 24.0
    stalled_p: float = 1e-6
    null_rise: float = 0.05

    @classmethod
    def from_section(cls, section: dict[str, Any]) -> Self:
        """Return the configuration of a `[quality]` table.

        Raises:
            QualityError: A key is unknown or a value is no positive number.
        """
        known = {field.name for field in fields(cls)}
        wrong = {key: value for key, value in section.items() if key not in known or not _positive(value)}
        if wrong:
            raise QualityError(
                f"[quality] cannot hold {wrong}", hint=f"positive numbers for {', '.join(sorted(known))}"
            )
        return cls(**section)


def _positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
