"""The schedule: which job runs when, from the `[schedule]` section or as shipped."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from features.configuration import JobConfig
from features.settings import Settings
from pipelines.schedule.errors import ScheduleError
from pipelines.schedule.triggers import Cron, Every, Trigger, parse_length


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
