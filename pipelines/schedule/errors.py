"""Errors of the scheduler.

PipelineError
├── ScheduleError           a trigger or key of [schedule] that cannot be read (also a BadInputError)
└── SchedulerRunningError   another scheduler works on this installation
"""

from __future__ import annotations

from features.errors import BadInputError
from pipelines.errors import PipelineError


class ScheduleError(PipelineError, BadInputError):
    """The `[schedule]` section says something that cannot be."""


class SchedulerRunningError(PipelineError):
    """Another scheduler works on this installation."""
