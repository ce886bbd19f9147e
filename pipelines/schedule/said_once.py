"""Say a failure once when it begins, once an hour while it lasts, and once when it has ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final

import structlog

from features.errors import WeisuError

REPEATED_AFTER: Final = timedelta(hours=1)
BREATH: Final = timedelta(seconds=5)
"""A job that runs all the time waits so long after a failure."""

_log = structlog.get_logger(__name__)


@dataclass
class _Failure:
    what: str
    since: datetime
    said_at: datetime
    last: datetime
    times: int = 1


class Failures:
    """What fails now, by the name of the job."""

    def __init__(self) -> None:
        self._failing: dict[str, _Failure] = {}
        self._lock = Lock()

    def failed(self, name: str, error: Exception, now: datetime, **facts: Any) -> None:
        """Note that a job failed, and say so unless the same was said within the hour."""
        what = f"{type(error).__name__}: {error}"
        with self._lock:
            before = self._failing.get(name)
            if before is None or before.what != what:
                self._failing[name] = _Failure(what, now, now, now)
            else:
                before.times, before.last = before.times + 1, now
                if abs(now - before.said_at) < REPEATED_AFTER:
                    return
                before.said_at = now
                facts |= {"times": before.times, "since": before.since.isoformat(timespec="seconds")}
        # A traceback only of what nobody foresaw.
        trace = {} if isinstance(error, WeisuError) else {"exc_info": error}
        _log.error("a job failed", job=name, error=what.replace("\n", " "), **facts, **trace)

    def ended(self, name: str, now: datetime) -> None:
        """Note that a job works, and say so if it failed before."""
        with self._lock:
            before = self._failing.pop(name, None)
        if before is not None:
            since = before.since.isoformat(timespec="seconds")
            _log.warning("a job works again", job=name, failed_times=before.times, since=since, until=str(now))

    def is_out_of_breath(self, name: str, now: datetime) -> bool:
        """Tell whether a job failed a moment ago."""
        before = self._failing.get(name)
        return before is not None and abs(now - before.last) < BREATH
