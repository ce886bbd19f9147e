"""Which span of the past can be replayed: refused before any detector has run, with the dates that would do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from features.errors import BadInputError
from features.lake import Lake
from features.lake.duck import arrow, duck
from features.settings import Settings

_LEAST: Final = timedelta(days=14)
"""History before the first run: it holds a complete week wherever it begins."""


@dataclass(frozen=True)
class LakeSpan:
    """From when to when a lake knows of tickets: the first opening, and the moment the newest version became known."""

    first: datetime
    last: datetime

    @property
    def judged_from(self) -> datetime:
        """The first moment at which every detector has something to go by."""
        return self.first + _LEAST


def known_span(lake: Lake) -> LakeSpan:
    """Return the history of a lake that is not empty."""
    with duck(threads=1) as connection:
        query = f"SELECT min(opened_at) AS first, max(known_at) AS last FROM {lake.store.scan()}"
        return LakeSpan(**arrow(connection, query).to_pylist()[0])


def check_span(history: LakeSpan, settings: Settings, start: datetime, end: datetime) -> None:
    """Refuse a span that no detector could judge.

    Args:
        history: Of the lake.
        settings: Names the zone in which moments are said.
        start: Aware; the first moment.
        end: Aware; the last one.

    Raises:
        BadInputError: It ends before it begins, begins before there is history, or after all that is known.
    """

    def said(moment: datetime) -> str:
        return f"{moment.astimezone(settings.zone):%Y-%m-%d %H:%M}"

    if end < start:
        raise BadInputError(f"--to {said(end)} is before --from {said(start)}", hint="--to comes after --from")
    if start < history.judged_from:
        ready = (history.judged_from + timedelta(days=1)).astimezone(settings.zone)
        raise BadInputError(
            f"--from {said(start)}: tickets begin on {said(history.first)}, and detection needs two weeks of them",
            hint=f"--from {ready:%Y-%m-%d} or later",
        )
    if start > history.last:
        raise BadInputError(
            f"--from {said(start)}: nothing became known after {said(history.last)}",
            hint=f"--from {history.last.astimezone(settings.zone):%Y-%m-%d} or earlier",
        )
