"""May the department be told? Silences, inhibition, minimum level and weekly budget are applied here, and only here.

A held alert is kept, shown and followed like any other; only nobody is told and no clock runs. Quiet hours do not
hold: they put the message off. Red and sensitive alerts pass the minimum level, the budget and the quiet hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import select

from features.branches import chain_of
from features.series import parse_series_id
from features.vocabulary import AlertLevel, Frequency
from serve.alerts.episode import Episode
from serve.alerts.unit_of_work import Desk
from serve.store.tables import Alert, AlertCell, DepartmentRule


class Hold(StrEnum):
    """Why nobody is told."""

    SILENCE = "silence"
    MAINTENANCE = "maintenance"
    INHIBITED = "inhibited"
    MINIMUM_LEVEL = "minimum_level"
    BUDGET = "budget"
    DAY = "day"
    """Enough alerts about weeks for one day: told by a later run, if that still finds it."""


@dataclass(frozen=True)
class TellVerdict:
    """Tell (not before a moment), or hold and why. `in_budget` says that telling takes from the weekly budget."""

    hold: Hold | None
    not_before: datetime
    in_budget: bool = False


def decide(desk: Desk, episode: Episode) -> TellVerdict:
    """Decide whether an episode's lead department may be told now."""
    alert = episode.alert
    rule = desk.department_rules.get(alert.department)
    hold = _silenced(desk, alert) or _inhibited(desk, episode)
    if hold:
        return TellVerdict(hold, desk.now)
    if is_exempt(episode):
        return TellVerdict(None, desk.now)
    if rule and rule.minimum_level and episode.level.rank < AlertLevel(rule.minimum_level).rank:
        return TellVerdict(Hold.MINIMUM_LEVEL, desk.now)
    if alert.first_notified_at is None and not _budget_left(desk, alert.department, rule):
        return TellVerdict(Hold.BUDGET, desk.now)
    if alert.first_notified_at is None and _about_weeks(alert) and not _day_left(desk, alert.department):
        return TellVerdict(Hold.DAY, desk.now)
    return TellVerdict(None, _after_quiet_hours(desk, rule), in_budget=True)


def is_exempt(episode: Episode) -> bool:
    """Tell whether an alert is outside budget, minimum level and quiet hours."""
    return episode.level is AlertLevel.RED or episode.alert.sensitive


def _budget_left(desk: Desk, department: str, rule: DepartmentRule | None) -> bool:
    budget = desk.policy.weekly_budget if rule is None or rule.weekly_budget is None else rule.weekly_budget
    return desk.budget_spent[department] < budget


def _about_weeks(alert: Alert) -> bool:
    return (alert.rule or {}).get("freq") == Frequency.WEEKLY


def _day_left(desk: Desk, department: str) -> bool:
    """What weeks show can wait a day: not all of it is told on the Monday on which the week is complete."""
    today = datetime.combine(desk.now.astimezone(desk.zone).date(), time(), desk.zone)
    told = select(Alert).where(Alert.department == department, Alert.first_notified_at >= today)
    counted = sum(_about_weeks(alert) and alert.in_budget for alert in desk.session.scalars(told))
    return counted < desk.policy.weekly_alerts_a_day


def _silenced(desk: Desk, alert: Alert) -> Hold | None:
    matters = {"", *chain_of(alert.category1, alert.category2, alert.category)}
    for silence in desk.silences:
        if (
            silence.kind in {"", alert.kind}
            and desk.labels.name(silence.category, "category") in matters
            and desk.area_name(silence.area) in {"", alert.area}
            and silence.department in {"", alert.department}
        ):
            return Hold(silence.purpose)
    return None


def _inhibited(desk: Desk, episode: Episode) -> Hold | None:
    """A red cluster speaks for every cell it covers: what lies wholly inside it keeps quiet."""
    alert = episode.alert
    if episode.level is AlertLevel.RED:
        return None
    clusters = [cells for cells in _red_clusters(desk, besides=alert) if any(_about(cell, alert) for cell in cells)]
    if not clusters:
        return None
    own = desk.session.scalars(select(AlertCell.unique_id).where(AlertCell.alert_id == alert.id))
    inside = [_dimensions(cell, alert) for cell in own]
    for covering in clusters:
        if inside and all(any(_covers(outer, inner) for outer in covering) for inner in inside):
            return Hold.INHIBITED
    return None


def _red_clusters(desk: Desk, *, besides: Alert) -> list[list[dict[str, str]]]:
    """Return the footprints of the other open red alerts, as dimensions per cell."""
    return [
        [parse_series_id(cell) for cell in cells]
        for alert_id, cells in desk.red_cells.items()
        if alert_id != besides.id
    ]


def _about(outer: dict[str, str], alert: Alert) -> bool:
    """Tell whether a red cell can cover one of this alert's at all: it names no other category."""
    return all(outer.get(name) in {None, getattr(alert, name)} for name in ("category1", "category2", "category"))


def _dimensions(cell: str, alert: Alert) -> dict[str, str]:
    upper = {"category1": alert.category1, "category2": alert.category2, "category": alert.category}
    return {**upper, **parse_series_id(cell)}


def _covers(outer: dict[str, str], inner: dict[str, str]) -> bool:
    # The total of everything covers nothing: a red total must not mute the whole city.
    return bool(outer) and all(inner.get(name) == value for name, value in outer.items())


def _after_quiet_hours(desk: Desk, rule: DepartmentRule | None) -> datetime:
    if rule is None or rule.quiet_from is None or rule.quiet_to is None:
        return desk.now
    local = desk.now.astimezone(desk.zone)
    for day in (local.date() - timedelta(days=1), local.date()):
        start = datetime.combine(day, rule.quiet_from, desk.zone)
        end = datetime.combine(day, rule.quiet_to, desk.zone)
        if end <= start:
            end = datetime.combine(day + timedelta(days=1), rule.quiet_to, desk.zone)
        if start <= local < end:
            return end.astimezone(desk.now.tzinfo)
    return desk.now
