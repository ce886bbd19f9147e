"""Nine years of a city in a lake: 1,900 cells, texts and points in the last year, written straight into its files.

One simulated year of 8 million tickets is the last one; the eight before it are the same year again, moved back by
52 weeks each and thinned as the city grew. The simulator's 153 matters are folded into the 100 largest: with 19
districts that makes 1,900 cells. Only the last year has texts and points: no detector reads older ones.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa

from features.lake import Lake
from features.lake.duck import duck, literal
from features.lake.keys import key_sql
from features.lake.schema import LOADS, TICKETS
from features.simulator import SimulatorConfig, write_city
from features.vocabulary import SIMULATED

ZONE = "Asia/Shanghai"
YEARS_BEFORE = 8
_GROWTH = 1.1
_CATEGORIES = 100
_YEAR = datetime(2025, 1, 1)  # noqa: DTZ001 - the simulator's clock is local
_TEXTS = ("title", "text", "address", "lat", "lon", "street")


def simulated_year(folder: Path, *, tickets: int, workers: int) -> Path:
    """Write the simulated year, unless it is there, and return its file."""
    written = folder / "tickets.parquet"
    if written.exists():
        return written
    config = SimulatorConfig(tickets=tickets, start=_YEAR.date(), end=datetime(2026, 1, 1).date())  # noqa: DTZ001
    return write_city(config, folder, format="parquet", workers=workers).tickets_path


def build_city(folder: Path, year: Path, *, end: datetime, threads: int) -> Lake:
    """Write the lake, unless it is there; nothing is known after `end` (naive local), the moment of the analysis."""
    lake = Lake.open(str(folder), timezone=ZONE)
    if lake.sources():
        return lake
    shutil.rmtree(folder)
    lake.store.table()
    for back in reversed(range(YEARS_BEFORE + 1)):
        file = lake.store.path / f"back-{back}.parquet"
        with duck(threads=threads, memory="6GB") as connection:
            connection.execute(f"COPY ({_year_sql(year, back, end)}) TO {literal(str(file))} (COMPRESSION zstd)")
        lake.store.append([file], note={"years back": back}, guard=lake.version)
    lake.loads_store.append_rows(_load_row(lake, end), name=SIMULATED, note={})
    return lake


def _year_sql(year: Path, back: int, end: datetime) -> str:
    """Every version of a ticket, in order of opening; a ticket's second version is its corrected category."""
    moved = f"INTERVAL {364 * back} DAY"
    source = f"read_parquet({literal(str(year))})"
    kept = f"(hash(工单编号, {back}) % 10000) < {10000 / _GROWTH**back}"
    values = {
        "source": literal(SIMULATED),
        "ticket_id": f"工单编号 || '-{back}'",
        "key": key_sql(literal(SIMULATED)),
        "revision": "revision::INTEGER",
        "known_at": f"timezone('{ZONE}', 更新时间 - {moved})",
        "opened_at": f"timezone('{ZONE}', 受理时间 - {moved})",
        "opened_local": f"受理时间 - {moved}",
        "category1": "folded.一级事项",
        "category2": "folded.二级事项",
        "category": "folded.三级事项",
        "district": "区县",
        "department": "承办单位",
        "caller": "'beef-' || md5(来电人)",
        "title": "诉求标题",
        "text": "诉求内容",
        "address": "诉求地址",
        "lat": "纬度",
        "lon": "经度",
        "street": "街道",
        "deleted": "false",
        "content_hash": "(hash(工单编号, revision) >> 1)::BIGINT",
        "load_id": f"'back-{back}'",
    }
    if back:
        values = {name: value for name, value in values.items() if name not in _TEXTS}
    columns = ", ".join(f"{values.get(name, _null(name))} AS {name}" for name in TICKETS.names)
    return f"""
        WITH ranked AS (
            SELECT 一级事项, 二级事项, 三级事项, row_number() OVER (ORDER BY count(*) DESC) - 1 AS place
            FROM {source} GROUP BY ALL),
        folded AS (
            SELECT small.三级事项 AS filed, large.* FROM ranked small JOIN ranked large
            ON large.place = small.place % {_CATEGORIES}),
        versions AS (
            SELECT *, row_number() OVER (PARTITION BY 工单编号 ORDER BY 更新时间) AS revision
            FROM {source} WHERE {kept})
        SELECT {columns} FROM versions JOIN folded ON versions.三级事项 = folded.filed
        WHERE 更新时间 - {moved} < TIMESTAMP '{end}' AND 受理时间 < TIMESTAMP '{_YEAR + timedelta(days=364)}'
        ORDER BY opened_local"""


def _null(name: str) -> str:
    kind = TICKETS.field(name).type
    if pa.types.is_timestamp(kind):
        return "NULL::TIMESTAMPTZ"
    return f"NULL::{ {'double': 'DOUBLE', 'bool': 'BOOLEAN'}.get(str(kind), 'VARCHAR') }"


def _load_row(lake: Lake, end: datetime) -> pa.Table:
    row = dict.fromkeys(LOADS.names)
    row |= {
        "load_id": SIMULATED,
        "source": SIMULATED,
        "loaded_at": end.astimezone(),
        "snapshot": lake.version,
        "timezone": ZONE,
        "date_only": False,
        "covers_from": (_YEAR - timedelta(days=364 * YEARS_BEFORE)).date(),
        "ended": False,
    }
    return pa.Table.from_pylist([row], schema=LOADS)
