"""The lake as it was known at a moment, in SQL.

Most tickets have one version, and for them "known by then" is a plain filter. Only tickets with a second version need
their versions compared, so the comparison is kept to those: row groups without any revision above 1 are skipped by
their statistics.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from features.lake.duck import instant
from features.lake.schema import OPEN


def as_of_query(
    scan: str, columns: Sequence[str], *, as_of: datetime | None, where: str = "true", superseded: str = ""
) -> str:
    """Return the SELECT of every ticket's state as known at `as_of`, deleted tickets left out.

    Args:
        scan: The table of versions, as SQL.
        columns: Columns wanted.
        as_of: Aware moment; None means everything known so far, later outcomes included.
        where: Condition on a ticket's state (not on its older versions).
        superseded: Condition under which the state is left out because a more trusted source has the word.
    """
    wanted = f"({where}) AND NOT ({superseded})" if superseded else f"({where})"
    known = f"known_at <= {instant(as_of)}" if as_of else "true"
    shown = ", ".join(_as_known(column, as_of) for column in columns)
    return f"""
WITH revised AS (SELECT DISTINCT key FROM {scan} WHERE revision > 1),
state AS (
  SELECT * FROM {scan} ANTI JOIN revised USING (key) WHERE {known}
  UNION ALL
  SELECT * FROM {scan} SEMI JOIN revised USING (key) WHERE {known}
  QUALIFY row_number() OVER (PARTITION BY source, ticket_id ORDER BY known_at DESC, revision DESC) = 1)
SELECT {shown} FROM state WHERE NOT deleted AND {wanted}"""


def _as_known(column: str, as_of: datetime | None) -> str:
    if as_of is None:
        return column
    hidden = f"outcome_known_at > {instant(as_of)}"
    if column == "status":
        return f"CASE WHEN {hidden} AND status IS NOT NULL THEN '{OPEN}' ELSE status END AS status"
    if column in {"closed_at", "satisfaction"}:
        return f"CASE WHEN {hidden} THEN NULL ELSE {column} END AS {column}"
    if column == "flags":
        # What is wrong with a closing is not known before the closing.
        return f"CASE WHEN {hidden} THEN nullif(replace(flags, 'closed_before_opened', ''), '') ELSE flags END AS flags"
    return column
