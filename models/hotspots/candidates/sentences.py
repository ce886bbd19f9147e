"""The sentence a person can recite: what, where, how unusual, in Chinese and in English."""

from __future__ import annotations

import math
from datetime import timedelta

import pandas as pd

from features.series import UNCLASSIFIED
from features.vocabulary import Frequency, Kind
from models.hotspots.candidates.signals import Signal


def sentences(signal: Signal) -> tuple[str, str]:
    """Return a signal's sentence in Chinese and in English.

    The Chinese one starts with the place and the matter; both give tickets and distinct callers, and what is usual.
    """
    tell = _cluster if signal.detector == "cluster" else _BY_KIND[signal.kind]
    zh, en = tell(signal)
    where_zh, where_en = _where(signal)
    matter = signal.category or signal.category2 or signal.category1
    return f"{_joined(where_zh, matter)}：{zh}".lstrip("："), f"{_joined(matter, where_en, ', ')}: {en}".lstrip(": ")


def _where(signal: Signal) -> tuple[str, str]:
    """Return the place inside its district, each named once; a cluster that no district names, by its centre."""
    place, area = str(signal.evidence.get("place") or ""), signal.area
    if signal.detector == "cluster":
        if not place and area in ("", UNCLASSIFIED):
            return _at(signal.lat, signal.lon)
        area = "" if place and area == UNCLASSIFIED else "、".join(signal.evidence.get("areas") or [area])
    gap = "" if not area or not place or ord(area[-1]) >= _FIRST_CJK else " "
    where = place if place.startswith(area) else f"{area}{gap}{place}"
    return where, where.replace(UNCLASSIFIED, "district unknown").replace("、", ", ")


def _at(lat: float, lon: float) -> tuple[str, str]:
    """Return a point as coarsely as maps of alerts show it."""
    if not math.isfinite(lat) or not math.isfinite(lon):
        return UNCLASSIFIED, "district unknown"
    north, east = abs(lat), abs(lon)
    return (
        f"{'北' if lat >= 0 else '南'}纬{north:.2f}°、{'东' if lon >= 0 else '西'}经{east:.2f}°附近",
        f"near {north:.2f}°{'N' if lat >= 0 else 'S'} {east:.2f}°{'E' if lon >= 0 else 'W'}",
    )


def _joined(first: str, second: str, mark: str = " ") -> str:
    return mark.join(part for part in (first, second) if part)


def _surge(signal: Signal) -> tuple[str, str]:
    zh, en = _periods(signal)
    people_zh, people_en = _people(signal)
    usual_zh, usual_en = _exceeded(signal)
    return f"{zh}{_counted(signal)}{people_zh}{usual_zh}", f"{signal.observed} {en}{people_en}{usual_en}"


def _exceeded(signal: Signal) -> tuple[str, str]:
    """Return the most that is usual; what is usual, where a scan over several periods alarms below that."""
    limit = _limit(signal)
    if signal.observed <= limit:
        return _usual(round(signal.expected, 1), _unit(signal))
    return f"，通常不超过{limit}{_unit(signal)}", f", usually at most {limit}"


def _periods(signal: Signal) -> tuple[str, str]:
    """Return the days or calendar weeks of a surge; hours, which are judged at once, as those just past."""
    start, last = signal.window_start, signal.window_end - pd.Timedelta(days=1)
    freq = signal.evidence["freq"]
    if freq == Frequency.HOURLY:
        zh, en = _span(signal.window_end - start)
        return f"过去{zh}", f"in {en}"
    zh, en = _dates(start, last)
    if freq == Frequency.WEEKLY:
        week_zh, week_en = _weeks(start, last)
        return f"{week_zh}（{zh}）", f"in {week_en} ({en})"
    days = (last - start).days + 1
    return (f"{zh}（{days}天）", f"in {days} days ({en})") if days > 1 else (zh, f"on {en}")


def _dates(start: pd.Timestamp, last: pd.Timestamp) -> tuple[str, str]:
    """Return a span of days, both ends included.

    >>> _dates(pd.Timestamp("2026-11-16"), pd.Timestamp("2026-11-22"))
    ('11月16日至22日', '16-22 Nov')
    >>> _dates(pd.Timestamp("2026-10-26"), pd.Timestamp("2026-11-01"))
    ('10月26日至11月1日', '26 Oct-1 Nov')
    """
    if start == last:
        return f"{start.month}月{start.day}日", f"{start.day} {start:%b}"
    one_month = (start.year, start.month) == (last.year, last.month)
    until = f"{last.day}日" if one_month else f"{last.month}月{last.day}日"
    since = f"{start.day}" if one_month else f"{start.day} {start:%b}"
    return f"{start.month}月{start.day}日至{until}", f"{since}-{last.day} {last:%b}"


