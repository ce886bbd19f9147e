"""The simulated city as files: work orders, the truth about what was injected, and a note that all is invented."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow as pa

from features.simulator.city import chunk_count, dirt_truth, simulate_chunk, truth
from features.simulator.orders import SCHEMA
from features.simulator.simulator_config import SimulatorConfig

Format = Literal["csv", "parquet"]
Progress = Callable[[int], None]

_WORTH_A_POOL: Final = 1_500_000
"""Below this many tickets, starting worker processes costs more than it saves."""

_README: Final = """# SIMULATED: 模拟数据 / simulated hotline tickets

Everything in this folder was invented by `weisu simulate`. No row is a real request; every name, telephone number,
identity number, number plate and place is made up (telephone prefixes, county code and plate letter are ones that
nobody holds). 本目录全部数据均为模拟生成,姓名、电话、身份证号、车牌和地点均为虚构。

- `{tickets}`: {rows} rows of {count} tickets; the mapping is `simulated`.
- `{truth}`: what was injected (bursts of many callers, persistent callers), with the ids of the tickets.

{dirt}Made with: `{command}`
"""

_DIRT: Final = """- `{dirt}`: what makes the city as dirty as a real one (own entries, lists, imports, default points,
  offices, renamed labels, weather), with the ids of the tickets that carry it. The tickets asked for are the
  citizens' ordinary ones; dirt and bursts are on top.

"""


@dataclass(frozen=True)
class Export:
    """What was written: the files, and how many rows the tickets file has; a clean city has no file of its dirt."""

    tickets_path: Path
    truth_path: Path
    rows: int
    incidents: int
    dirt_path: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the summary as a JSON document."""
        return {
            "schema_version": 1,
            "simulated": True,
            "tickets_path": str(self.tickets_path),
            "truth_path": str(self.truth_path),
            "dirt_path": None if self.dirt_path is None else str(self.dirt_path),
            "rows": self.rows,
            "incidents": self.incidents,
        }


def write_city(
    config: SimulatorConfig,
    out: Path,
    *,
    format: Format = "parquet",  # noqa: A002 - the word of the command line
    workers: int | None = None,
    progress: Progress | None = None,
) -> Export:
    """Write the city into a folder; each file appears whole or not at all.

    Args:
        config: The city.
        out: Folder, made when missing.
        format: `parquet` (zstd) or `csv` (UTF-8).
        workers: Processes; all cores for a large city and one for a small one when None. The bytes do not depend on it.
        progress: Called with the number of rows after each batch.
    """
    out.mkdir(parents=True, exist_ok=True)
    tickets, incidents = out / f"tickets.{format}", out / f"truth.{format}"
    rows = 0
    with _whole_file(tickets) as part, _writer(part, format) as write:
        for batch in _batches(config, workers):
            write(batch)
            rows += batch.num_rows
            if progress:
                progress(batch.num_rows)
    injected = truth(config)
    with _whole_file(incidents) as part:
        _write_truth(injected, part, format)
    dirt = None
    if config.dirt is not None:
        dirt = out / f"dirt.{format}"
        with _whole_file(dirt) as part:
            _write_truth(dirt_truth(config), part, format)
    with _whole_file(out / "README.md") as part:
        part.write_text(_readme(config, format, rows), encoding="utf-8")
    return Export(tickets, incidents, rows, len(injected), dirt)


def _batches(config: SimulatorConfig, workers: int | None) -> Iterator[pa.RecordBatch]:
    count = chunk_count(config)
    processes = workers or (os.cpu_count() or 1 if config.tickets >= _WORTH_A_POOL else 1)
    if processes == 1 or count == 1:
        yield from (simulate_chunk(config, index) for index in range(count))
        return
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        ahead: deque[Future[pa.RecordBatch]] = deque()
        for index in range(count):  # only a few batches ahead of the writer, or they would fill the memory
            ahead.append(pool.submit(simulate_chunk, config, index))
            if len(ahead) > processes + 1:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


@contextmanager
def _writer(path: Path, format_: Format) -> Iterator[Callable[[pa.RecordBatch], None]]:
    if format_ == "parquet":
        import pyarrow.parquet as pq

        with pq.ParquetWriter(path, SCHEMA, compression="zstd", compression_level=1) as writer:
            yield lambda batch: writer.write_batch(batch, row_group_size=batch.num_rows)
        return
    import pyarrow.csv as pv

    plain = pa.schema([(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in SCHEMA])
    with pv.CSVWriter(path, plain) as writer:
        yield lambda batch: writer.write_table(pa.Table.from_batches([batch]).cast(plain))


def _write_truth(injected: Any, path: Path, format_: Format) -> None:
    if format_ == "parquet":
        injected.to_parquet(path, index=False, compression="zstd")
    else:
        injected.assign(ids=injected["ids"].str.join(" ")).to_csv(path, index=False)


@contextmanager
def _whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, and move it there when the block ends well."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _readme(config: SimulatorConfig, format_: Format, rows: int) -> str:
    command = (
        f"weisu simulate --tickets {config.tickets} --from {config.start} --to {config.end} --seed {config.seed}"
        f" --bursts {config.burst_count} --changes {config.changes} --format {format_}"
    )
    dirt = ""
    if config.dirt is not None:
        command, dirt = f"{command} --dirty", _DIRT.format(dirt=f"dirt.{format_}")
    names = {"tickets": f"tickets.{format_}", "truth": f"truth.{format_}"}
    return _README.format(**names, rows=rows, count=config.tickets, command=command, dirt=dirt)
