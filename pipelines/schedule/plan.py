"""The schedule: which job runs when, from the `[schedule]` section or as shipped."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from features.configuration import JobConfig
from features.settings import Settings
from pipelines.errors import ScheduleError


class Job(BaseModel):
    """A job of the schedule: when it runs, what goes before it, how it is retried."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    name: str
    trigger: Any
    after: tuple[str, ...]
    retries: int
    retry_after: timedelta


class Schedule(BaseModel):
    """All jobs of an installation, in the order in which they start when due together."""

    model_config = ConfigDict(frozen=True)

    jobs: tuple[Job, ...]
    incoming: Path
    settle: timedelta

    def job(self, name: str) -> Job:
        """Return the job of a name.

        Raises:
            ScheduleError: There is none.
        """
        for job in self.jobs:
            if job.name == name:
                return job
        raise ScheduleError(
            f"no job {name!r} is scheduled", hint=f"scheduled are {', '.join(j.name for j in self.jobs)}"
        )


def read_schedule(settings: Settings) -> Schedule:
    """Return the schedule of an installation: the shipped jobs with the changes of `[schedule]`.

    Raises:
        ScheduleError: A trigger cannot be read, or a job has none or two.
    """
    config = settings.schedule
    jobs = [_job(name, job, settings) for name, job in config.jobs.items() if job.enabled]
    return Schedule(jobs=tuple(jobs), incoming=settings.home / config.incoming, settle=parse_length(config.settle))


def _job(name: str, config: JobConfig, settings: Settings) -> Job:
    if bool(config.cron) == bool(config.every):
        raise ScheduleError(f"[schedule.jobs.{name}] needs either cron or every", hint='every = "5m"')
    trigger: Trigger = Cron(config.cron, settings.zone) if config.cron else Every(parse_length(config.every))
    return Job(
        name=name,
        trigger=trigger,
        after=config.after,
        retries=config.retries,
        retry_after=parse_length(config.retry_after),
    )


# When a job is to run: a crontab line in the hotline's time zone, or every so often.


_UNITS: Final = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LENGTH: Final = re.compile(r"(\d+)\s*(ms|[smhd])")
_FIELDS: Final = 5
_LOOK_BACK: Final = tuple(timedelta(hours=hours) for hours in (1, 24, 24 * 8, 24 * 32, 24 * 367))
"""Windows searched for the latest slot, short ones first: a trigger fires often or rarely, never both."""


class Trigger(Protocol):
    """A rule that gives moments, its slots."""

    def latest(self, now: datetime) -> datetime | None:
        """Return the last slot at or before `now` (UTC), None when there was none within a year."""
        ...

    def following(self, now: datetime) -> datetime | None:
        """Return the first slot after `now` (UTC)."""
        ...


@dataclass(frozen=True)
class Every:
    """A slot every `period`, counted from the epoch: a restart does not shift it."""

    period: timedelta

    def latest(self, now: datetime) -> datetime:
        """Return the last slot at or before `now` (UTC)."""
        epoch = datetime.fromtimestamp(0, UTC)
        return epoch + (now - epoch) // self.period * self.period

    def following(self, now: datetime) -> datetime:
        """Return the first slot after `now` (UTC)."""
        return self.latest(now) + self.period

    def __str__(self) -> str:
        return f"every {self.period.total_seconds():g} s"


@dataclass(frozen=True)
class Cron:
    """A crontab line (minute, hour, day, month, weekday) in civil time of `zone`.

    Raises:
        ScheduleError: The line has not five fields, cannot be read, or numbers its weekdays: 1 means Tuesday to
            APScheduler and Monday to cron, so weekdays are written mon, tue, ...
    """

    line: str
    zone: ZoneInfo
    _trigger: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        from apscheduler.triggers.cron import CronTrigger

        fields = self.line.split()
        if len(fields) != _FIELDS:
            raise ScheduleError(
                f"crontab line {self.line!r} has {len(fields)} fields", hint="minute hour day month weekday"
            )
        if re.search(r"\d", fields[-1].partition("/")[0]):
            raise ScheduleError(f"crontab line {self.line!r} numbers a weekday", hint="write mon, tue, wed, ...")
        try:
            # The zone is said explicitly: without it APScheduler takes the machine's, whatever the scheduler's is.
            trigger = CronTrigger.from_crontab(self.line, timezone=self.zone)
        except ValueError as error:
            raise ScheduleError(f"crontab line {self.line!r}: {error}", hint="for example `0 7 * * mon`") from error
        object.__setattr__(self, "_trigger", trigger)

    def latest(self, now: datetime) -> datetime | None:
        """Return the last slot at or before `now` (UTC), None when there was none within a year."""
        for window in _LOOK_BACK:
            slot = self._next(now - window)
            if slot is None or slot > now:
                continue
            while (later := self.following(slot)) is not None and later <= now:
                slot = later
            return slot
        return None

    def following(self, now: datetime) -> datetime | None:
        """Return the first slot after `now` (UTC)."""
        return self._next(now + timedelta(microseconds=1))

    def _next(self, moment: datetime) -> datetime | None:
        slot = self._trigger.get_next_fire_time(None, moment.astimezone(self.zone))
        return None if slot is None else slot.astimezone(UTC)

    def __str__(self) -> str:
        return f"{self.line} ({self.zone.key})"


def parse_length(text: str) -> timedelta:
    """Return the length of time that `90s`, `5m`, `1h` or `2d` says.

    >>> parse_length("5m")
    datetime.timedelta(seconds=300)
    """
    match = _LENGTH.fullmatch(text.strip())
    if not match or int(match[1]) == 0:
        raise ScheduleError(f"{text!r} is not a length of time", hint="write 30s, 5m, 1h or 1d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
