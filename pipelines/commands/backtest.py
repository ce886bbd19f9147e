"""`weisu backtest`: how good the forecasts would have been, per level and model, beside what anybody could do."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.options import AsOf, Home, Json, Scheduler, parse_as_of, print_json, say, settings_for

if TYPE_CHECKING:
    from pipelines.backtest import BacktestSummary


class Frequency(StrEnum):
    """Length of a period."""

    W = "W"
    D = "D"


Origins = Annotated[int, typer.Option("--origins", min=1, help="Cutoffs; the last one ends with the data.")]
Weeks = Annotated[int, typer.Option("--weeks", min=1, max=13, help="Weeks ahead at every cutoff.")]
Freq = Annotated[Frequency, typer.Option("--freq", help="W (weeks) or D (days).")]
Peers = Annotated[
    bool, typer.Option("--peers", help="Also statsforecast and mlforecast where installed, and Prophet for days.")
]
Html = Annotated[Path | None, typer.Option("--html", help="Write a report with plots to this file.")]

_COLUMNS = ("wape", "mase", "bias", "pinball", "coverage80", "pit80")


def register(app: typer.Typer) -> None:
    """Add `backtest` to the command line."""
    app.command("backtest")(backtest_models)


def backtest_models(
    as_of: AsOf = None,
    origins: Origins = 8,
    weeks: Weeks = 4,
    freq: Freq = Frequency.W,
    peers: Peers = False,
    html: Html = None,
    scheduler: Scheduler = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Refit every model at every cutoff and score it per level: WAPE, MASE, bias, pinball loss, coverage."""
    from features.clock import SystemClock
    from pipelines.backtest import run_backtest

    settings, clock = settings_for(home), SystemClock()
    summary = run_backtest(
        settings,
        clock,
        as_of=parse_as_of(as_of, settings, now=clock.now()),
        origins=origins,
        horizon=weeks if freq is Frequency.W else weeks * 7,
        freq=freq.value,
        peers=peers,
        scheduler=scheduler,
    )
    if html is not None:
        from pipelines.backtest_report import render

        html.write_text(render(summary), encoding="utf-8")
        say(f"report written to {html}")
    if as_json:
        print_json(summary.to_json())
    else:
        _print(summary)


def _print(summary: BacktestSummary) -> None:
    scores = summary.result.scores
    typer.echo(f"{'level':<20}{'model':<24}" + "".join(f"{name:>12}" for name in _COLUMNS))
    for row in scores.to_dict("records"):
        typer.echo(f"{row['level']:<20}{row['model']:<24}" + "".join(f"{row[name]:>12.3f}" for name in _COLUMNS))
    say(f"{summary.origins} origins x {summary.horizon} periods, data through {summary.data_through:%Y-%m-%d}")
