"""One ticket in two sources: the one that is trusted more is counted, as soon as it knows the ticket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from features.lake.duck import instant, literal, literals

Precedence = tuple[tuple[str, ...], ...]
"""Groups of sources that describe the same tickets under the same ids, the most trusted first."""

_SAME_HOURS: Final = 24
"""Two sources that open an id further apart than this hardly speak of one ticket."""


@dataclass(frozen=True)
class SharedTickets:
    """Ids that two sources both hold.

    Attributes:
        first: A source.
        second: Another.
        tickets: Ids in both.
        near: Of these, opened within a day of each other: the same tickets, not the same numbers by chance.
        differences: (hours that `second` opens later, tickets), the most frequent first, at most three. Two an hour
            apart say that one source writes local time and the other UTC.
    """

    first: str
    second: str
    tickets: int
    near: int
    differences: tuple[tuple[float, int], ...]


def superseded(scan: str, precedence: Precedence, *, as_of: datetime | None, counted: str = "true") -> str:
    """Return the SQL condition under which a ticket's state is that of a less trusted source and does not count.

    A trusted source that has deleted the ticket still has the word: then nobody counts it.

    Args:
        scan: The table of versions, as SQL.
        precedence: Whose word counts.
        as_of: Only what was known at this moment; None for everything known so far.
        counted: Condition on a version of the trusted source without which its word says nothing.
    """
    known = f"known_at <= {instant(as_of)}" if as_of else "true"
    return " OR ".join(
        f"(source = {literal(source)} AND ticket_id IN (SELECT ticket_id FROM {scan} "
        f"WHERE source IN {literals(group[:rank])} AND {known} AND ({counted})))"
        for group in precedence
        for rank, source in enumerate(group)
        if rank
    )


def among(precedence: Precedence, sources: Sequence[str]) -> Precedence:
    """Return the precedence between some sources only."""
    groups = (tuple(name for name in group if name in sources) for group in precedence)
    return tuple(group for group in groups if len(group) > 1)


def shared_tickets(connection: Any, scan: str) -> list[SharedTickets]:
    """Return which sources hold the same ids, the largest overlap first."""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE shared AS
        WITH opened AS (
          SELECT source, ticket_id, max_by(opened_at, (known_at, revision)) AS t FROM {scan} GROUP BY ALL)
        SELECT a.source AS first, b.source AS second, date_diff('second', a.t, b.t) AS seconds, count(*) AS n
        FROM opened a JOIN opened b USING (ticket_id) WHERE a.source < b.source GROUP BY ALL""")
    pairs = connection.execute(f"""
        SELECT first, second, sum(n)::BIGINT AS tickets,
          coalesce(sum(n) FILTER (abs(seconds) <= {_SAME_HOURS * 3600}), 0)::BIGINT
        FROM shared GROUP BY ALL ORDER BY tickets DESC, first, second""").fetchall()
    return [
        SharedTickets(first, second, tickets, near, _differences(connection, first, second))
        for first, second, tickets, near in pairs
    ]


def _differences(connection: Any, first: str, second: str) -> tuple[tuple[float, int], ...]:
    rows = connection.execute(
        "SELECT round(seconds / 3600, 2) AS hours, sum(n)::BIGINT AS n FROM shared WHERE first = $first "
        "AND second = $second GROUP BY hours ORDER BY n DESC, hours LIMIT 3",
        {"first": first, "second": second},
    ).fetchall()
    return tuple((hours, count) for hours, count in rows)
