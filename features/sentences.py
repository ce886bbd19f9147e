"""What a hotspot is about and how unusual it is, as a code with facts; the sentence is made where somebody reads it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from features.series import UNCLASSIFIED
from features.spoken_dates import dates_of, day_of
from features.vocabulary import EVERYWHERE, Frequency
from features.words import LANGUAGES, Catalogue, Language, catalogue


class SentenceCode(StrEnum):
    """The sentences there are."""

    SURGE = "surge"
    CLUSTER = "cluster"
    FREQUENT = "frequent"
    REPEAT = "repeat"
    SENSITIVE = "sensitive"
    SHARED = "shared"
    FIRST_SEEN = "first_seen"
    SEASON = "season"
    AS_RECORDED = "as_recorded"
    """Words that an earlier version stored, or that a detector of your own hands in: one text per language."""


@dataclass(frozen=True)
class Sentence:
    """One sentence: which one it is, and the names, numbers and moments that belong into it.

    Attributes:
        code: Which sentence.
        params: JSON-ready facts. All but `as_recorded` have `matter` ('' for all), `areas` (none for the whole area),
            `place` and `lat`, `lon` (degrees, null without), `observed`, `tickets`, `callers` (0 where the source names
            none), `start` and `end` (naive local civil time as ISO text, half open) and what their detector adds;
            `spot` (`name`, `n`) and `hours` (`start`, `end`, `n`) are the street and the hours that half of the tickets
            share; `beside` are other matters of the same cause (`matter`, `area`, `observed` of each).

    >>> Sentence.recorded("龙华区停水：7天内5件").said("en")
    '龙华区停水：7天内5件'
    """

    code: SentenceCode
    params: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the sentence as it is stored and handed out."""
        return {"code": self.code.value, "params": dict(self.params)}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Sentence:
        """Return a stored sentence.

        Raises:
            ValueError: This version does not know the code.
        """
        return cls(SentenceCode(document["code"]), dict(document["params"]))

    @classmethod
    def recorded(cls, zh: str, en: str = "") -> Sentence:
        """Return words that are kept as they were given."""
        return cls(SentenceCode.AS_RECORDED, {"zh-CN": zh, "en": en})

    def beside(self, siblings: Sequence[Mapping[str, Any]]) -> Sentence:
        """Return the sentence with other matters of the same cause named too; words as given name none.

        Args:
            siblings: `category` (else `category2`, `category1`), `area` and `observed` of each, the newest last: what
                the sentence is about is left out, and of what was named before the newer count stands.
        """
        if self.code is SentenceCode.AS_RECORDED:
            return self
        own = (self.params["matter"], tuple(self.params["areas"]))
        named = {(one["matter"], one["area"]): one for one in self.params.get("beside", ())}
        for one in siblings:
            matter = one["category"] or one.get("category2") or one.get("category1") or ""
            area = "" if one["area"] == EVERYWHERE else one["area"]
            if (matter, (area,) if area else ()) != own:
                named[matter, area] = {"matter": matter, "area": area, "observed": one["observed"]}
        ordered = sorted(named.values(), key=lambda one: -one["observed"])
        return Sentence(self.code, {**self.params, **({"beside": ordered} if ordered else {})})

    def renamed(self, *, matters: Mapping[str, str], areas: Mapping[str, str]) -> Sentence:
        """Return the sentence in other labels.

        Args:
            matters: Old label of a category -> the label wanted; others stay.
            areas: The same of districts. In recorded words the first of each is changed.
        """
        if self.code is SentenceCode.AS_RECORDED:
            changes = [(old, new) for old, new in (*matters.items(), *areas.items()) if old and old != new]
            return Sentence(self.code, {name: _replaced(text, changes) for name, text in self.params.items()})
        named = [areas.get(area, area) for area in self.params["areas"]]
        renamed = {**areas, **matters}
        parts = [{**part, "name": renamed.get(part["name"], part["name"])} for part in self.params.get("parts", ())]
        matter = matters.get(self.params["matter"], self.params["matter"])
        beside = [
            {**one, "matter": matters.get(one["matter"], one["matter"]), "area": areas.get(one["area"], one["area"])}
            for one in self.params.get("beside", ())
        ]
        changed = {"matter": matter, "areas": list(dict.fromkeys(named))}
        changed |= ({"parts": parts} if parts else {}) | ({"beside": beside} if beside else {})
        return Sentence(self.code, {**self.params, **changed})

    def said(self, language: Language) -> str:
        """Return the sentence in words.

        Raises:
            KeyError, UnknownWordsError: A fact is missing.
        """
        if self.code is SentenceCode.AS_RECORDED:
            wanted = str(self.params.get(language) or "")
            return wanted or next((str(text) for name in LANGUAGES if (text := self.params.get(name))), "")
        words, facts = catalogue(language), self.params
        told = _TELLERS[self.code](words, facts) + _focus(words, facts) + _beside(words, facts)
        where, matter = _where(words, facts), facts["matter"]
        if where and matter:
            return words("sentence.of.both", where=where, matter=matter, told=told)
        return words("sentence.of.one", subject=where or matter, told=told) if where or matter else told


