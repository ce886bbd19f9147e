"""The exception tree every package grows from.

    WeisuError                       something failed (exit code 1)
    ├── BadInputError                the caller can mend it: file, flag, value (exit code 2)
    │   ├── AreaError                an area file cannot be read, or its areas contradict each other
    │   ├── CalendarError            a calendar cannot be made from what was given
    │   │   ├── UnknownCountryError  no such country or subdivision
    │   │   └── OverrideError        a row of the operator's calendar file is wrong
    │   │       └── EventError       a row of the operator's event register is wrong
    │   ├── LakeInputError           the batch or the request does not fit the lake
    │   ├── MappingError             the mapping is missing, malformed, or names columns that the source does not have
    │   ├── PanelError               the panel that was asked for does not exist
    │   ├── PrivacyError             masking or hashing was asked for something it cannot do
    │   │   └── WeakKeyError         the key of the caller hash is too short to keep callers unknown
    │   ├── QualityError             a report cannot be made from what was given
    │   ├── SimulatorError           the simulated city was asked for something that cannot be
    │   ├── SourceError              the source cannot be read as a table
    │   │   └── BoundError           it is larger, deeper or longer than may be read
    │   ├── TaxonomyError            labels or panels that cannot be worked with
    │   │   └── CrosswalkError       a crosswalk cannot be read, or its rows contradict each other
    │   └── WeatherError             a weather file or frame cannot be used
    ├── LakeError                    the lake cannot do what was asked of it
    ├── QuarantineError              more rows are bad than the mapping allows; nothing was kept
    └── FeedError                    a remote source does not answer, or answers nonsense
        └── FeedNotFoundError        there is nothing at the address that was asked

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


class AreaError(BadInputError):
    """An area file cannot be read, or its areas contradict each other."""


class CalendarError(BadInputError):
    """A calendar cannot be made from what was given."""


class UnknownCountryError(CalendarError):
    """No such country or subdivision."""


class OverrideError(CalendarError):
    """A row of the operator's calendar file is wrong."""


class EventError(OverrideError):
    """A row of the operator's event register is wrong."""


class LakeError(WeisuError):
    """The lake cannot do what was asked of it."""


class LakeInputError(BadInputError):
    """The batch or the request does not fit the lake."""


class MappingError(BadInputError):
    """The mapping is missing, malformed, or names columns that the source does not have."""


class PanelError(BadInputError):
    """The panel that was asked for does not exist."""


class PanelContractError(BadInputError):
    """A panel of counts does not fit the contract: a column, a period or a value is wrong."""


class PrivacyError(BadInputError):
    """Masking or hashing was asked for something it cannot do."""


class WeakKeyError(PrivacyError):
    """The key of the caller hash is too short to keep callers unknown."""


class QualityError(BadInputError):
    """A report cannot be made from what was given."""


class SimulatorError(BadInputError):
    """The simulated city was asked for something that cannot be."""


class SourceError(BadInputError):
    """The source cannot be read as a table."""


class BoundError(SourceError):
    """What comes from outside is larger, deeper or longer than may be read.

    Args:
        message, hint: As of `WeisuError`.
        code: Which bound, for who says it in other words.
    """

    def __init__(self, message: str, *, hint: str | None = None, code: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class QuarantineError(WeisuError):
    """More rows are bad than the mapping allows; nothing was kept."""


class FeedError(WeisuError):
    """A remote source does not answer, or answers nonsense."""


class FeedNotFoundError(FeedError):
    """A remote source says that there is nothing at the address that was asked, such as a page beyond the last."""


class TaxonomyError(BadInputError):
    """Labels or panels that cannot be worked with."""


class CrosswalkError(TaxonomyError):
    """A crosswalk cannot be read, or its rows contradict each other."""


class WeatherError(BadInputError):
    """A weather file or frame cannot be used."""
