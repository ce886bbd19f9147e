"""Where logs go and what they never hold: to stderr, and no values of variables."""

from __future__ import annotations

import io
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from features.errors import WeisuError


def _say_our_own(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put an error of ours into one line: it says what, where and what to do, and its traceback says nothing more."""
    given = event.get("exc_info")
    error = given[1] if isinstance(given, tuple) else sys.exc_info()[1] if given is True else given
    if isinstance(error, WeisuError):
        del event["exc_info"]
        event["error"] = f"{type(error).__name__}: {error}".replace("\n", " ")
    return event


def _without_identifiers(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask numbers and addresses that are somebody's in every text of a line."""
    from features.privacy import without_identifiers

    return {name: without_identifiers(said) if isinstance(said, str) else said for name, said in event.items()}


def _masked_traceback(out: TextIO, exc_info: Any) -> None:
    """Write a traceback that shows lines; what the error itself says may quote a value, and is masked."""
    from features.privacy import without_identifiers

    plain = io.StringIO()
    structlog.dev.plain_traceback(plain, exc_info)
    out.write(without_identifiers(plain.getvalue()))


def configure_logs() -> None:
    """Send logs to stderr, so that stdout stays machine-readable, with tracebacks that show lines and no values.

    A terminal gets colours, a file none. structlog's own tracebacks print the variables of every frame, which may be a
    caller's words.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.dev.set_exc_info,
            _say_our_own,
            _without_identifiers,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_masked_traceback),
        ],
        # Asked for at every line: whoever replaces sys.stderr (a test, a supervisor) gets the lines too.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
