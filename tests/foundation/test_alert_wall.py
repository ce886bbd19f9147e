"""Alert tables are queried in a few modules only: whoever shows alerts asks the repository."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLES = {"Alert", "AlertEvent", "AlertParty", "AlertCell", "AlertTicket"}
BUILDS_QUERIES = {"select", "select_from", "join", "outerjoin", "get", "exists", "aliased", "update", "delete", "query"}

READS_FOR_CALLERS = {
    "serve/alerts/repository.py",
    "serve/alerts/copies.py",
    "serve/alerts/metrics.py",  # counts answers under the repository's condition
}
WORKS_FOR_THE_SYSTEM = {
    # One transaction of alerting: they decide about alerts and hand nothing to a caller.
    "serve/alerts/unit_of_work.py",
    "serve/alerts/matching.py",
    "serve/alerts/gates.py",
    "serve/alerts/closing.py",
    "serve/alerts/escalation.py",
    "serve/alerts/relabelling.py",
    "serve/supervision/tick.py",
    # What detectors read as past cases; a reader's own are chosen when an alert is read.
    "serve/alerts/past.py",
    # In which order a subscription heard of an alert.
    "serve/delivery/outbox.py",
    # A replay's episodes, in a store of its own.
    "pipelines/replay/episodes.py",
}
SEES_EVERYTHING = {
    # Reports about the whole city; the page that hands them out asks who may read across departments.
    "serve/supervision/alert_week.py",
}


def sources():
    for package in ("features", "models", "pipelines", "serve"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def queries(text: str) -> list[str]:
    """Return where a module queries an alert table, whatever it calls the table."""
    tree = ast.parse(text)
    names = {one.asname or one.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
             for one in node.names if one.name in TABLES}  # fmt: skip
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called not in BUILDS_QUERIES:
            continue
        inside = {part.id for one in node.args for part in ast.walk(one) if isinstance(part, ast.Name)}
        inside |= {part.attr for one in node.args for part in ast.walk(one) if isinstance(part, ast.Attribute)}
        found += [f"{node.lineno}: {called}({name})" for name in sorted(inside & (names | TABLES))]
    return found


def test_only_the_repository_and_the_desk_query_alert_tables():
    allowed = READS_FOR_CALLERS | WORKS_FOR_THE_SYSTEM
    assert {name: found for name, text in sources() if name not in allowed and (found := queries(text))} == {}


def test_every_exception_is_needed():
    texts = dict(sources())
    assert [name for name in sorted(READS_FOR_CALLERS | WORKS_FOR_THE_SYSTEM) if not queries(texts[name])] == []


def test_only_reports_see_alerts_without_a_caller():
    found = {name for name, text in sources() if ".of_all(" in text}
    assert found == SEES_EVERYTHING


@pytest.mark.parametrize(
    "line",
    [
        "session.scalars(select(Alert).where(Alert.state == 'opened'))",
        "session.scalar(select(func.count()).select_from(Alert))",
        "session.get(Alert, 1)",
        "query.join(AlertEvent, AlertEvent.alert_id == Alert.id)",
        "select(tables.AlertParty.department)",
        "from serve.store.tables import Alert as Row\nselect(Row.area)",
    ],
)
def test_a_query_elsewhere_would_be_found(line):
    assert queries(line)


def test_conditions_for_the_repository_are_no_queries():
    assert queries("repository.find(Alert.ended_at.is_(None), gravest_first=True)") == []
