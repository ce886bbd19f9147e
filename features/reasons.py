"""Why something is less than it should be: a code with parameters, stored as such and said in words at the edge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from features.errors import WeisuError
from features.words import Family, Language, catalogue

Value = str | int | float | list[str]
"""A parameter of a reason: it travels as JSON."""


class ReasonCode(StrEnum):
    """What can make a run, a forecast, an answer or a feed less than it should be; its words stand at `reason.CODE`."""

    STALE_FEED = "stale_feed"
    COUNTS_LATE = "counts_late"
    HISTORY_OF_THE_PAST = "history_of_the_past"
    FORECAST_ENDED = "forecast_ended"
    CALENDAR_GUESSED = "calendar_guessed"
    STAND_IN = "stand_in"
    MODEL_ISSUE_KEPT = "model_issue_kept"
    SAME_WEEK_MEAN = "same_week_mean"
    """What an earlier version issued in its place."""
    NO_CHAMPION = "no_champion"
    NOT_PROMOTED = "not_promoted"
    BUNDLE_LOST = "bundle_lost"
    BUNDLE_DAMAGED = "bundle_damaged"
    REGISTRY_UNREADABLE = "registry_unreadable"
    ORIGIN_UNKNOWN = "origin_unknown"
    LABELS_TAKEN_BACK = "labels_taken_back"
    LABELS_LOST = "labels_lost"
    NO_WEEKLY_FORECASTER = "no_weekly_forecaster"
    NO_DAILY_FORECASTER = "no_daily_forecaster"
    NO_COMMON_CELL = "no_common_cell"
    MODEL_CALENDAR_ENDS = "model_calendar_ends"
    MODEL_SCHEMA = "model_schema"
    MODEL_CONFIGURATION = "model_configuration"
    MODEL_INCOMPLETE = "model_incomplete"
    LAKE_UNREADABLE = "lake_unreadable"
    HISTORY_UNREADABLE = "history_unreadable"
    NO_WEEKS = "no_weeks"
    TICKETS_MISSING = "tickets_missing"
    REPLAY_LOST = "replay_lost"
    NO_TICKETS = "no_tickets"
    FEED_STALLED = "feed_stalled"
    DAY_LOW = "day_low"
    DAY_HIGH = "day_high"
    NEW_CATEGORY = "new_category"
    NEW_CATEGORY_ALIKE = "new_category_alike"
    NEW_DISTRICT = "new_district"
    NEW_DISTRICT_ALIKE = "new_district_alike"
    MISSING_RISEN = "missing_risen"
    IDENTICAL_TICKETS = "identical_tickets"
    IDS_REPEAT = "ids_repeat"
    IDS_BECAME_ONE = "ids_became_one"
    IDS_WRITTEN_TWICE = "ids_written_twice"
    DIGITS_LOST = "digits_lost"
    SHEETS_READ = "sheets_read"
    SHEETS_LEFT = "sheets_left"
    SHEETS_UNLIKE = "sheets_unlike"
    WEB_PAGE = "web_page"
    LINES_ABOVE = "lines_above"
    WRITTEN_ANEW = "written_anew"
    ENCODING_GUESSED = "encoding_guessed"
    ENCODING_DOUBTFUL = "encoding_doubtful"
    ROWS_WAIT = "rows_wait"
    CLOCK_BEHIND = "clock_behind"
    AS_RECORDED = "as_recorded"
    """A sentence that an older version stored, before reasons had codes."""


REASON_WORDS: Final = Family.of("reason", ReasonCode)


@dataclass(frozen=True)
class Reason:
    """One reason: what it is, and the names, numbers and moments that belong into its words.

    >>> say([Reason(ReasonCode.CALENDAR_GUESSED, {"years": ["2027", "2028"]})], "zh-CN")
    '2027、2028 年放假安排尚未收录，节假日为推算'
    """

    code: ReasonCode
    params: Mapping[str, Value] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the reason as it is stored and handed out."""
        return {"code": self.code.value, "params": dict(self.params)}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Reason:
        """Return a stored reason.

        Raises:
            ValueError: This version does not know the code.
        """
        return cls(ReasonCode(document["code"]), dict(document["params"]))


Reasons = tuple[Reason, ...]
"""Why something is degraded; empty when it is not."""


class ReasonedError(WeisuError):
    """An error that may become the reason of a degraded result; its message is that reason in English."""

    def __init__(self, reason: Reason, *, hint: str | None = None) -> None:
        super().__init__(say([reason], "en"), hint=hint)
        self.reason = reason


def documents(reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    """Return reasons as they are stored and handed out."""
    return [reason.document() for reason in reasons]


def stored(rows: Iterable[Mapping[str, Any]]) -> Reasons:
    """Return the reasons that a row holds."""
    return tuple(Reason.of(row) for row in rows)


def say(reasons: Iterable[Reason], language: Language) -> str:
    """Return reasons in words, one after the other; '' for none."""
    words, between = catalogue(language), "；" if language == "zh-CN" else "; "
    return between.join(words.of(REASON_WORDS, reason.code, **reason.params) for reason in reasons)


def say_in_both(reasons: Iterable[Reason]) -> str:
    """Return reasons in Chinese with the English beside it, as reports say things; '' for none."""
    given = tuple(reasons)
    return "　".join(dict.fromkeys(say(given, language) for language in ("zh-CN", "en"))) if given else ""


def to_json(reasons: Iterable[Reason]) -> dict[str, Any]:
    """Return what `--json` documents say: the English words and the codes."""
    given = tuple(reasons)
    return {"degraded": say(given, "en"), "degraded_reasons": documents(given)}
