"""The weeks that were: counts from the ticket lake as known at a moment, read once per hour and lake version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import pandas as pd
import structlog

from features.errors import WeisuError
from features.lake.precedence import Precedence
from features.settings import Settings
from features.vocabulary import SIMULATED, Frequency

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, eq=False)
class History:
    """Weekly counts of complete weeks; one object per hour and lake version, the key of what is derived from it.

    Attributes:
        counts: unique_id, ds (Monday, naive local), y.
        static: unique_id, level and its dimensions.
        data_through: End of the last complete week (exclusive), naive local.
        simulated: Whether any source is the simulated city.
    """

    counts: pd.DataFrame
    static: pd.DataFrame
    data_through: pd.Timestamp
    simulated: bool

    @property
    def last_week(self) -> pd.Timestamp:
        """Monday of the last complete week."""
        return self.data_through - pd.Timedelta(days=7)

    def level(self, name: str) -> pd.DataFrame:
        """Return the counts of one level."""
        wanted = self.static.loc[self.static["level"] == name, "unique_id"]
        return self.counts[self.counts["unique_id"].isin(wanted)]

    def series(self, unique_id: str) -> pd.Series:
        """Return one series' counts by week; empty when it has none."""
        return self.counts[self.counts["unique_id"] == unique_id].set_index("ds")["y"]


def weekly_history(settings: Settings, *, as_of: datetime) -> History | None:
    """Return the history as known at `as_of`, or None where there is no lake or no complete week yet."""
    from features.lake import Lake

    try:
        lake = Lake.of(settings)
        hour = as_of.replace(minute=0, second=0, microsecond=0)
        return _read(settings.lake_path, settings.timezone, lake.precedence, lake.version, hour)
    except WeisuError as error:
        _log.info("no weekly history", reason=str(error))
    except Exception:  # noqa: BLE001 - a forecast without its past is still a forecast
        _log.exception("the lake cannot be read")
    return None


@lru_cache(maxsize=4)
def _read(path: str, timezone: str, precedence: Precedence, version: int, as_of: datetime) -> History:
    from features.lake import Lake
    from features.panel import build_panel

    lake = Lake.open(path, timezone=timezone, precedence=precedence)
    panel = build_panel(lake, as_of=as_of, freq=Frequency.WEEKLY, snapshot=version, threads=2)
    sources = {state.source for state in lake.sources(as_of, snapshot=version)}
    return History(
        counts=panel.y[["unique_id", "ds", "y"]],
        static=panel.static,
        data_through=panel.data_through,
        simulated=SIMULATED in sources,
    )
