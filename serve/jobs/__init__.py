"""Job runs: what ran when, how it ended, and whether a piece of work has been done already."""

from __future__ import annotations

from serve.jobs.service import JobRecord, is_done, latest_runs, record

__all__ = ["JobRecord", "is_done", "latest_runs", "record"]