def said_of(document: Mapping[str, Any] | None, language: Language) -> str:
    """Return a stored sentence in words; '' for none."""
    return Sentence.of(document).said(language) if document else ""


def _replaced(text: str, changes: Sequence[tuple[str, str]]) -> str:
    for old, new in changes:
        text = text.replace(old, new, 1)
    return text


def _where(words: Catalogue, facts: Mapping[str, Any]) -> str:
    """Return the place inside its district, each named once; what no district names, by its centre."""
    place, areas = str(facts["place"]), list(facts["areas"])
    if not place and areas in ([], [UNCLASSIFIED]) and facts.get("lat") is not None:
        return _at(words, facts["lat"], facts["lon"])
    if place and areas == [UNCLASSIFIED]:
        return place
    said = words("sentence.list", items=[words("sentence.nowhere") if one == UNCLASSIFIED else one for one in areas])
    if not said or not place or place.startswith(said):
        return place or said
    gap = "" if ord(said[-1]) >= _FIRST_CJK else " "
    return f"{said}{gap}{place}"


def _at(words: Catalogue, lat: float, lon: float) -> str:
    """Return a point as coarsely as maps of alerts show it."""
    north = words("sentence.at.north" if lat >= 0 else "sentence.at.south", degrees=f"{abs(lat):.2f}")
    east = words("sentence.at.east" if lon >= 0 else "sentence.at.west", degrees=f"{abs(lon):.2f}")
    return words("sentence.at", north=north, east=east)


def _surge(words: Catalogue, facts: Mapping[str, Any]) -> str:
    limit, count = _limit(facts), _count(words, facts)
    usual = _unbounded(words, facts, limit)
    if facts["observed"] > limit > 0:
        usual = words("sentence.most.calls" if _repeats(facts) else "sentence.most.tickets", limit=limit)
    told = words("sentence.surge", when=_periods(words, facts), count=count, people=_people(words, facts), usual=usual)
    return told + _parts(words, facts)


def _unbounded(words: Catalogue, facts: Mapping[str, Any], limit: int) -> str:
    """Return what is usual; "at most 0" is said as never before."""
    usual = facts["expected"]
    if limit == 0 and usual is not None and round(usual, 1) == 0:
        return words("sentence.never")
    return _usual(words, usual, calls=_repeats(facts))


def _parts(words: Catalogue, facts: Mapping[str, Any]) -> str:
    """Return what carries a sum; nothing where no part stands out."""
    parts = [words("sentence.part", name=one["name"], observed=one["observed"]) for one in facts.get("parts", ())]
    if parts and (others := facts.get("others", 0)) > 0:
        parts.append(words("sentence.others", n=others))
    elif more := facts.get("parts_more"):  # sentences of earlier releases
        parts.append(words("sentence.parts_more", n=more))
    return words("sentence.parts", parts=parts) if parts else ""


def _focus(words: Catalogue, facts: Mapping[str, Any]) -> str:
    """Return the street and the hours that half of the tickets share, where there are such."""
    said = ""
    if spot := facts.get("spot"):
        said += words("sentence.spot", n=spot["n"], street=spot["name"])
    if hours := facts.get("hours"):
        start, end = datetime.fromisoformat(hours["start"]), datetime.fromisoformat(hours["end"])
        between = {"day": day_of(words, start), "first": f"{start:%H:%M}", "last": f"{end:%H:%M}"}
        said += words("sentence.hours", n=hours["n"], **between)
    return said