def _weeks(start: pd.Timestamp, last: pd.Timestamp) -> tuple[str, str]:
    """Return calendar weeks by their ISO numbers; weeks that do not begin on a Monday have none.

    >>> _weeks(pd.Timestamp("2026-12-28"), pd.Timestamp("2027-01-10"))
    ('第53周至第1周', 'weeks 53-1')
    """
    if start.weekday():
        weeks = ((last - start).days + 1) // 7
        return f"{weeks}周", f"{weeks} {_plural(weeks, 'week')}"
    first, final = start.isocalendar().week, last.isocalendar().week
    if first == final:
        return f"第{first}周", f"week {first}"
    return f"第{first}周至第{final}周", f"weeks {first}-{final}"


def _limit(signal: Signal) -> int:
    return math.floor(signal.upper) if math.isfinite(signal.upper) else math.ceil(signal.expected)


def _cluster(signal: Signal) -> tuple[str, str]:
    zh, en = _span(signal.window_end - signal.window_start)
    people_zh, people_en = _people(signal)
    since, limit = signal.window_start, _limit(signal)
    most_zh, most_en = (f"，至多{limit}{_unit(signal)}", f", at most {limit}") if signal.observed > limit else ("", "")
    around = signal.radius_km > 0
    near_zh, near_en = (
        (f"半径{signal.radius_km:.1f}公里内", f" within {signal.radius_km:.1f} km") if around else ("", "")
    )
    usual_zh, usual_en = _usual(round(signal.expected, 1), _unit(signal))
    return (
        f"{since.month}月{since.day}日以来{zh}，{near_zh}{_counted(signal)}{people_zh}{usual_zh}{most_zh}",
        f"{signal.observed} in {en}{near_en} since {since:%d %b}{people_en}{usual_en}{most_en}",
    )


def _repeats(signal: Signal) -> bool:
    """Tell whether a detector that counts callers, each once a period, counted fewer than there are tickets."""
    return len(signal.tickets) > signal.observed


def _unit(signal: Signal) -> str:
    return "人次" if _repeats(signal) else "件"


def _counted(signal: Signal) -> str:
    return f"{signal.observed}{_unit(signal)}"


def _people(signal: Signal) -> tuple[str, str]:
    if _repeats(signal):
        callers = f"{signal.callers} {_plural(signal.callers, 'caller')}"
        return (
            f"（{len(signal.tickets)}件，{signal.callers}人）",
            f", repeat calls merged ({len(signal.tickets)} tickets from {callers})",
        )
    if signal.callers in (0, signal.observed):
        return "", ""
    return f"（{signal.callers}人）", f" from {signal.callers} {_plural(signal.callers, 'caller')}"


def _frequent(signal: Signal) -> tuple[str, str]:
    zh, en = _span(signal.window_end - signal.window_start)
    threshold = signal.evidence["threshold"]
    people_zh, people_en = _people(signal)
    usual_zh, usual_en = _usual(signal.evidence["usual"])
    return (
        f"{zh}内{signal.observed}件{people_zh}{usual_zh}，达到“{zh}{threshold}件”",
        f"{signal.observed} in {en}{people_en}{usual_en}; the rule is {threshold} in {en}",
    )


def _usual(count: float, unit: str = "件") -> tuple[str, str]:
    """Return what is usual in a window of the same length, nothing where history does not say.

    >>> _usual(1.25), _usual(12.0), _usual(0.0)
    (('，平时约1.2件', ', usually about 1.2'), ('，平时约12件', ', usually about 12'), ('，平时没有', ', usually none'))
    """
    if not math.isfinite(count):
        return "", ""
    if count == 0:
        return "，平时没有", ", usually none"
    said = f"{count:.1f}".removesuffix(".0") if count < _IN_TENTHS else f"{count:.0f}"
    return f"，平时约{said}{unit}", f", usually about {said}"


