"""Make, list and withdraw overrides and events. Nothing is deleted: the model's number and the planner's both stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Final

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from features.taxonomy import Labels
from features.vocabulary import Frequency
from serve.access import Caller
from serve.errors import NotFoundError, UnprocessableError
from serve.forecasts import repository as forecasts
from serve.overrides.schemas import NewEvent, NewOverride
from serve.store import Store
from serve.store.columns import new_id
from serve.store.tables import ForecastOverride, ForecastRow, RegisteredEvent

MOST_TIMES: Final = 10
"""A number may be this many times the largest of the model's p90, last year's count and ten: more is a slip."""

_SMALL: Final = 10.0


def add_override(
    store: Store, session: Session, caller: Caller, wanted: NewOverride, *, now: datetime
) -> ForecastOverride:
    """Put a number beside the model's, in place of an earlier one of the same series and period, which is withdrawn.

    Raises:
        UnprocessableError: The current forecast has no such series and period, the override has expired, or its number
            is beyond every measure.
    """
    if wanted.expires_at is not None and wanted.expires_at <= now:
        raise UnprocessableError("override_expired")
    issue = forecasts.current_issue(session, wanted.freq, now=now)
    said = session.get(ForecastRow, (issue.id, wanted.unique_id, wanted.ds)) if issue else None
    if said is None:
        raise UnprocessableError("no_series", series=wanted.unique_id, day=f"{wanted.ds:%Y-%m-%d}")
    most = MOST_TIMES * max(said.p90, said.last_year or 0.0, _SMALL)
    if max(wanted.value, wanted.p90 or 0.0) > most:
        raise UnprocessableError(
            "override_beyond", series=wanted.unique_id, most=f"{most:,.0f}", mean=f"{said.mean:,.1f}"
        )
    store.lock(session, "overrides")
    same = (ForecastOverride.freq == wanted.freq, ForecastOverride.unique_id == wanted.unique_id)
    earlier = update(ForecastOverride).where(*same, ForecastOverride.ds == wanted.ds)
    session.execute(earlier.where(ForecastOverride.withdrawn_at.is_(None)).values(withdrawn_at=now))
    row = ForecastOverride(
        id=new_id("ov"), model_mean=said.mean, author=caller.name, created_at=now, **wanted.model_dump()
    )
    session.add(row)
    session.flush()
    return row


def list_overrides(session: Session, *, freq: Frequency, now: datetime, all_of_them: bool) -> list[ForecastOverride]:
    """Return overrides, newest first: those in force, or also those that are over."""
    query = select(ForecastOverride).where(ForecastOverride.freq == freq)
    if not all_of_them:
        alive = or_(ForecastOverride.expires_at.is_(None), ForecastOverride.expires_at > now)
        query = query.where(ForecastOverride.withdrawn_at.is_(None), alive)
    return list(session.scalars(query.order_by(ForecastOverride.created_at.desc(), ForecastOverride.id)))


def conflicts(
    rows: Sequence[ForecastOverride], unmet: Mapping[str, Sequence[str]], labels: Labels
) -> dict[str, list[str]]:
    """Return, of each override in force that does not hold, which others keep it from holding.

    Args:
        rows: The overrides in force.
        unmet: Of `serve.forecasts.adjusted`: a whole against its parts.
        labels: In force; they may call the series of two overrides the same, and then the newer one stands.
    """
    found = {override: list(others) for override, others in unmet.items()}
    newest: dict[tuple[str, datetime], ForecastOverride] = {}
    for row in sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True):
        stands = newest.setdefault((labels.series(row.unique_id), row.ds), row)
        if stands.value != row.value:
            found[row.id] = [stands.id]
    return found


def replacements(rows: Sequence[ForecastOverride]) -> dict[str, str]:
    """Return which override took the place of which, by id: the one made at the moment the other was withdrawn.

    Args:
        rows: All overrides of a cadence.
    """
    periods: dict[tuple[str, datetime], list[ForecastOverride]] = {}
    for row in sorted(rows, key=lambda row: (row.created_at, row.withdrawn_at is None, row.id)):
        periods.setdefault((row.unique_id, row.ds), []).append(row)
    following = [pair for period in periods.values() for pair in pairwise(period)]
    return {older.id: newer.id for older, newer in following if older.withdrawn_at == newer.created_at}


def withdraw_override(session: Session, override_id: str, *, now: datetime) -> ForecastOverride:
    """Take an override back; it stays on record.

    Raises:
        NotFoundError: There is none.
    """
    row = session.get(ForecastOverride, override_id)
    if row is None:
        raise NotFoundError("no_override", override=override_id)
    row.withdrawn_at = row.withdrawn_at or now
    return row


def add_event(session: Session, caller: Caller, wanted: NewEvent, *, now: datetime) -> RegisteredEvent:
    """Register an event to come."""
    row = RegisteredEvent(id=new_id("re"), author=caller.name, created_at=now, **wanted.model_dump())
    session.add(row)
    session.flush()
    return row


def list_events(session: Session, *, since: date, until: date) -> list[RegisteredEvent]:
    """Return events that touch a period and were not withdrawn, by their start."""
    query = select(RegisteredEvent).where(
        RegisteredEvent.withdrawn_at.is_(None), RegisteredEvent.starts_on <= until, RegisteredEvent.ends_on >= since
    )
    return list(session.scalars(query.order_by(RegisteredEvent.starts_on, RegisteredEvent.id)))


def withdraw_event(session: Session, event_id: str, *, now: datetime) -> RegisteredEvent:
    """Take an event back; it stays on record.

    Raises:
        NotFoundError: There is none.
    """
    row = session.get(RegisteredEvent, event_id)
    if row is None:
        raise NotFoundError("no_event", event=event_id)
    row.withdrawn_at = row.withdrawn_at or now
    return row
