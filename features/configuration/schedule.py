"""The `[schedule]` section: the watched folder, and which job runs when."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from pydantic import field_validator

from features.configuration.nearest import did_you_mean
from features.configuration.part import ConfigPart, key


class JobConfig(ConfigPart):
    """When one job runs."""

    cron: str = ""
    """Crontab line in the hotline's time zone, weekdays by name; either this or `every`."""
    every: str = ""
    """Length of time between two runs: 30s, 5m, 1h."""
    after: tuple[str, ...] = ()
    """Jobs that go first when they are due as well."""
    retries: int = key(2, unit="runs", ge=0, le=100)
    """How often a failed or killed run is tried again before its next slot."""
    retry_after: str = "5m"
    """How long to wait before each of them."""
    enabled: bool = True
    """False takes the job off the schedule."""


SHIPPED_JOBS: Final[dict[str, JobConfig]] = {
    "ingest": JobConfig(every="1m"),
    "train": JobConfig(cron="0 2 * * sun"),
    "forecast": JobConfig(cron="0 7 * * mon", after=("train",)),
    "report": JobConfig(cron="0 7 * * mon", after=("forecast",)),
    "detect": JobConfig(cron="5 * * * *", after=("ingest",)),
    "quality": JobConfig(cron="30 6 * * *", after=("ingest",)),
    "retention": JobConfig(cron="15 3 * * *"),
    "optimize": JobConfig(cron="30 3 * * *", after=("retention",)),
    "vacuum": JobConfig(cron="0 4 * * sun", after=("train", "optimize")),
    "clocks": JobConfig(every="1m", retries=0),
    "deliver": JobConfig(every="250ms", retries=0),
}
"""What runs when nothing is configured; the order is the order in which jobs that are due together start."""


class ScheduleConfig(ConfigPart):
    """The watched folder, and which job runs when."""

    incoming: Path = Path("incoming")
    """Watched folder, relative to the home folder; each folder in it is named as the mapping of its files."""
    settle: str = "10s"
    """How long a file must have been left alone before it counts as complete."""
    jobs: dict[str, JobConfig] = SHIPPED_JOBS
    """The jobs by name; what a table here does not say stays as shipped."""

    @field_validator("jobs", mode="before")
    @classmethod
    def _over_shipped(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not all(isinstance(job, dict | JobConfig) for job in value.values()):
            return value
        for name in value:
            if name not in SHIPPED_JOBS:
                raise ValueError(f"there is no job {name}{did_you_mean(name, SHIPPED_JOBS)}")
        return {name: _changed(shipped, value.get(name, {})) for name, shipped in SHIPPED_JOBS.items()}


def _changed(shipped: JobConfig, change: dict[str, Any] | JobConfig) -> dict[str, Any]:
    own = change.model_dump(exclude_unset=True) if isinstance(change, JobConfig) else change
    # A job has one trigger: a new one of the other kind takes the place of the shipped one.
    replaced = {"cron", "every"} if {"cron", "every"} & set(own) else set()
    return {**shipped.model_dump(exclude_unset=True, exclude=replaced), **own}
