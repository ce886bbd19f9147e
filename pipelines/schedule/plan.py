"""The schedule: which job runs when, from the `[schedule]` section or as shipped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from features.settings import Settings
from pipelines.schedule.errors import ScheduleError
from pipelines.schedule.triggers import Cron, Every, Trigger, parse_length

DEFAULT_JOBS: Final[dict[str, dict[str, Any]]] = {
    "ingest": {"every": "1m"},
    "train": {"cron": "0 2 * * sun"},
    "forecast": {"cron": "0 7 * * mon", "after": ("train",)},
    "report": {"cron": "0 7 * * mon", "after": ("forecast",)},
    "detect": {"cron": "5 * * * *", "after": ("ingest",)},
    "quality": {"cron": "30 6 * * *", "after": ("ingest",)},
    "retention": {"cron": "15 3 * * *"},
    "optimize": {"cron": "30 3 * * *", "after": ("retention",)},
    "vacuum": {"cron": "0 4 * * sun", "after": ("train", "optimize")},
    "clocks": {"every": "1m", "retries": 0},
    "deliver": {"every": "250ms", "retries": 0},
}
"""What runs when nothing is configured; the order is the order in which jobs that are due together start."""


class JobConfig(BaseModel):
    """One table `[schedule.jobs.NAME]`.

    Attributes:
        cron: Crontab line in the hotline's time zone; weekdays by name. Either this or `every`.
        every: Length of time: 30s, 5m, 1h.
        after: Jobs that go first when they are due as well.
        retries: How often a failed or killed run is tried again before its next slot.
        retry_after: How long to wait before each of them.
        enabled: False takes the job off the schedule.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cron: str = ""
    every: str = ""
    after: tuple[str, ...] = ()
    retries: int = Field(default=2, ge=0, le=100)
    retry_after: str = "5m"
    enabled: bool = True


class ScheduleConfig(BaseModel):
    """The `[schedule]` section.

    Attributes:
        incoming: Folder that is watched for files; relative to the home folder. Each folder in it is named as the
            mapping of its files.
        settle: How long a file must have been left alone before it counts as complete.
        jobs: Changes to the shipped jobs, by name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    incoming: Path = Path("incoming")
    settle: str = "10s"
    jobs: dict[str, dict[str, Any]] = {}


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
        ScheduleError: The section names an unknown job or key, or a trigger that cannot be read.
    """
    try:
        config = ScheduleConfig(**settings.section("schedule"))
        merged = _merged(config.jobs)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ScheduleError(f"[schedule] {problems}", hint="docs/schedule.md lists every key") from error
    jobs = [_job(name, job, settings) for name, job in merged.items() if job.enabled]
    return Schedule(jobs=tuple(jobs), incoming=settings.home / config.incoming, settle=parse_length(config.settle))


def _merged(changes: Mapping[str, Mapping[str, Any]]) -> dict[str, JobConfig]:
    unknown = sorted(set(changes) - set(DEFAULT_JOBS))
    if unknown:
        raise ScheduleError(
            f"[schedule] there is no job {', '.join(unknown)}", hint=f"jobs are {', '.join(DEFAULT_JOBS)}"
        )
    merged = {}
    for name, shipped in DEFAULT_JOBS.items():
        change = dict(changes.get(name, {}))
        kept = {
            key: value
            for key, value in shipped.items()
            if not ({"cron", "every"} & set(change) and key in {"cron", "every"})
        }
        merged[name] = JobConfig(**{**kept, **change})
    return merged


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
