"""Job runs: what ran when, how it ended, whether a piece of work has been done, and whether the scheduler lives."""

from __future__ import annotations

from serve.jobs.heartbeat import SCHEDULER, SLOT, Pulse, beat, last_beat, scheduler_pulse
from serve.jobs.service import JobRecord, is_done, latest_runs, record, settle_ends

__all__ = [
    "SCHEDULER",
    "SLOT",
    "JobRecord",
    "Pulse",
    "beat",
    "is_done",
    "last_beat",
    "latest_runs",
    "record",
    "scheduler_pulse",
    "settle_ends",
]
