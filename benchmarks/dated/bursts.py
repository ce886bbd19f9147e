"""Dated events of a real city, the bursts of their days, and who told of them by the next day."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

LEAST: Final = 10
TIMES: Final = 3
"""A burst: a day's count of a category of at least `LEAST`, and `TIMES` the median of the 35 days before that day."""
_MEDIAN_DAYS: Final = 35
_HELD: Final = 3
"""Tickets of a burst that an alert must hold."""
_HALF: Final = 0.5


@dataclass(frozen=True)
class Burst:
    """One category in the days of one event.

    Attributes:
        day: The first day that makes it a burst.
        tickets: The keys of its tickets, from the event's first day to its last.
        citizens: Whether under half of them are own entries.
    """

    event: str
    category: str
    day: pd.Timestamp
    tickets: frozenset[str]
    citizens: bool

    @property
    def deadline(self) -> pd.Timestamp:
        """The end of the day after the first day."""
        return self.day + pd.Timedelta(days=2)


def events_of(city: str) -> pd.DataFrame:
    """Return `event, first, last` of a city."""
    events = pd.read_csv(Path(__file__).parent / "events.csv", parse_dates=["first", "last"])
    return events[events["city"] == city]


def daily_counts(tickets: pd.DataFrame) -> pd.DataFrame:
    """Return the tickets of every category (rows) and day (columns)."""
    day = tickets["opened_local"].dt.normalize()
    counts = pd.crosstab(tickets["category"], day)
    return counts.reindex(columns=pd.date_range(day.min(), day.max()), fill_value=0)


def bursts_of(tickets: pd.DataFrame, events: pd.DataFrame) -> list[Burst]:
    """Return the bursts of every event, in its order."""
    counts = daily_counts(tickets)
    median = counts.T.rolling(_MEDIAN_DAYS, min_periods=7).median().shift(1).T
    high = (counts >= LEAST) & (counts >= TIMES * median)
    day = tickets["opened_local"].dt.normalize()
    found = []
    for event in events.to_dict("records"):
        days = pd.date_range(event["first"], event["last"])
        inside = tickets[(day >= days[0]) & (day <= days[-1])]
        for category, row in high.reindex(columns=days, fill_value=False).iterrows():
            if row.any():
                own = inside[inside["category"] == category]
                keys = frozenset(own["key"])
                found.append(Burst(event["event"], str(category), row.idxmax(), keys, bool(own["own"].mean() < _HALF)))
    return found


def told_by_alerts(burst: Burst, alerts: pd.DataFrame, category_of: dict[str, str]) -> bool:
    """Tell whether an alert told of a burst by its deadline.

    It is about that category, or a sum that names it in its sentence, holds three of the burst's tickets by then, and
    half or more of its tickets belong to the parts it names.
    """
    return any(_tells(alert, burst, category_of) for alert in alerts.to_dict("records"))


def _tells(alert: dict[str, Any], burst: Burst, category_of: dict[str, str]) -> bool:
    deadline = burst.deadline.isoformat()
    held = [key for key, since in alert["all"].items() if since < deadline]
    if alert["told_at"] >= burst.deadline or sum(key in burst.tickets for key in held) < _HELD:
        return False
    named = {alert["category"], *_named_in(alert, {category_of[key] for key in held})}
    return burst.category in named and sum(category_of[key] in named for key in held) >= _HALF * len(held)


def _named_in(alert: dict[str, Any], categories: set[str]) -> set[str]:
    """Return the categories that a sum's sentence names."""
    sentence = f"{alert['sentence_zh']} {alert['sentence_en']}"
    return {category for category in categories if category and category in sentence}
