"""How much of a hotline the surge detector can judge: silence about what it cannot judge is no calm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from models.hotspots.surge.stand_in import STAND_IN


@dataclass(frozen=True)
class Coverage:
    """Of the series of one frequency at one moment.

    Attributes:
        series: How many there are.
        judged: Of how many the surge detector knows enough.
        stand_in: How many of the others the stand-in judged.
        first, last: About when the first and the last of the rest can be judged, if they go on; None where all can.
    """

    series: int
    judged: int
    stand_in: int
    first: date | None
    last: date | None

    @classmethod
    def of(cls, surges: pd.DataFrame) -> Coverage:
        """Count the newest period of the output of `detect_surges`."""
        newest = surges[surges["ds"] == surges["ds"].max()]
        rest = newest.loc[~newest["judged"], "judged_from"].dropna()
        ends = (None, None) if rest.empty else (rest.min().date(), rest.max().date())
        by = newest.get("by", pd.Series("", index=newest.index))
        return cls(len(newest), int(newest["judged"].sum()), int((by == STAND_IN).sum()), *ends)

    @property
    def whole(self) -> bool:
        """Every series can be judged."""
        return self.judged == self.series

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready description."""
        return {
            "series": self.series,
            "judged": self.judged,
            "stand_in": self.stand_in,
            "first": None if self.first is None else self.first.isoformat(),
            "last": None if self.last is None else self.last.isoformat(),
        }
