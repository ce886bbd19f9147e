"""Episodes that have ended, as the similar past cases of what is found later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select

from features.vocabulary import EVERYWHERE
from serve.store import Store
from serve.store.tables import Alert

_YEARS: Final = timedelta(days=3 * 365)
_TOLD: Final = (
    *("kind", "category", "area", "window_start", "observed", "sentence"),
    *("department", "state", "outcome"),
)


def ended_cases(store: Store, as_of: datetime) -> list[dict[str, Any]]:
    """Return the episodes that had ended by a moment, of the three years before it.

    Args:
        store: The operational store.
        as_of: Aware moment; an episode that ended later is not there.

    Returns:
        One mapping an episode, with `alert` (its id) and what it was about; `area` is '' where it was the whole city.
    """
    columns = [getattr(Alert, name) for name in _TOLD]
    query = select(Alert.id, *columns).where(Alert.ended_at <= as_of, Alert.ended_at > as_of - _YEARS)
    with store.reading() as session:
        rows = [dict(zip(("alert", *_TOLD), row, strict=True)) for row in session.execute(query.order_by(Alert.seq))]
    return [{**row, "area": "" if row["area"] == EVERYWHERE else row["area"]} for row in rows]