def _beside(words: Catalogue, facts: Mapping[str, Any]) -> str:
    """Return what else came with the matter; nothing where it came alone."""
    siblings = facts.get("beside", ())
    said = [_beside_one(words, one) for one in siblings[:_NAMED]]
    if more := len(siblings) - len(said):
        said.append(words("sentence.parts_more", n=more))
    return words("sentence.beside", siblings=said) if said else ""


def _beside_one(words: Catalogue, one: Mapping[str, Any]) -> str:
    if one["matter"] and one["area"]:
        return words("sentence.beside.both", matter=one["matter"], area=one["area"], observed=one["observed"])
    return words("sentence.part", name=one["matter"] or one["area"], observed=one["observed"])


def _cluster(words: Catalogue, facts: Mapping[str, Any]) -> str:
    limit, most = _limit(facts), ""
    if facts["observed"] > limit > 0:
        most = words("sentence.at_most.calls" if _repeats(facts) else "sentence.at_most.tickets", limit=limit)
    radius = facts["radius_km"]
    return words(
        "sentence.cluster",
        since=day_of(words, _moment(facts, "start")),
        span=span_of(words, _length(facts)),
        near=words("sentence.within", radius=f"{radius:.1f}") if radius else "",
        count=_count(words, facts),
        people=_people(words, facts),
        usual=_unbounded(words, facts, limit),
        most=most,
    )


def _frequent(words: Catalogue, facts: Mapping[str, Any]) -> str:
    return words(
        "sentence.frequent",
        span=span_of(words, _length(facts)),
        count=words("sentence.count.tickets", observed=facts["observed"]),
        people=_people(words, facts),
        usual=_usual(words, facts["usual"], calls=False),
        threshold=facts["threshold"],
        rare=words("sentence.frequent.rare", once=round(1 / chance)) if (chance := facts.get("chance")) else "",
    )


def _repeat(words: Catalogue, facts: Mapping[str, Any]) -> str:
    return words("sentence.repeat", span=span_of(words, _length(facts)), n=facts["observed"])


def _sensitive(words: Catalogue, facts: Mapping[str, Any]) -> str:
    return words("sentence.sensitive", words=facts["words"], n=facts["observed"], people=_people(words, facts))


def _shared(words: Catalogue, facts: Mapping[str, Any]) -> str:
    if not facts["callers"]:
        span = span_of(words, _length(facts))
        return words("sentence.shared.tickets", span=span, observed=facts["observed"], label=facts["label"])
    return words(
        "sentence.shared",
        span=span_of(words, _length(facts)),
        callers=words("sentence.callers", n=facts["callers"]),
        observed=facts["observed"],
        one=_mostly_one(words, facts),
        label=facts["label"],
    )


def _first_seen(words: Catalogue, facts: Mapping[str, Any]) -> str:
    if not facts["callers"]:
        said = {"days": facts["absent_days"], "since": day_of(words, _moment(facts, "start")), "label": facts["label"]}
        return words("sentence.first_seen.nobody", n=facts["observed"], **said)
    one = _mostly_one(words, facts)
    return words(
        "sentence.first_seen",
        days=facts["absent_days"],
        since=day_of(words, _moment(facts, "start")),
        callers=words("sentence.callers", n=facts["callers"]),
        tickets=words("sentence.first_seen.tickets", observed=facts["observed"], one=one) if one else "",
        label=facts["label"],
    )


def _season(words: Catalogue, facts: Mapping[str, Any]) -> str:
    week = facts["act_by_week"]
    return words(
        "sentence.season",
        years=facts["years"],
        seen=facts["years_seen"],
        week=facts["return_week"],
        lunar=words("sentence.season.lunar") if facts["aligned"] == "lunar" else "",
        weekly=f"{facts['expected']:.0f}",
        act=words("sentence.season.overdue" if facts["overdue"] else "sentence.season.act", week=week),
    )


