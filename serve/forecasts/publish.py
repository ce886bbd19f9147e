"""Publish a forecast: rows and the pointer that makes them current land in one transaction, or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pandas as pd
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from features.clock import Clock, SystemClock, is_ahead
from serve.errors import UnprocessableError
from serve.forecasts.schemas import DRIVERS, ForecastIssue
from serve.store import Store
from serve.store.tables import CurrentForecast, ForecastIssueRow, ForecastRow, ForecastSum

_REQUIRED: Final = ("unique_id", "level", "ds", "horizon", "mean", "p10", "p50", "p90")
_TEXT: Final = ("category1", "category2", "category", "district", "department", "base_model")
_OPTIONAL: Final = ("last_year", *DRIVERS)
_SUM_REQUIRED: Final = ("unique_id", "level", "ds", "periods", "mean", "p10", "p50", "p90")
_CHUNK: Final = 10_000


@dataclass(frozen=True)
class PublishResult:
    """What publishing did: `is_new` is False for an issue that was there; `is_current` says where the pointer is."""

    issue_id: int
    is_new: bool
    is_current: bool
    rows: int


def issue_key(issue: ForecastIssue) -> str:
    """Return the identity of an issue: frequency, as-of, model version, and the labels it is said in."""
    as_of = issue.as_of.astimezone(UTC).isoformat()
    labels = f"|{issue.taxonomy_version}" if issue.taxonomy_version not in {"", "none"} else ""
    key = f"{issue.freq}|{as_of}|{issue.model_name}|{issue.model_version}{labels}"
    return hashlib.sha256(key.encode()).hexdigest()


def publish(
    store: Store,
    issue: ForecastIssue,
    rows: pd.DataFrame,
    *,
    sums: pd.DataFrame | None = None,
    clock: Clock | None = None,
) -> PublishResult:
    """Store an issue and make it the current one of its frequency.

    Publishing the same issue (frequency, as-of, model version, labels) again changes nothing. An issue whose as-of is
    older than the current one's is kept, but does not become current: a late re-run of the past must not hide the
    present. A current one of a moment still to come was issued by a wrong clock, and hides nothing.

    Args:
        store: The operational store.
        issue: What the forecaster knew.
        rows: `unique_id, level, ds, horizon, mean, p10, p50, p90`, optionally `category1, category2, category,
            district, department, last_year, base_model`, and the drivers of `serve.forecasts.schemas.DRIVERS`, in
            tickets, which add up to `mean`.
        sums: What several periods bring together: `unique_id, level, ds` (the first period)`, periods, mean, p10, p50,
            p90`, optionally the texts and `last_year` as in `rows`; none when None.
        clock: Source of the publishing time.

    Raises:
        UnprocessableError: A column is missing, a number is not finite, or a series appears twice in one period.
    """
    _check(rows, _REQUIRED, "ds")
    if sums is not None and len(sums):
        _check(sums, _SUM_REQUIRED, "periods")
    now = (clock or SystemClock()).now()
    with store.session() as session:
        store.lock(session, "forecasts")
        known = session.scalar(select(ForecastIssueRow).where(ForecastIssueRow.key == issue_key(issue)))
        row = known or _write(session, issue, rows, sums, now)
        is_current = _flip(session, row, now)
        return PublishResult(row.id, is_new=known is None, is_current=is_current, rows=len(rows))


def _write(
    session: Session, issue: ForecastIssue, rows: pd.DataFrame, sums: pd.DataFrame | None, now: datetime
) -> ForecastIssueRow:
    row = ForecastIssueRow(key=issue_key(issue), published_at=now, **issue.model_dump())
    session.add(row)
    session.flush()
    for chunk in _records(rows, _REQUIRED, _OPTIONAL):
        session.execute(insert(ForecastRow), [{"issue_id": row.id, **record} for record in chunk])
    for chunk in _records(sums, _SUM_REQUIRED, ("last_year",)) if sums is not None else ():
        session.execute(insert(ForecastSum), [{"issue_id": row.id, **record} for record in chunk])
    return row


def _flip(session: Session, row: ForecastIssueRow, now: datetime) -> bool:
    pointer = session.get(CurrentForecast, row.freq)
    if pointer is None:
        session.add(CurrentForecast(freq=row.freq, issue_id=row.id, flipped_at=now))
        return True
    current = session.get_one(ForecastIssueRow, pointer.issue_id)
    if current.as_of > row.as_of and not is_ahead(current.as_of, now):
        return False
    pointer.issue_id, pointer.flipped_at = row.id, now
    return True


def _records(rows: pd.DataFrame, required: Sequence[str], optional: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    frame = rows.reindex(columns=[*required, *_TEXT, *optional])
    frame[list(_TEXT)] = frame[list(_TEXT)].astype(object).where(frame[list(_TEXT)].notna(), "")
    for start in range(0, len(frame), _CHUNK):
        chunk = frame.iloc[start : start + _CHUNK]
        columns: dict[str, list[Any]] = {name: chunk[name].tolist() for name in chunk.columns}
        columns["ds"] = [moment.to_pydatetime() for moment in chunk["ds"]]
        for name in optional:
            columns[name] = [None if pd.isna(value) else float(value) for value in chunk[name]]
        yield [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _check(rows: pd.DataFrame, required: Sequence[str], moment: str) -> None:
    missing = [name for name in required if name not in rows.columns]
    if missing:
        raise UnprocessableError("forecast_lacks", columns=missing, wanted=list(required))
    numbers = rows[["mean", "p10", "p50", "p90"]].astype(float)
    broken = rows.loc[~numbers.map(pd.notna).all(axis=1) | numbers.isin([float("inf"), float("-inf")]).any(axis=1)]
    if len(broken):
        raise UnprocessableError(
            "forecast_not_finite", series=broken["unique_id"].iloc[0], moment=str(broken["ds"].iloc[0])
        )
    doubled = rows.loc[rows.duplicated(["unique_id", moment])]
    if len(doubled):
        raise UnprocessableError(
            "forecast_twice", series=doubled["unique_id"].iloc[0], moment=str(doubled[moment].iloc[0])
        )
