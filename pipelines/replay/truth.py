"""Read the truth about injected bursts that the simulator writes beside its tickets."""

from __future__ import annotations

import ast
from pathlib import Path

import pandas as pd

from features.bounds import check_parquet
from features.configuration import BoundsConfig
from features.errors import BadInputError

_NEEDED = {"incident", "kind", "category", "district", "ids"}


def read_truth(path: Path) -> pd.DataFrame:
    """Return the truth file of `weisu simulate`.

    Raises:
        BadInputError: The file is missing, of another type, or lacks a column.
    """
    if not path.exists():
        raise BadInputError(f"no truth file at {path}", hint="`weisu simulate --out DIR` writes it into DIR")
    if path.suffix == ".parquet":
        check_parquet(path, BoundsConfig())
        truth = pd.read_parquet(path)
    elif path.suffix == ".csv":
        truth = pd.read_csv(path)
    else:
        raise BadInputError(
            f"{path}: cannot read {path.suffix or 'a file without a suffix'}", hint="give .parquet or .csv"
        )
    if absent := sorted(_NEEDED - set(truth.columns)):
        raise BadInputError(f"{path} lacks the columns {', '.join(absent)}", hint="is this truth.parquet or truth.csv?")
    return truth.assign(ids=truth["ids"].map(_as_list))


def _as_list(value: object) -> list[str]:
    """Return ticket ids, whether they come as a list or as the text of one."""
    if isinstance(value, str):
        parsed = ast.literal_eval(value) if value.startswith("[") else value.replace(";", " ").split()
        return [str(item) for item in parsed]
    return [str(item) for item in value]  # type: ignore[attr-defined]
