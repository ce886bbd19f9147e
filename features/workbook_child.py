"""The process that reads one workbook: whatever the file does to it, only this process dies.

It is started by `features.workbook_process` and imports hardly anything. On its standard output it says one pickled
tuple after the other: `("sheet", name)`, `("rows", [...])`, and in the end `("end",)`, `("refused", bound, facts)` or
`("failed", message)`.
"""

from __future__ import annotations

import io
import json
import pickle
import resource
import sys
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

_MIB: Final = 1 << 20
_ROWS: Final = 2_000


class _Refused(Exception):  # noqa: N818 - it is what is said to the parent, no error of this process
    def __init__(self, bound: str, **facts: Any) -> None:
        super().__init__(bound)
        self.bound, self.facts = bound, facts


def main() -> None:
    """Read the workbook that the first argument names, within the limits of the second."""
    path, limits = Path(sys.argv[1]), json.loads(sys.argv[2])
    out = sys.stdout.buffer
    memory = limits["memory"] * _MIB
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    try:
        _check_parts(path, limits)
        for said in _sheets(path, limits):
            _say(out, said, limits)
        _say(out, ("end",), limits)
    except _Refused as refused:
        _say(out, ("refused", refused.bound, refused.facts), limits)
    except MemoryError:
        _say(out, ("refused", "memory", {}), limits)
    except Exception as error:  # noqa: BLE001 - whatever a foreign file does to its reader is told to the parent
        _say(out, ("failed", f"{error}"[:500]), limits)


def _check_parts(path: Path, limits: dict[str, Any]) -> None:
    """Refuse a zip whose directory says that it unpacks to too much; one that lies is stopped by the memory."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
    if unpacked > limits["unpacked"] * _MIB:
        raise _Refused("unpacked", mib=unpacked // _MIB)


def _sheets(path: Path, limits: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    from python_calamine import CalamineWorkbook

    cells = 0
    with path.open("rb") as file, CalamineWorkbook.from_filelike(file) as book:
        names = book.sheet_names
        if limits["only"] is not None:
            only = limits["only"]
            names = names[only : only + 1] if isinstance(only, int) else [name for name in names if name == only]
        for name in names:
            yield ("sheet", name)
            sheet = book.get_sheet_by_name(name)
            height, width = sheet.height, sheet.width
            cells += height * width
            if cells > limits["cells"]:
                raise _Refused("cells", sheet=name, rows=height, columns=width)
            # Rows above the first cell are left out, as columns before it are.
            rows = islice(sheet.iter_rows(), sheet.start[0] if sheet.start else 0, None)
            while part := list(islice(rows, _ROWS)):
                yield ("rows", part)


def _say(out: BinaryIO, said: tuple[Any, ...], limits: dict[str, Any]) -> None:
    packed = io.BytesIO()
    pickler = pickle.Pickler(packed, pickle.HIGHEST_PROTOCOL)
    # Cells hold no cells: nothing has to be looked up that was said before.
    pickler.fast = True
    pickler.dump(said)
    data = packed.getbuffer()
    if said[0] == "rows" and len(data) > limits["cell"]:
        longest = max((len(cell) for row in said[1] for cell in row if isinstance(cell, str)), default=0)
        if longest > limits["cell"]:
            raise _Refused("cell", characters=longest)
    out.write(data)
    out.flush()


if __name__ == "__main__":
    main()
