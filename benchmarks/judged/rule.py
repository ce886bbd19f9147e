"""Verdicts by rule: a rough, repeatable stand-in for the readers of VERDICTS.md, from an alert's tickets.

It takes nothing from the detectors but the alert's tickets, window, category and area. It cannot tell whether anybody
would care: what it calls "real" is what nothing speaks against. How often it agrees with the readers is printed
beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

VERDICTS: Final = ("real", "known", "noise")

_HALF: Final = 0.5
_MINUTES: Final = 3
"""Entries of one way of entry so close together are one hand's..."""
_RUN: Final = 3
"""... where at least so many follow each other."""
_POINT: Final = (200, 20)
"""A point with so many tickets, of so many categories, is where tickets without a place are put."""
_YOUNG: Final = pd.Timedelta(days=28)
_BEFORE: Final = pd.Timedelta(days=56)
_OFFICE: Final = 3.0
"""A district with so many times its usual other tickets, and so many times the rise of the rest of the city."""
_DAYS_APART: Final = pd.Timedelta(days=7)
_SHARED: Final = 0.2


def judge(alerts: pd.DataFrame, tickets: pd.DataFrame) -> pd.DataFrame:
    """Return the alerts with `verdict`, `why` and `duplicate`.

    Args:
        alerts: Of `alerts_of`.
        tickets: Of `tickets_of`.
    """
    tickets = tickets.assign(default=_default_points(tickets), hand=_one_hand(tickets))
    by_key = tickets.set_index("key")
    judged = [_verdict(row, by_key.loc[row["told"]], tickets) for row in alerts.to_dict("records")]
    verdicts = pd.DataFrame(judged, columns=["verdict", "why"], index=alerts.index)
    return alerts.assign(**verdicts, duplicate=list(_duplicates(alerts)))


def _verdict(alert: dict[str, Any], behind: pd.DataFrame, tickets: pd.DataFrame) -> tuple[str, str]:
    if alert["kind"] == "预告":
        return "known", "season"
    if behind.empty:
        return "noise", "no ticket"
    for column, why in (("own", "own entries"), ("hand", "one hand"), ("default", "default point")):
        if behind[column].mean() >= _HALF:
            return "known", why
    if _renamed(alert, behind, tickets):
        return "known", "renamed label"
    if _office(alert, tickets):
        return "known", "office starts"
    counted = behind[~(behind["own"] | behind["hand"])]
    return ("noise", "usual") if len(counted) <= _most_before(alert, tickets) else ("real", "")


def _one_hand(tickets: pd.DataFrame) -> pd.Series:
    """Tell which tickets stand in a run of entries minutes apart, of one category in one way of entry.

    None does where only days are known.
    """
    time = tickets["opened_local"]
    if (time == time.dt.normalize()).mean() > _HALF:
        return pd.Series(data=False, index=tickets.index)
    grouped = tickets.groupby(["channel", "category"], sort=False)["opened_local"]
    close = grouped.diff() <= pd.Timedelta(minutes=_MINUTES)
    ordered = tickets.assign(new=~close)
    run = ordered.groupby(["channel", "category"], sort=False)["new"].cumsum()
    size = tickets.assign(run=run).groupby(["channel", "category", "run"], sort=False)["key"].transform("size")
    return size >= _RUN


def _default_points(tickets: pd.DataFrame) -> pd.Series:
    point = tickets["lat"].round(5).astype("str") + tickets["lon"].round(5).astype("str")
    grouped = tickets.assign(point=point).groupby("point")["category"]
    most, kinds = _POINT
    shared = (grouped.transform("size") >= most) & (grouped.transform("nunique") >= kinds)
    return shared & tickets["lat"].notna()


def _renamed(alert: dict[str, Any], behind: pd.DataFrame, tickets: pd.DataFrame) -> bool:
    """Tell whether the label is young and another one of its department fell by half of what it gained or more."""
    label = tickets[tickets["category"] == alert["category"]]
    if label.empty or label["opened_local"].iloc[0] < alert["window_start"] - _YOUNG:
        return False
    # A hotline in its first weeks has young labels only.
    if tickets["opened_local"].iloc[0] > alert["window_start"] - _BEFORE:
        return False
    department = behind["department"].mode().iloc[0]
    near = tickets[(tickets["department"] == department) & (tickets["category"] != alert["category"])]
    born, end = label["opened_local"].iloc[0], alert["told_at"]
    before = _between(near, born - _YOUNG, born).groupby("category").size() / 28
    after = _between(near, born, end).groupby("category").size() / max((end - born).days, 1)
    gained = len(_between(label, born, end)) / max((end - born).days, 1)
    fallen = before.sub(after.reindex(before.index, fill_value=0))
    return bool(((fallen >= _HALF * gained) & (fallen >= _HALF * before)).any())


def _office(alert: dict[str, Any], tickets: pd.DataFrame) -> bool:
    """Tell whether the whole district rose, in other categories too, and the rest of the city did not: an office."""
    if not alert["area"]:
        return False
    others = tickets[tickets["category"] != alert["category"]]
    here = others["district"] == alert["area"]
    own, rest = (_rise(alert, others[part]) for part in (here, ~here))
    return own >= _OFFICE and own >= _OFFICE * rest


def _rise(alert: dict[str, Any], tickets: pd.DataFrame) -> float:
    """Return the daily tickets of the alert's window over those of the half year that ended a week before it."""
    start, end = alert["window_start"], alert["window_end"]
    if tickets.empty:
        return 1.0
    first = max(start - 3 * _BEFORE, tickets["opened_local"].iloc[0].normalize())
    last = start - _DAYS_APART
    days = (last - first).days
    if days < _DAYS_APART.days:
        return 1.0
    usual = max(len(_between(tickets, first, last)) / days, 1 / 7)
    return len(_between(tickets, start, end)) / max((end - start).days, 1) / usual


def _most_before(alert: dict[str, Any], tickets: pd.DataFrame) -> int:
    """Return the largest count of citizens' tickets in a window of the same length, in the eight weeks before."""
    named = [name for name in ("category1", "category2", "category") if alert[name]][-1:]
    same = tickets[~(tickets["own"] | tickets["hand"])]
    for name in named:
        same = same[same[name] == alert[name]]
    if alert["area"]:
        same = same[same["district"] == alert["area"]]
    start = alert["window_start"]
    days = max((alert["window_end"] - start).days, 1)
    daily = _between(same, start - _BEFORE, start).groupby(lambda row: same["opened_local"][row].normalize()).size()
    index = pd.date_range((start - _BEFORE).normalize(), start.normalize(), inclusive="left")
    return int(daily.reindex(index, fill_value=0).rolling(days).sum().max() or 0)


def _between(tickets: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    first, last = tickets["opened_local"].searchsorted([start, end])
    return tickets.iloc[first:last]


def _duplicates(alerts: pd.DataFrame) -> Iterator[bool]:
    """Yield whether an earlier alert of a week has the same category, or a fifth of the smaller one's tickets."""
    earlier: list[dict[str, Any]] = []
    for row in alerts.to_dict("records"):
        recent = [one for one in earlier if row["told_at"] - one["told_at"] <= _DAYS_APART]
        yield any(_same(one, row) for one in recent)
        earlier.append(row)


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    if one["category"] and one["category"] == other["category"]:
        return True
    smaller = min(len(one["all"]), len(other["all"]))
    return smaller > 0 and len(one["all"].keys() & other["all"].keys()) >= _SHARED * smaller