def _repeat(signal: Signal) -> tuple[str, str]:
    zh, en = _span(signal.window_end - signal.window_start)
    return f"同一来电人{zh}内反映{signal.observed}次", f"one caller, {signal.observed} times in {en}"


def _sensitive(signal: Signal) -> tuple[str, str]:
    words = signal.evidence["words"]
    people_zh, people_en = _people(signal)
    named = words.replace(",", "、")
    return (
        f"敏感事项“{named}”{signal.observed}件{people_zh}",
        f"{signal.observed} {_plural(signal.observed, 'ticket')}{people_en} on the watched {words!r}",
    )


def _shared(signal: Signal) -> tuple[str, str]:
    zh, en = _span(signal.window_end - signal.window_start)
    label = signal.evidence["label"]
    one_zh, one_en = _mostly_one(signal)
    people = f"{signal.callers} {_plural(signal.callers, 'caller')}"
    return (
        f"过去{zh}{signal.callers}人反映同一问题（{signal.observed}件{one_zh}）：{label}",
        f"{people}, one cause, {signal.observed} tickets{one_en} in {en}: {label}",
    )


def _first_seen(signal: Signal) -> tuple[str, str]:
    since, days = signal.window_start, signal.evidence["absent_days"]
    people = f"{signal.callers} {_plural(signal.callers, 'caller')}"
    label = signal.evidence["label"]
    one_zh, one_en = _mostly_one(signal)
    tickets_zh = f"（{signal.observed}件{one_zh}）" if one_zh else ""
    tickets_en = f" with {signal.observed} tickets{one_en}" if one_en else ""
    return (
        f"近{days}天未见同类诉求，{since.month}月{since.day}日以来{signal.callers}人反映{tickets_zh}：{label}",
        f"no such ticket in {days} days, {people}{tickets_en} since {since.strftime('%d %b')}: {label}",
    )


def _mostly_one(signal: Signal) -> tuple[str, str]:
    """Return how many tickets one caller sent, where that is more than half: few people are behind them."""
    most = signal.evidence["most_by_one"]
    return (f"，其中一人{most}件", f" ({most} by one)") if 2 * most > signal.observed else ("", "")


def _forecast(signal: Signal) -> tuple[str, str]:
    facts = signal.evidence
    lunar_zh, lunar_en = ("（按农历对齐）", " (aligned by the lunar year)") if facts["aligned"] == "lunar" else ("", "")
    seen, years, week, act = (facts[name] for name in ("years_seen", "years", "return_week", "act_by_week"))
    weekly = f"{signal.expected:.0f}"
    act_zh, act_en = f"请在第{act}周前行动", f"act by week {act}"
    if facts["overdue"]:
        act_zh, act_en = f"应在第{act}周前行动，已过期，请立即行动", f"act now, the week to act was {act}"
    return (
        f"{years}年中有{seen}年在第{week}周前后再现{lunar_zh}，预计每周{weekly}件，{act_zh}",
        f"returned in week {week} in {seen} of {years} years{lunar_en}, {weekly} a week expected; {act_en}",
    )


_IN_TENTHS = 9.95
"""Usual counts below this are said to a tenth."""

_FIRST_CJK = 0x2E80
_IN_HOURS = 72
"""Windows shorter than this that are no whole days are said in hours."""

_BY_KIND = {
    Kind.SURGE: _surge,
    Kind.FREQUENT: _frequent,
    Kind.REPEAT: _repeat,
    Kind.SENSITIVE: _sensitive,
    Kind.SHARED: _shared,
    Kind.FIRST_SEEN: _first_seen,
    Kind.FORECAST: _forecast,
}


def _span(length: timedelta) -> tuple[str, str]:
    """Return a window length as people say it.

    >>> _span(pd.Timedelta(hours=6)), _span(pd.Timedelta(days=7)), _span(pd.Timedelta(hours=1))
    (('6小时', '6 hours'), ('7天', '7 days'), ('1小时', '1 hour'))
    """
    hours = max(round(length / pd.Timedelta(hours=1)), 1)
    if hours % 24 and hours < _IN_HOURS:
        return f"{hours}小时", f"{hours} {_plural(hours, 'hour')}"
    days = max(round(hours / 24), 1)
    return f"{days}天", f"{days} {_plural(days, 'day')}"


def _plural(number: int, noun: str) -> str:
    return noun if number == 1 else f"{noun}s"
