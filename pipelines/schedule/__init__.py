"""The scheduler: its own process over idempotent commands, with its memory in the store.

triggers  when: a crontab line in the hotline's zone, or every so often
plan      which job when, as shipped or from `[schedule]`
due       what is due at a moment: a pure function
incoming  the watched folder
jobs      what each job does
history   what ran before, from the store
said_once failures, said when they begin and when they end
runner    runs what is due, recorded, failures contained
service   the process
"""

from pipelines.errors import ScheduleError, SchedulerRunningError
from pipelines.schedule.due import Due, LastRun, RunState, due
from pipelines.schedule.plan import Schedule, read_schedule
from pipelines.schedule.runner import Runner
from pipelines.schedule.service import serve_schedule

__all__ = [
    "Due",
    "LastRun",
    "RunState",
    "Runner",
    "Schedule",
    "ScheduleError",
    "SchedulerRunningError",
    "due",
    "read_schedule",
    "serve_schedule",
]
