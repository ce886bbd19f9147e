"""Which language a page speaks, and how it says numbers and times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import Request

from features.reasons import Reasons, say
from features.settings import Settings
from features.words import AreaNames, Language, catalogue
from serve import number_format as figures
from serve.delivery.failures import Failure, say_failure
from serve.delivery.wording import say_told
from serve.families import FAMILIES

LANGUAGE_COOKIE: Final = "weisu_language"
_HOUR: Final = 3600.0
_DAY: Final = 86400.0


def language_of(request: Request, settings: Settings) -> Language:
    """Return the language this browser chose, else the installation's."""
    chosen = request.cookies.get(LANGUAGE_COOKIE) or settings.language
    return "en" if chosen == "en" else "zh-CN"


@dataclass(frozen=True)
class Words:
    """Says things in one language, in one time zone, with what the area and its parts are called here."""

    language: Language
    zone: ZoneInfo
    names: AreaNames

    @classmethod
    def of_reader(cls, request: Request, settings: Settings) -> Words:
        """Return the words for whoever asks: in the browser's language, with the installation's zone and names."""
        return cls(language_of(request, settings), settings.zone, AreaNames.of(settings))

    @property
    def english(self) -> bool:
        """Whether it speaks English."""
        return self.language == "en"

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of a key with its blanks filled in; `n` chooses between singular and plural."""
        return catalogue(self.language, self.names)(key, **values)

    def of(self, family: str, code: str, /, **values: object) -> str:
        """Return the words of a code, by the prefix of its family."""
        return catalogue(self.language, self.names).of(FAMILIES[family], code, **values)

    def either(self, chinese: str, english: str) -> str:
        """Return the one of two texts that fits; the other when it is empty."""
        return (english or chinese) if self.english else (chinese or english)

    def audience(self, audience: str) -> str:
        """Return who is meant by an audience: a department is its own name."""
        return self.of("audience", audience) if audience in FAMILIES["audience"].codes else audience

    def place(self, area: str) -> str:
        """Return a place; an alert that is about no district in particular is about all of them."""
        return self.names.place(area, self.language)

    def channel(self, channel: str) -> str:
        """Return what a channel is called; one that this version does not have is its own name."""
        return self.of("channel", channel) if channel in FAMILIES["channel"].codes else channel

    def failure(self, failure: Failure) -> str:
        """Return why a message did not arrive, without what the receiver said."""
        return say_failure(failure, self.language)

    def reason(self, reason: str) -> str:
        """Return why a message was sent, in the words of the message itself."""
        return say_told(reason, self.language)

    def degraded(self, reasons: Reasons) -> str:
        """Return why a run is degraded."""
        return say(reasons, self.language)

    def number(self, value: float | None, digits: int = 0) -> str:
        """Return a number with thousands separators; a dash when unknown."""
        return figures.number(value, digits)

    def expected(self, value: float | None) -> str:
        """Return how many are expected; a dash when unknown."""
        return figures.expected(value)

    def change(self, value: float | None) -> str:
        """Return a relative change as signed percent; a dash when unknown."""
        return figures.change(value)

    def percent(self, value: float | None) -> str:
        """Return a share as percent; a dash when unknown."""
        return figures.share(value)

    def moment(self, value: datetime | None) -> str:
        """Return a UTC moment in local time, a naive one as it is; a dash when unknown."""
        if value is None:
            return "–"
        local = value.astimezone(self.zone) if value.tzinfo else value
        return local.strftime("%Y-%m-%d %H:%M")

    def day(self, value: datetime | None) -> str:
        """Return the month and day of a local time."""
        return "–" if value is None else value.strftime("%m-%d")

    def duration(self, value: timedelta) -> str:
        """Return a length of time in its largest fitting unit."""
        seconds = abs(value.total_seconds())
        if seconds < _HOUR:
            return self("clock.minutes", n=int(seconds // 60))
        if seconds < 2 * _DAY:
            return self("clock.hours", n=int(seconds // _HOUR))
        return self("clock.days", n=int(seconds // _DAY))
