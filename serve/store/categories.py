"""Rows about a category, asked of the store by any of its names."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from features.branches import SEPARATOR, means_other


def category_condition(asked: str, table: Any) -> ColumnElement[bool]:
    """Return the condition that a row is about a category of any level: `features.branches.is_asked_for`, in SQL.

    Args:
        asked: A name or a whole path.
        table: With the columns category1, category2 and category.
    """
    columns = (table.category, table.category2, table.category1)
    conditions = [column == asked for column in columns]
    parts = asked.split(SEPARATOR)
    for cuts in combinations_with_replacement(range(1, len(parts)), 2):
        upper, item, leaf = (
            SEPARATOR.join(part) for part in (parts[: cuts[0]], parts[cuts[0] : cuts[1]], parts[cuts[1] :])
        )
        # A class that stands again as its item is said once.
        items = (item or upper, SEPARATOR.join([upper, item or upper]))
        conditions.append(and_(table.category1 == upper, table.category2.in_(items), table.category == leaf))
    for cut in range(1, len(parts)):
        upper, item = (SEPARATOR.join(part) for part in (parts[:cut], parts[cut:]))
        conditions.append(and_(table.category1 == upper, table.category2 == item))
    if means_other(asked) and len(parts) == 1:
        conditions += [column.endswith(SEPARATOR + asked, autoescape=True) for column in columns[:2]]
    return or_(*conditions)
