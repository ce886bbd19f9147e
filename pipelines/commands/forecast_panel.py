"""`weisu forecast --panel FILE`: reads a bare panel, writes its forecast; the command itself is forecast.py's."""

from __future__ import annotations

from pathlib import Path

from pipelines.commands.panel_files import read_panel, write_table


def run(panel: Path, *, freq: str, horizon: int, country: str | None, levels: str, out: Path) -> int:
    """Forecast every series of a panel file and write `unique_id, ds, mean, p10, p50, p90`.

    Args:
        panel: .parquet or .csv with unique_id, ds, y and optional static columns, which become the hierarchy.
        freq: W or D.
        horizon: Periods ahead.
        country: ISO code of the holidays, or None.
        levels: `all` adds the aggregates.
        out: .parquet or .csv.

    Returns:
        Rows written.

    Raises:
        BadInputError: A file of another kind, or a panel that does not fit the contract.
    """
    from models.forecast import forecast_panel

    forecast = forecast_panel(read_panel(panel), freq=freq, horizon=horizon, country=country, levels=levels)
    write_table(forecast, out)
    return len(forecast)