def _periods(words: Catalogue, facts: Mapping[str, Any]) -> str:
    """Return the days or calendar weeks of a surge; hours, which are judged at once, as those just past."""
    start, last = _moment(facts, "start"), _moment(facts, "end") - timedelta(days=1)
    freq = Frequency(facts["freq"])
    if freq is Frequency.HOURLY:
        return words("sentence.when.hours", span=span_of(words, _length(facts)))
    dates = dates_of(words, start, last)
    days = (last - start).days + 1
    if freq is Frequency.DAILY:
        return words("sentence.when.days", dates=dates, n=days) if days > 1 else words("sentence.when.day", dates=dates)
    if start.weekday():
        # Weeks that do not begin on a Monday have no number in the calendar.
        return words("sentence.when.some_weeks", dates=dates, n=days // 7)
    first, final = start.isocalendar().week, last.isocalendar().week
    if first == final:
        return words("sentence.when.week", dates=dates, week=first)
    return words("sentence.when.weeks", dates=dates, first=first, last=final)


def span_of(words: Catalogue, length: timedelta) -> str:
    """Return the length of a window as people say it.

    >>> span_of(catalogue("en"), timedelta(hours=6)), span_of(catalogue("en"), timedelta(days=7))
    ('6 hours', '7 days')
    """
    hours = max(round(length / timedelta(hours=1)), 1)
    if hours % 24 and hours < _IN_HOURS:
        return words("sentence.span.hours", n=hours)
    return words("sentence.span.days", n=max(round(hours / 24), 1))


def _usual(words: Catalogue, usual: float | None, *, calls: bool) -> str:
    """Return what is usual in a window of the same length, nothing where history does not say."""
    if usual is None:
        return ""
    # Rounded as it is said: what would read "usually about 0" is none.
    tenth = round(usual, 1)
    if tenth == 0:
        return words("sentence.usual.none")
    said = f"{tenth:.1f}".removesuffix(".0") if tenth < _IN_TENTHS else f"{tenth:.0f}"
    return words("sentence.usual.calls" if calls else "sentence.usual.tickets", usual=said)


def _people(words: Catalogue, facts: Mapping[str, Any]) -> str:
    if not facts["callers"] and facts["tickets"] > facts["observed"] > 0:
        return words("sentence.people.listed", n=facts["tickets"])
    if _repeats(facts):
        return words("sentence.people.merged", tickets=facts["tickets"], n=facts["callers"])
    if facts["callers"] in (0, facts["observed"]):
        return ""
    return words("sentence.people", n=facts["callers"])


def _mostly_one(words: Catalogue, facts: Mapping[str, Any]) -> str:
    """Return how many tickets one caller sent, where that is more than half: few people are behind them."""
    most = facts["most_by_one"]
    return words("sentence.mostly_one", most=most) if 2 * most > facts["observed"] else ""


def _count(words: Catalogue, facts: Mapping[str, Any]) -> str:
    key = "sentence.count.calls" if _repeats(facts) else "sentence.count.tickets"
    return words(key, observed=facts["observed"])


def _repeats(facts: Mapping[str, Any]) -> bool:
    """Tell whether a detector that counts callers, each once a period, counted fewer than there are tickets."""
    return bool(facts["callers"] and facts["tickets"] > facts["observed"])


def _limit(facts: Mapping[str, Any]) -> int:
    upper, expected = facts["upper"], facts["expected"]
    limit: int = math.ceil(expected) if upper is None else math.floor(upper)
    return limit


def _length(facts: Mapping[str, Any]) -> timedelta:
    return _moment(facts, "end") - _moment(facts, "start")


def _moment(facts: Mapping[str, Any], name: str) -> datetime:
    return datetime.fromisoformat(facts[name])


_NAMED: Final = 8
"""Other matters of a cause that its sentence names, the largest first."""

_IN_TENTHS: Final = 9.95
"""Usual counts below this are said to a tenth."""

_FIRST_CJK: Final = 0x2E80
_IN_HOURS: Final = 72
"""Windows shorter than this that are no whole days are said in hours."""

_TELLERS: Final = {
    SentenceCode.SURGE: _surge,
    SentenceCode.CLUSTER: _cluster,
    SentenceCode.FREQUENT: _frequent,
    SentenceCode.REPEAT: _repeat,
    SentenceCode.SENSITIVE: _sensitive,
    SentenceCode.SHARED: _shared,
    SentenceCode.FIRST_SEEN: _first_seen,
    SentenceCode.SEASON: _season,
}
