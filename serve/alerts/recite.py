"""The rule behind an alert, as a sentence that a person can recite; detectors hand it in as a short code."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final

from features.vocabulary import Frequency, Kind

Sentences = tuple[str, str]
"""The rule in Chinese and in English."""

_COUNT: Final = re.compile(r"(\d+)/(\d+)d")
_DISTRICT: Final = re.compile(r"(\d+)/(\d+)d<([\d.e-]+)")
_YEARS: Final = re.compile(r"(\d+)/(\d+)")
_SCAN: Final = re.compile(r"([DWh]):(\d+)")
_CIRCLE: Final = re.compile(r"([\d.]+)km")
_PERIODS: Final = {
    Frequency.DAILY: ("天", "day"),
    Frequency.WEEKLY: ("周", "week"),
    Frequency.HOURLY: ("小时", "hour"),
}


def recite(kind: str, rule: str, *, upper: float | None = None) -> Sentences:
    """Return the rule of an alert in words; a rule that is a sentence already stays as it is.

    Args:
        kind: The alert's primary kind.
        rule: What the detector handed in: `5/7d`, `5/7d<0.001`, `W:3`, `0.9km`, `2/3`, a watched word, a topic.
        upper: The most that is usual.

    >>> recite("高频", "5/7d")[0]
    '同一地方、同一事项，7 天内满 5 件即报'
    >>> recite("异动", "D:2", upper=11.4)[1]
    'more within 2 days than its own history explains: usually at most 11'
    """
    say = _BY_KIND.get(Kind(kind))
    said = say(rule, upper) if say and rule else None
    return said or (rule, rule)


def _frequent(rule: str, _upper: float | None) -> Sentences | None:
    if district := _DISTRICT.fullmatch(rule):
        count, days, chance = district.groups()
        periods = round(1 / float(chance))
        return (
            f"同一区域、同一事项，{days} 天内满 {count} 件，且按平时件数偶然达到的机会不足 {periods} 分之一，即报",
            f"one matter in one district, at least {count} in {days} days, more than chance brings once in {periods:,}",
        )
    match = _COUNT.fullmatch(rule)
    if not match:
        return None
    count, days = match.groups()
    return (
        f"同一地方、同一事项，{days} 天内满 {count} 件即报",
        f"one matter in one place, at least {count} in {days} days",
    )


def _repeat(rule: str, _upper: float | None) -> Sentences | None:
    match = _COUNT.fullmatch(rule)
    if not match:
        return None
    times, days = match.groups()
    return (
        f"同一来电人、同一事项，{days} 天内满 {times} 次即报",
        f"one caller, the same matter, at least {times} times in {days} days",
    )


def _sensitive(rule: str, _upper: float | None) -> Sentences | None:
    if "一件即报" in rule:
        return None
    return f"敏感事项“{rule}”，一件即报", f"the watched matter “{rule}”: one is enough"


def _surge(rule: str, upper: float | None) -> Sentences | None:
    circle = _CIRCLE.fullmatch(rule)
    if circle:
        return (
            f"半径 {circle[1]} 公里内聚集，超出偶然所能解释",
            f"a cluster within {circle[1]} km that chance does not explain",
        )
    scan = _SCAN.fullmatch(rule)
    if not scan:
        return None
    zh, en = _PERIODS[Frequency(scan[1])]
    length = int(scan[2])
    usual_zh = f"：通常至多 {math.floor(upper)} 件" if upper is not None else ""
    usual_en = f": usually at most {math.floor(upper)}" if upper is not None else ""
    span = f"one {en}" if length == 1 else f"{length} {en}s"
    return (
        f"{length} {zh}内的件数超出自身历史所能解释{usual_zh}",
        f"more within {span} than its own history explains{usual_en}",
    )


def _shared(rule: str, _upper: float | None) -> Sentences:
    return f"多人反映同一件事：{rule}", f"many callers, one cause: {rule}"


def _first_seen(rule: str, _upper: float | None) -> Sentences:
    return f"历史上没有过的话题：{rule}", f"a topic that history does not know: {rule}"


def _forecast(rule: str, _upper: float | None) -> Sentences | None:
    match = _YEARS.fullmatch(rule)
    if not match:
        return None
    hits, years = match.groups()
    return f"{years} 年中有 {hits} 年在同一时节重现", f"came back at this time of year in {hits} of {years} years"


_BY_KIND: Final[dict[Kind, Callable[[str, float | None], Sentences | None]]] = {
    Kind.FREQUENT: _frequent,
    Kind.REPEAT: _repeat,
    Kind.SENSITIVE: _sensitive,
    Kind.SURGE: _surge,
    Kind.SHARED: _shared,
    Kind.FIRST_SEEN: _first_seen,
    Kind.FORECAST: _forecast,
}
