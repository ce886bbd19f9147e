"""Bare panel files for the two commands that run without a lake: .parquet or .csv in, the same out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import BadInputError
from features.vocabulary import Missing
from pipelines.commands.options import say

if TYPE_CHECKING:
    from features.panel.bare import BarePanel

_HINT = "use .parquet or .csv"


MissingOption = Annotated[
    Missing,
    typer.Option("--missing", help="With --panel: periods without a row are zero, an error, or drop the series."),
]
FarDates = Annotated[
    bool, typer.Option("--far-dates", help="With --panel: a few rows years away from all others are meant.")
]


def checked_panel(
    path: Path, *, freq: str, missing: Missing = Missing.ZERO, far_dates: bool = False, used: Sequence[str] = ()
) -> BarePanel:
    """Read a panel file and check it; what was done to it is said on stderr.

    Args:
        path: .parquet or .csv.
        freq: W, D or h.
        missing: What becomes of periods without a row.
        far_dates: Whether a few rows far from all others are meant.
        used: Columns beside unique_id, ds and y that are used; all of them when empty.

    Raises:
        BadInputError: As `read_panel`, or as `features.panel.bare.checked`.
    """
    from features.panel.bare import KEYS, checked

    panel = checked(read_panel(path), freq=freq, missing=missing, far_dates=far_dates)
    unused = [str(name) for name in panel.frame.columns if used and name not in {*KEYS, *used}]
    panel = replace(panel, notes={**panel.notes, "unused": unused})
    for line in panel.said():
        say(line)
    if unused:
        say(f"columns not used: {', '.join(unused)}")
    return panel


def read_panel(path: Path) -> Any:
    """Read a panel of counts; identifiers and static columns stay text, whatever they look like.

    Raises:
        BadInputError: The file is missing, damaged, of another kind, lacks unique_id, ds or y, or has zoned times.
    """
    import pandas as pd

    if not path.is_file():
        raise BadInputError(f"no panel at {path}", hint="--panel is a .parquet or .csv file")
    if path.suffix == ".parquet":
        frame = _read_parquet(path)
    elif path.suffix == ".csv":
        frame = _read_csv(path)
    else:
        raise BadInputError(f"{path}: cannot read {path.suffix or 'a file without a suffix'}", hint=_HINT)
    missing = [column for column in ("unique_id", "ds", "y") if column not in frame]
    if missing:
        raise BadInputError(f"{path} has no column {missing[0]!r}", hint="a panel has unique_id, ds and y")
    if isinstance(frame["ds"].dtype, pd.DatetimeTZDtype):
        raise BadInputError(f"{path}: ds has a time zone", hint="ds is naive local time of the hotline")
    return frame


def _read_parquet(path: Path) -> Any:
    import pandas as pd
    import pyarrow as pa

    from features.bounds import check_parquet
    from features.configuration import BoundsConfig
    from features.errors import BoundError, SourceError

    try:
        check_parquet(path, BoundsConfig())
        return pd.read_parquet(path)
    except BoundError:
        raise
    except SourceError as error:
        raise BadInputError(f"{path} is not a Parquet file, or a damaged one", hint="write it again") from error
    except (pa.ArrowInvalid, OSError) as error:
        raise BadInputError(f"{path} is not a Parquet file, or a damaged one", hint="write it again") from error


def _read_csv(path: Path) -> Any:
    import pandas as pd

    from features.sources.encoding import detect_encoding

    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding=detect_encoding(path))
    except pd.errors.EmptyDataError as error:
        raise BadInputError(f"{path} is empty", hint="a panel has unique_id, ds and y") from error
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path}: {error}", hint="save it as CSV in UTF-8, one header row") from error


def write_table(frame: Any, path: Path) -> None:
    """Write a table as its suffix says.

    Raises:
        BadInputError: A suffix that is not known.
    """
    if path.suffix not in {".parquet", ".csv"}:
        raise BadInputError(f"--out {path}: cannot write {path.suffix or 'without a suffix'}", hint=_HINT)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False)
