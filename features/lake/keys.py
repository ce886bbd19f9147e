"""The key of a ticket: 63 bits of a hash of source and ticket id.

md5 and not DuckDB's hash(): the latter may change between releases, and no stored key would be found again.
"""

from __future__ import annotations


def key_sql(source: str = "source", ticket_id: str = "ticket_id") -> str:
    """Return the SQL of a ticket's key; both arguments are SQL expressions."""
    return f"(md5_number_lower({source} || chr(31) || {ticket_id}) >> 1)::BIGINT"
