"""A fitted model as a set of files: LightGBM's text, Prophet's JSON, Parquet tables, and one JSON manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from io import BytesIO
from typing import Any, Final

import numpy as np
import pandas as pd
from pydantic import ValidationError

from features.configuration import ForecastConfig
from features.configuration.refusals import refusals
from features.reasons import Reason, ReasonCode
from features.vocabulary import Frequency
from models.errors import UnusableModelError
from models.forecast.boosting import Booster
from models.forecast.drivers import Calendar
from models.forecast.engine import Engine
from models.forecast.hierarchy import Hierarchy, PanelMatrix
from models.forecast.seasonal import SeasonalModels
from models.forecast.weather import WeatherEffects

MANIFEST: Final = "manifest.json"
SCHEMA_VERSION: Final = 4
"""Of the manifest and of config.json; another one is trained again."""
_CALENDAR_DAYS_AHEAD: Final = 500


def pack(panel: PanelMatrix, static: pd.DataFrame, engine: Engine) -> dict[str, bytes]:
    """Return the files of a fitted model; the calendar is written out to some 16 months past the history."""
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "freq": panel.freq,
        "start": panel.ds[0].isoformat(),
        "cells": list(panel.ids),
        "boosters": list(engine.boosters),
        "seasonal": list(engine.seasonal),
        "alpha": {name: [float(value) for value in values] for name, values in engine.alpha.items()},
        "bases": dict(engine.bases),
        "followed": {name: dict(ways) for name, ways in engine.followed.items()},
        "weather": None if engine.weather is None else engine.weather.to_json(),
    }
    files = {
        MANIFEST: json.dumps(manifest, ensure_ascii=False).encode(),
        "config.json": engine.config.model_dump_json().encode(),
        "history.parquet": _to_parquet(pd.DataFrame(panel.y.T, columns=list(panel.ids), index=panel.ds).reset_index()),
        "static.parquet": _to_parquet(static),
    }
    files |= {f"lightgbm_{name}.txt": booster.export() for name, booster in engine.boosters.items()}
    if engine.calendar is not None:
        end = panel.ds[-1] + pd.Timedelta(days=_CALENDAR_DAYS_AHEAD)
        files["calendar.parquet"] = _to_parquet(engine.calendar(panel.ds[0].date(), end.date()))
    return files | {f"prophet_{name}.json": models.export() for name, models in engine.seasonal.items()}


def unpack(files: Mapping[str, bytes]) -> tuple[PanelMatrix, pd.DataFrame, Engine]:
    """Read the files of a fitted model: its history, its static frame, and what was learned.

    Raises:
        UnusableModelError: The manifest is missing or of another schema.
    """
    if MANIFEST not in files:
        raise UnusableModelError(
            Reason(ReasonCode.MODEL_INCOMPLETE, {"file": MANIFEST}), hint="pass every file that export() returned"
        )
    manifest: dict[str, Any] = json.loads(files[MANIFEST])
    if manifest["schema_version"] != SCHEMA_VERSION:
        raise UnusableModelError(
            Reason(ReasonCode.MODEL_SCHEMA, {"schema": manifest["schema_version"]}), hint="train again"
        )
    history, static = _from_parquet(files["history.parquet"]), _from_parquet(files["static.parquet"])
    ds = pd.DatetimeIndex(history.iloc[:, 0])
    y = np.ascontiguousarray(history.iloc[:, 1:].to_numpy(dtype=float).T)
    panel = PanelMatrix(y, tuple(manifest["cells"]), ds, Frequency(manifest["freq"]))
    engine = Engine(
        hierarchy=Hierarchy.of(static, panel.ids),
        config=_config(files["config.json"]),
        calendar=_recorded(files.get("calendar.parquet")),
        boosters={name: Booster.restore(files[f"lightgbm_{name}.txt"]) for name in manifest["boosters"]},
        seasonal={name: SeasonalModels.restore(files[f"prophet_{name}.json"]) for name in manifest["seasonal"]},
        alpha={name: np.asarray(values) for name, values in manifest["alpha"].items()},
        bases=manifest.get("bases", {}),
        followed=manifest.get("followed", {}),
        weather=WeatherEffects.from_json(manifest["weather"]) if manifest.get("weather") else None,
    )
    return panel, static, engine


def _config(content: bytes) -> ForecastConfig:
    try:
        return ForecastConfig.model_validate_json(content)
    except ValidationError as error:
        problem = refusals(error, ForecastConfig)[0]
        reason = Reason(ReasonCode.MODEL_CONFIGURATION, {"problem": problem})
        raise UnusableModelError(reason, hint="train again") from error


def _recorded(content: bytes | None) -> Calendar | None:
    """Serve the calendar rows that were exported."""
    if content is None:
        return None
    rows = _from_parquet(content)

    def calendar(start: date, end: date) -> pd.DataFrame:
        if pd.Timestamp(end) > rows["date"].iloc[-1]:
            raise UnusableModelError(
                Reason(ReasonCode.MODEL_CALENDAR_ENDS, {"day": end.isoformat()}),
                hint="pass a calendar, or train again",
            )
        return rows[rows["date"].between(pd.Timestamp(start), pd.Timestamp(end))]

    return calendar


def _to_parquet(frame: pd.DataFrame) -> bytes:
    buffer = BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _from_parquet(content: bytes) -> pd.DataFrame:
    return pd.read_parquet(BytesIO(content))
