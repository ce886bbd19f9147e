"""`weisu detect`: from the lake into alerts, or of a bare panel for notebooks and comparisons."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from features.configuration import SurgeConfig
from features.errors import BadInputError
from features.vocabulary import Frequency, Missing
from pipelines.commands.options import AsOf, Home, Json, exit_degraded, parse_as_of, print_json, say, settings_for
from pipelines.commands.panel_files import FarDates, MissingOption, checked_panel, write_table

Panel = Annotated[Path | None, typer.Option("--panel", help="Judge this .parquet or .csv of counts, without a lake.")]
Freq = Annotated[str, typer.Option("--freq", help="With --panel: W (also W-MON, ...), D or h.")]
Start = Annotated[str | None, typer.Option("--from", help="With --panel: first period judged.")]
Alpha = Annotated[float, typer.Option("--alpha", help="With --panel: level of alarms.")]
Country = Annotated[str | None, typer.Option("--country", help="With --panel: holidays of this ISO country code.")]
Out = Annotated[Path | None, typer.Option("--out", help="With --panel: the .parquet or .csv to write.")]
RulesOnly = Annotated[bool, typer.Option("--rules-only", help="Only the recitable rules.")]


def register(app: typer.Typer) -> None:
    """Add `detect` to the command line."""
    app.command("detect")(detect_hotspots)


def detect_hotspots(
    as_of: AsOf = None,
    rules_only: RulesOnly = False,
    panel: Panel = None,
    freq: Freq = Frequency.WEEKLY,
    start: Start = None,
    alpha: Alpha = 0.01,
    country: Country = None,
    out: Out = None,
    missing: MissingOption = Missing.ZERO,
    far_dates: FarDates = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Run the detectors and turn what they find into alerts."""
    if panel is not None:
        told = {"missing": missing, "far_dates": far_dates, "config": settings_for(home).surge}
        _of_panel(panel, freq, start, alpha, country, out, told=told, as_json=as_json)
        return
    from features.clock import SystemClock
    from pipelines.coverage import said_coverage, said_idle
    from pipelines.detect import detect_batch, detect_everything

    settings = settings_for(home)
    clock = SystemClock()
    moment = parse_as_of(as_of, settings, now=clock.now())
    if rules_only:
        summary = detect_batch(settings, clock, keys=None, as_of=moment)
    else:
        summary = detect_everything(settings, clock, as_of=moment)
    if as_json:
        print_json(summary.to_json())
    alerts = summary.alerts
    say(
        f"{summary.cells_tested} series tested, {summary.candidates} candidates: {alerts['opened']} alerts opened, "
        f"{alerts['updated']} updated"
    )
    for line in (*said_coverage(summary.judged), *said_idle(summary.idle)):
        say(line)
    exit_degraded(summary.degraded)


def _of_panel(
    panel: Path,
    freq: str,
    start: str | None,
    alpha: float,
    country: str | None,
    out: Path | None,
    *,
    told: dict[str, Any],
    as_json: bool,
) -> None:

    if start is None or out is None:
        raise BadInputError(
            "--panel needs --from and --out", hint="weisu detect --panel F --freq W --from DATE --out O"
        )
    document = detect_panel_file(panel, freq=freq, start=start, alpha=alpha, country=country, out=out, **told)
    if as_json:
        print_json(document)
    else:
        say(f"{document['alarms']} alarms in {document['rows']} rows; wrote {out}")


# `weisu detect --panel FILE`: the surge detector on any count panel, without a lake.


STATIC_COLUMNS = ("level", "category1", "category2", "category", "district", "department")
OUT_COLUMNS = (
    "unique_id",
    "ds",
    "y",
    "expected",
    "upper",
    "p_value",
    "p_value_1",
    "recurrence_days",
    "alarm",
    "window",
    "borrowed",
    "judged",
    "judged_from",
)


def detect_panel_file(
    panel: Path,
    *,
    freq: str,
    start: str,
    out: Path,
    alpha: float = 0.01,
    country: str | None = None,
    config: SurgeConfig | None = None,
    missing: Missing = Missing.ZERO,
    far_dates: bool = False,
) -> dict[str, Any]:
    """Judge a panel file and write one row per series and period from `start` on.

    Args:
        panel: .parquet or .csv with unique_id, ds, y and optional static columns.
        freq: `W`, `D` or `h`.
        start: ISO date (or time) of the first judged period.
        out: .parquet or .csv.
        alpha: Level of alarms, in (0, 1).
        country: ISO code whose holidays are known to the detector; None for none.
        config: What was tuned; as shipped when None.
        missing: What becomes of periods without a row.
        far_dates: Whether a few rows far from all others are meant.

    Returns:
        What was done, ready for `--json`.

    Raises:
        BadInputError: A file, a flag or a column is wrong.
    """
    from models.hotspots import detect_surges

    if not 0 < alpha < 1:
        raise BadInputError(f"--alpha {alpha} is not between 0 and 1")
    used = (*STATIC_COLUMNS, "callers")
    bare = checked_panel(panel, freq=freq, missing=missing, far_dates=far_dates, used=used)
    frame = bare.frame
    calendar = None if country is None else _calendar(frame, country)
    kin = [name for name in STATIC_COLUMNS if name in frame.columns]
    static = frame[["unique_id", *kin]].drop_duplicates("unique_id") if kin else None
    rows = detect_surges(
        frame, freq=bare.freq, start=_moment(start), alpha=alpha, calendar=calendar, static=static, config=config
    )
    write_table(rows[[*OUT_COLUMNS, *(["tickets"] if "tickets" in rows else [])]], out)
    return {
        "schema_version": 1,
        "panel": str(panel),
        "out": str(out),
        "freq": bare.freq,
        "notes": dict(bare.notes),
        "series": int(rows["unique_id"].nunique()),
        "rows": len(rows),
        "alarms": int(rows["alarm"].sum()),
        "alpha": alpha,
        "country": country,
    }


def _moment(text: str) -> Any:
    import pandas as pd

    try:
        return pd.Timestamp(datetime.fromisoformat(text))
    except ValueError as error:
        raise BadInputError(f"--from {text!r} is not a date", hint="use 2026-11-23") from error


def _calendar(frame: Any, country: str) -> Any:
    from datetime import timedelta

    from features.calendars import calendar_frame

    days = frame["ds"]
    return calendar_frame(country, days.min().date(), days.max().date() + timedelta(days=7))
