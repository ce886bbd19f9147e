"""Bring what was issued into the labels in force: the forecast is issued anew, open alerts are renamed."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Final

from sqlalchemy import distinct, func, select

from features.clock import Clock
from features.settings import Settings
from features.vocabulary import ForecastFrequency, Frequency
from pipelines.forecast import forecast
from serve.alerts.relabelling import relabel_open_alerts
from serve.forecasts.issues import labels_differ
from serve.forecasts.repository import current_issue
from serve.store import Store
from serve.store.tables import ForecastRow

_FREQUENCIES: Final[tuple[ForecastFrequency, ...]] = (Frequency.WEEKLY, Frequency.DAILY)


@dataclass(frozen=True)
class Relabelled:
    """What a change of labels touched.

    Attributes:
        forecasts: Frequencies whose forecast was issued anew.
        alerts: How many open alerts changed a name.
    """

    forecasts: tuple[str, ...]
    alerts: int


def bring_into_force(settings: Settings, clock: Clock) -> Relabelled:
    """Restate what people read in the labels in force now; where nothing changed, nothing is done.

    Raises:
        PipelineError: A forecast cannot be issued anew.
    """
    with closing(Store.open(settings.store_url)) as store:
        stale = {freq: weeks for freq in _FREQUENCIES if (weeks := _weeks_to_reissue(store, settings, clock, freq))}
        alerts = relabel_open_alerts(store, settings, clock=clock)
    for freq, weeks in stale.items():
        forecast(settings, clock, weeks=weeks, freq=freq)
    return Relabelled(tuple(stale), alerts)


def _weeks_to_reissue(store: Store, settings: Settings, clock: Clock, freq: ForecastFrequency) -> int:
    """Return how many weeks the current forecast looks ahead; 0 where it speaks the labels in force."""
    with store.reading() as session:
        issue = current_issue(session, freq, now=clock.now())
        if issue is None or not labels_differ(issue, settings, now=clock.now()):
            return 0
        counted = select(func.count(distinct(ForecastRow.ds))).where(ForecastRow.issue_id == issue.id)
        periods = session.scalar(counted) or 0
        return -(-periods // (Frequency.WEEKLY.length // freq.length))
