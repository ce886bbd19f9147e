"""The exception tree every package grows from.

    WeisuError                  something failed (exit code 1)
    └── BadInputError           the caller can mend it: file, flag, value (exit code 2)

Each package derives its own errors from these two, so that the command line and the API know what to answer.
"""

from __future__ import annotations


class WeisuError(Exception):
    """An error that says what, where, and what to do next.

    Args:
        message: What went wrong and where (file and row, series, alert id). Never a raw personal value.
        hint: The way out, in one sentence.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message}\nHint: {self.hint}" if self.hint else message


class BadInputError(WeisuError):
    """The input or the usage is wrong; the caller can mend it."""

    exit_code = 2
