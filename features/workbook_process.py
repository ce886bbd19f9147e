"""Read a workbook in a process of its own, with a limit on memory and time, and refuse in a sentence what is beyond.

A sheet with one stray cell at XFD1048576 makes its reader ask for half a terabyte and abort, which no `except` catches.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from features.configuration import BoundsConfig
from features.errors import BoundError, SourceError

_KEY: Final = "in [bounds] of weisu.toml"
_DATES: Final = frozenset({"date", "datetime", "time", "timedelta"})


@dataclass
class Sheet:
    """A sheet as it lies in its workbook: its name, and its rows of cells ('' where a cell is empty)."""

    name: str
    rows: list[list[Any]] = field(default_factory=list)


@dataclass(frozen=True)
class WorkbookBounds:
    """Limits of one reading: memory and unpacked size in MiB, cells, seconds, characters of one cell."""

    memory: int
    unpacked: int
    cells: int
    seconds: int
    cell: int
    memory_key: str

    @classmethod
    def of_files(cls, bounds: BoundsConfig) -> WorkbookBounds:
        """Return the limits of files that the operator brings."""
        return cls(
            bounds.workbook_memory, bounds.workbook_unpacked, bounds.workbook_cells, bounds.workbook_seconds,
            bounds.cell_length, "workbook_memory",
        )  # fmt: skip

    @classmethod
    def of_uploads(cls, bounds: BoundsConfig) -> WorkbookBounds:
        """Return the limits of what a person hands in."""
        return cls(
            bounds.upload_memory, bounds.workbook_unpacked, bounds.workbook_cells, bounds.upload_seconds,
            bounds.cell_length, "upload_memory",
        )  # fmt: skip


def read_sheets(path: Path, bounds: WorkbookBounds, *, only: str | int | None = None) -> list[Sheet]:
    """Return the sheets of a workbook (XLSX, XLSM, XLS, XLSB, ODS), whatever its name ends in.

    Args:
        path: The workbook.
        bounds: How much of it may be read.
        only: Name or place of the one sheet wanted; all when None. A sheet that is not there is not in the answer.

    Raises:
        BoundError: It is beyond a bound; the message says which, and where.
        SourceError: It cannot be read as a workbook.
    """
    limits = {
        "memory": bounds.memory, "unpacked": bounds.unpacked, "cells": bounds.cells, "cell": bounds.cell, "only": only,
    }  # fmt: skip
    command = [sys.executable, "-m", "features.workbook_child", str(path.absolute()), json.dumps(limits)]
    late = threading.Event()
    with subprocess.Popen(  # noqa: S603 - our own program; the path is an argument and no command
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()
    ) as process:

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(bounds.seconds, stop)
        timer.start()
        try:
            return _gathered(path, bounds, _said(process.stdout), late)
        finally:
            timer.cancel()
            with suppress(OSError):
                process.kill()


def _gathered(
    path: Path, bounds: WorkbookBounds, said: Iterator[tuple[Any, ...]], late: threading.Event
) -> list[Sheet]:
    sheets: list[Sheet] = []
    for kind, *what in said:
        if kind == "sheet":
            sheets.append(Sheet(what[0]))
        elif kind == "rows":
            sheets[-1].rows += what[0]
        elif kind == "end":
            return sheets
        elif kind == "failed":
            raise SourceError(f"{path}: {what[0]}", hint="is it a workbook, and not protected by a password?")
        else:
            raise _beyond(path, bounds, what[0], sheets, what[1])
    raise _beyond(path, bounds, "seconds" if late.is_set() else "memory", sheets, {})


def _beyond(path: Path, bounds: WorkbookBounds, bound: str, sheets: list[Sheet], facts: dict[str, Any]) -> BoundError:
    """Return the error that says which bound a workbook is beyond, where, and what to do."""
    where = f"{path}, sheet {sheets[-1].name}" if sheets else str(path)
    stray = "delete the empty rows and columns below and right of the table, or save the table as CSV"
    if bound == "cells":
        reach = f"{facts['rows']:,} rows x {facts['columns']:,} columns"
        said = f"{where}: reaches over {reach}, and at most {bounds.cells:,} cells are read"
        hint = f"{stray}; else raise workbook_cells {_KEY}"
    elif bound == "unpacked":
        said = f"{where}: unpacks to {facts['mib']:,} MiB, and at most {bounds.unpacked:,} are read"
        hint = f"is it the right file? else raise workbook_unpacked {_KEY}"
    elif bound == "cell":
        said = f"{where}: has a cell of {facts['characters']:,} characters, and at most {bounds.cell:,} are read"
        hint = f"is it the right file? else raise cell_length {_KEY}"
    elif bound == "seconds":
        said = f"{where}: not read within {bounds.seconds:,} seconds"
        hint = "save the table as CSV"
    else:
        said = f"{where}: needs more than {bounds.memory:,} MiB to be read; a cell may stand far outside the table"
        hint = f"{stray}; else raise {bounds.memory_key} {_KEY}"
    return BoundError(said, hint=hint, code=f"workbook_{bound}")


def _said(stream: IO[bytes] | None) -> Iterator[tuple[Any, ...]]:
    """Yield what the process says until it says no more, however it ends."""
    if stream is None:
        return
    while True:
        try:
            yield _Cells(stream).load()
        except (EOFError, pickle.UnpicklingError):
            return


class _Cells(pickle.Unpickler):
    """Takes in cells and nothing else: the process has read a foreign file."""

    def find_class(self, module: str, name: str) -> Any:
        """Return a class of dates; refuse every other."""
        if module == "datetime" and name in _DATES:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is no cell")


def _environment() -> dict[str, str]:
    """Return the environment of the process: it finds this very package, and knows no secrets."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEISU_")}
    places = [str(Path(__file__).resolve().parents[1]), *filter(None, [kept.get("PYTHONPATH", "")])]
    return {**kept, "PYTHONPATH": os.pathsep.join(places), "PYTHONSAFEPATH": "1"}
