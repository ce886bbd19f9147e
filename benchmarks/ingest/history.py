"""Nine years of a provincial hotline, written straight into a lake: for measuring reads, not for looking at.

51.6 million tickets in 1,900 cells (100 categories x 19 districts), volume growing as Hainan's did, one ticket in ten
with a second version (re-categorised), callers of whom some call again. No texts: no panel reads them.
"""

from __future__ import annotations

import shutil
from datetime import date, datetime, timezone
from pathlib import Path

import pyarrow as pa

from features.lake import Lake
from features.lake.duck import duck, literal
from features.lake.keys import key_sql
from features.lake.schema import LOADS, TICKETS

TICKETS_TOTAL = 51_600_000
YEARS = range(2016, 2025)
_GROWTH = 1.1
SOURCE = "history"


def build_history(folder: Path, *, scale: float, threads: int) -> Lake:
    """Write the history, unless it is there, and return its lake; `scale` 1 is the whole."""
    lake = Lake.open(str(folder), timezone="Asia/Shanghai")
    if lake.sources():
        return lake
    shutil.rmtree(folder)
    lake.store.table()
    weights = [_GROWTH**i for i in range(len(YEARS))]
    first = 0
    for year, weight in zip(YEARS, weights, strict=True):
        count = int(TICKETS_TOTAL * scale * weight / sum(weights))
        file = lake.store.path / f"history-{year}.parquet"
        with duck(threads=threads, memory="6GB") as connection:
            connection.execute(f"COPY ({_year_sql(year, first, count)}) TO {literal(str(file))} (COMPRESSION zstd)")
        lake.store.append([file], note={"year": year, "tickets": count}, guard=lake.version)
        first += count
    lake.loads_store.append_rows(_load_row(lake), name="history", note={})
    return lake


def _year_sql(year: int, first: int, count: int) -> str:
    """One row per ticket, in order of opening, and a second version for every tenth."""
    start = f"TIMESTAMP '{year}-01-01'"
    seconds = f"(date_diff('second', {start}, {start} + INTERVAL 1 YEAR))"
    facts = f"""SELECT i, 'H' || lpad(i::VARCHAR, 10, '0') AS ticket_id,
        {start} + to_microseconds((({seconds} * 1000000::HUGEINT * (i - {first})) // {count})::BIGINT) AS opened_local,
        hash(i, 1) % 100 AS c, hash(i, 2) % 19 AS d, hash(i, 3) % 3000000 AS person
        FROM range({first}, {first + count}) r(i)"""
    values = {
        "source": literal(SOURCE),
        "ticket_id": "ticket_id",
        "key": key_sql(literal(SOURCE)),
        "revision": "revision::INTEGER",
        "known_at": "timezone('Asia/Shanghai', opened_local) + later",
        "opened_at": "timezone('Asia/Shanghai', opened_local)",
        "opened_local": "opened_local",
        "category1": "'一级' || (c // 20)",
        "category2": "'二级' || (c // 5)",
        "category": "'事项' || c",
        "district": "'市县' || d",
        "department": "'单位' || (c // 5)",
        "caller": "printf('beef-%016x', person)",
        "deleted": "false",
        "content_hash": "(hash(i, revision) >> 1)::BIGINT",
        "load_id": f"'history-{year}'",
    }
    columns = ", ".join(f"{values.get(name, _null(name))} AS {name}" for name in TICKETS.names)
    corrected = f"SELECT * REPLACE ((c + 1) % 100 AS c) FROM ({facts}) WHERE i % 10 = 0"
    return f"""
        SELECT {columns} FROM (
            SELECT *, 1 AS revision, INTERVAL 0 HOUR AS later FROM ({facts}) UNION ALL
            SELECT *, 2 AS revision, INTERVAL 60 HOUR AS later FROM ({corrected})
        )"""


def _null(name: str) -> str:
    kind = TICKETS.field(name).type
    if pa.types.is_timestamp(kind):
        return "NULL::TIMESTAMPTZ"
    return f"NULL::{ {'double': 'DOUBLE', 'bool': 'BOOLEAN'}.get(str(kind), 'VARCHAR') }"


def _load_row(lake: Lake) -> pa.Table:
    row = dict.fromkeys(LOADS.names)
    row |= {
        "load_id": "history",
        "source": SOURCE,
        "loaded_at": datetime(2025, 1, 1, tzinfo=timezone.utc),  # noqa: UP017
        "snapshot": lake.version,
        "timezone": "Asia/Shanghai",
        "date_only": False,
        "covers_from": date(YEARS[0], 1, 1),
        "complete_through": date(YEARS[-1], 12, 31),
        "ended": True,
    }
    return pa.Table.from_pylist([row], schema=LOADS)
