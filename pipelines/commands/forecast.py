"""`weisu forecast`: from the lake for everybody, or of a bare panel for notebooks and comparisons."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.configuration import ForecastConfig
from features.errors import BadInputError
from features.vocabulary import ForecastFrequency, Frequency, Missing
from pipelines.commands.options import AsOf, Home, Json, exit_degraded, parse_as_of, print_json, say, settings_for
from pipelines.commands.panel_files import FarDates, MissingOption, checked_panel, write_table

if TYPE_CHECKING:
    from features.panel.bare import BarePanel

_LONGEST_SUM = 26


class ForecastLevels(StrEnum):
    """Which series of a panel are forecast."""

    INPUT = "input"
    ALL = "all"


Sums = Annotated[
    str, typer.Option("--sums", help="Weeks that are also forecast together, like 4,13; empty for none. Weekly only.")
]
Panel = Annotated[
    Path | None, typer.Option("--panel", help="Forecast this .parquet or .csv of counts, without a lake.")
]
Freq = Annotated[str, typer.Option("--freq", help="W (weeks; also W-MON, ...) or D (days).")]
Weeks = Annotated[int, typer.Option("--weeks", min=1, max=13, help="Weeks ahead.")]
Horizon = Annotated[int | None, typer.Option("--horizon", min=1, help="With --panel: periods ahead.")]
Country = Annotated[str | None, typer.Option("--country", help="With --panel: holidays of this ISO country code.")]
Levels = Annotated[ForecastLevels, typer.Option("--levels", help="With --panel: `all` adds the aggregates.")]
Out = Annotated[Path | None, typer.Option("--out", help="With --panel: the .parquet or .csv to write.")]


def register(app: typer.Typer) -> None:
    """Add `forecast` to the command line."""
    app.command("forecast")(issue_forecast)


def issue_forecast(
    as_of: AsOf = None,
    weeks: Weeks = 4,
    freq: Freq = Frequency.WEEKLY,
    sums: Sums = "4,13",
    panel: Panel = None,
    horizon: Horizon = None,
    country: Country = None,
    levels: Levels = ForecastLevels.INPUT,
    out: Out = None,
    missing: MissingOption = Missing.ZERO,
    far_dates: FarDates = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Issue the forecast of the next weeks for every category, district and level."""
    if panel is not None:
        config = settings_for(home).forecast
        told = {"missing": missing, "far_dates": far_dates}
        _of_panel(panel, freq, horizon, country, levels.value, out, config=config, told=told, as_json=as_json)
        return
    from features.clock import SystemClock
    from pipelines.forecast import forecast

    settings = settings_for(home)
    clock = SystemClock()
    moment = parse_as_of(as_of, settings, now=clock.now())
    summary = forecast(settings, clock, as_of=moment, weeks=weeks, freq=_of_forecasts(freq), sums=_spans(sums))
    if as_json:
        print_json(summary.to_json())
    say(
        f"{summary.series} series x {summary.horizon} periods after {summary.data_through:%Y-%m-%d}, "
        f"{summary.model_name} version {summary.model_version}" + ("" if summary.is_new else " (issued before)")
    )
    for total in summary.sums:
        say(
            f"next {total['periods']} weeks together: {total['mean']:,.0f} ({total['p10']:,.0f} to {total['p90']:,.0f})"
        )
    exit_degraded(summary.degraded)


def _of_forecasts(freq: str) -> ForecastFrequency:
    """Return the frequency of a forecast by its name.

    Raises:
        BadInputError: There are no forecasts of it.
    """
    from features.panel.bare import frequency_named

    named = frequency_named(freq)
    if named is Frequency.HOURLY:
        raise BadInputError(f"--freq {freq}: there are no forecasts by the hour", hint="use W or D")
    return named


def _spans(text: str) -> list[int]:
    """Return the numbers of weeks in `4,13`."""
    spans = [part.strip() for part in text.split(",") if part.strip()]
    if not all(span.isdecimal() and 1 <= int(span) <= _LONGEST_SUM for span in spans):
        raise BadInputError(f"--sums {text!r} is not a list of weeks", hint=f"use 4,13; at most {_LONGEST_SUM}")
    return sorted({int(span) for span in spans})


def _of_panel(
    panel: Path,
    freq: str,
    horizon: int | None,
    country: str | None,
    levels: str,
    out: Path | None,
    *,
    config: ForecastConfig,
    told: dict[str, Any],
    as_json: bool,
) -> None:

    if horizon is None or out is None:
        raise BadInputError(
            "--panel needs --horizon and --out", hint="weisu forecast --panel F --freq W --horizon 4 --out O"
        )
    bare = checked_panel(panel, freq=_of_forecasts(freq), **told)
    rows = run(bare, horizon=horizon, country=country, levels=levels, out=out, config=config)
    if as_json:
        said = {"schema_version": 1, "panel": str(panel), "out": str(out), "freq": bare.freq, "rows": rows}
        print_json({**said, "notes": dict(bare.notes)})
    else:
        say(f"{rows} rows; wrote {out}")


# `weisu forecast --panel FILE`: reads a bare panel, writes its forecast; the command itself is forecast.py's.


def run(
    panel: BarePanel,
    *,
    horizon: int,
    country: str | None,
    levels: str,
    out: Path,
    config: ForecastConfig | None = None,
) -> int:
    """Forecast every series of a panel file and write `unique_id, ds, mean, p10, p50, p90`.

    Args:
        panel: Of a file with unique_id, ds, y and optional static columns, which become the hierarchy.
        horizon: Periods ahead.
        country: ISO code of the holidays, or None.
        levels: `all` adds the aggregates.
        out: .parquet or .csv.
        config: What was tuned; as shipped when None.

    Returns:
        Rows written.

    Raises:
        BadInputError: A file of another kind, or a panel that does not fit the contract.
    """
    from models.forecast import forecast_panel

    forecast = forecast_panel(
        panel.frame, freq=panel.freq, horizon=horizon, country=country, levels=levels, config=config
    )
    write_table(forecast, out)
    return len(forecast)
