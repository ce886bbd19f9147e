"""The lines of the routing table as they are looked up: by what their categories are called now."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from features.taxonomy import Labels
from serve.store.tables import Route


def routes_by_category(session: Session, labels: Labels) -> dict[str, list[Route]]:
    """Return the routing table by category, in the labels in force."""
    lines: dict[str, list[Route]] = defaultdict(list)
    for line in session.scalars(select(Route)):
        lines[labels.name(line.category, "category")].append(line)
    return lines
