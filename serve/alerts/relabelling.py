"""Restate open alerts in the labels in force, so that the board names what pages, reports and the forecast name.

An alert that has ended keeps the names it had: that is what people were told.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any, Final

import pandas as pd
from sqlalchemy import select

from features.clock import Clock
from features.sentences import Sentence
from features.series import parse_series_id, series_id
from features.settings import Settings
from features.taxonomy import Labels, changes_since, labels_in_force, labels_of, taxonomy_version
from serve.alerts import matching
from serve.alerts.fingerprint import fingerprint
from serve.alerts.lifecycle import Event
from serve.alerts.unit_of_work import Actor, Desk, open_desk
from serve.store import Store
from serve.store.tables import Alert, AlertCell

TAXONOMY: Final = Actor(name="taxonomy", role="system")

_DIMENSION: Final = {"category": "category", "area": "district", "district": "district"}
"""What of an alert's evidence is a label, and of which dimension."""

Rename = Callable[[str, str], str]
"""Label and dimension to the label in force."""


def relabel_open_alerts(store: Store, settings: Settings, *, clock: Clock) -> int:
    """Give open alerts the labels in force, by an event each; doing it again changes nothing.

    Args:
        store: The operational store.
        settings: The installation, whose crosswalk says what is in force.
        clock: Source of the present.

    Returns:
        How many alerts changed a name.
    """
    version, current = taxonomy_version(settings), labels_in_force(settings, clock.now())
    changed = 0
    with open_desk(store, clock, settings) as desk:
        known: dict[tuple[str, date], Labels | None] = {}
        for alert in desk.session.scalars(select(Alert).where(Alert.ended_at.is_(None))).all():
            said = (alert.taxonomy_version, alert.as_of.date())
            if said not in known:
                known[said] = labels_of(settings, alert.taxonomy_version, alert.as_of)
            then = known[said]
            changes = then and changes_since(then, current)
            if changes:
                changed += _relabel(desk, alert, Labels(changes, current.day), version)
    return changed


def _relabel(desk: Desk, alert: Alert, labels: Labels, version: str) -> bool:
    lead = _lead(alert, labels)
    rename = partial(labels.name, opened=pd.Timestamp(alert.window_start))
    cells = {cell: _cell(cell, rename) for cell in desk.session.scalars(_cells_of(alert))}
    if cells == {cell: cell for cell in cells} and lead == {name: getattr(alert, name) for name in lead}:
        return False
    facts = {
        "evidence": _restated(alert.evidence, rename),
        "sentence": _sentence(alert, lead, rename),
        "taxonomy_version": version,
        "as_of": desk.now.isoformat(),
    }
    before = {name: getattr(alert, name) for name in lead}
    desk.record(
        desk.episode(alert),
        Event.RELABELLED,
        actor=TAXONOMY,
        payload={"before": before, "lead": lead, "facts": facts, "fingerprint": _mark(desk, alert, lead)},
    )
    new = matching.new_cells(desk.session, alert, list(cells.values()))
    desk.session.add_all([AlertCell(unique_id=cell, alert_id=alert.id) for cell in new])
    return True


def _cells_of(alert: Alert) -> Any:
    return select(AlertCell.unique_id).where(AlertCell.alert_id == alert.id)


def _lead(alert: Alert, labels: Labels) -> dict[str, str]:
    """Return what the alert is about in the labels in force for tickets of its window."""
    named = {name: getattr(alert, name) for name in ("category1", "category2", "category")}
    found = labels.renamed({**named, "district": alert.area}, pd.Timestamp(alert.window_start))
    return {**{name: found[name] for name in named}, "area": found["district"]}


def _mark(desk: Desk, alert: Alert, lead: dict[str, str]) -> str:
    """Return the fingerprint under the new names; the old one where another open alert has that already."""
    mark = fingerprint(alert.kind, lead["category"], lead["area"])
    taken = select(Alert.id).where(Alert.fingerprint == mark, Alert.ended_at.is_(None), Alert.id != alert.id)
    return alert.fingerprint if desk.session.scalar(taken) else mark


def _sentence(alert: Alert, lead: dict[str, str], rename: Rename) -> dict[str, Any] | None:
    """Return the sentence in the labels in force."""
    if not alert.sentence:
        return None
    sentence = Sentence.of(alert.sentence)
    matters = {getattr(alert, name): lead[name] for name in ("category1", "category2", "category")}
    named = {area: rename(area, "district") for area in sentence.params.get("areas", [])}
    return sentence.renamed(matters=matters, areas={alert.area: lead["area"], **named}).document()


def _cell(unique_id: str, rename: Rename) -> str:
    names = parse_series_id(unique_id)
    if set(names) != {"category", "district"}:
        return unique_id
    return series_id("cell", {dimension: rename(label, dimension) for dimension, label in names.items()})


def _restated(evidence: Any, rename: Rename) -> Any:
    """Return a document with its cells and labels renamed, at any depth."""
    if isinstance(evidence, list):
        return [_restated(one, rename) for one in evidence]
    if not isinstance(evidence, dict):
        return evidence
    return {name: _entry(name, value, rename) for name, value in evidence.items()}


def _entry(name: str, value: Any, rename: Rename) -> Any:
    if name == "cells" and isinstance(value, list):
        return [_cell(cell, rename) if isinstance(cell, str) else cell for cell in value]
    if name in _DIMENSION and isinstance(value, str):
        return rename(value, _DIMENSION[name])
    return _restated(value, rename)
