"""`weisu backtest`: how good the forecasts would have been, per level and model, beside what anybody could do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.vocabulary import ForecastFrequency, Frequency
from pipelines.commands.options import (
    AsOf,
    Home,
    Json,
    Scheduler,
    exit_degraded,
    parse_as_of,
    print_json,
    say,
    settings_for,
)

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.backtest_summary import BacktestSummary


Origins = Annotated[int, typer.Option("--origins", min=1, help="Cutoffs; the last one ends with the data.")]
Weeks = Annotated[int, typer.Option("--weeks", min=1, max=13, help="Weeks ahead at every cutoff.")]
Freq = Annotated[ForecastFrequency, typer.Option("--freq", help="W (weeks) or D (days).")]
Peers = Annotated[
    bool, typer.Option("--peers", help="Also statsforecast and mlforecast where installed, and Prophet for days.")
]
PeersPython = Annotated[
    Path | None,
    typer.Option(
        "--peers-python",
        envvar="WEISU_PEERS_PYTHON",
        help="With --peers: Python of an environment that holds those libraries.",
    ),
]
Models = Annotated[list[str] | None, typer.Option("--models", help="Only these models; repeat it or use commas.")]
Levels = Annotated[list[str] | None, typer.Option("--levels", help="Only these levels; repeat it or use commas.")]
Jobs = Annotated[int, typer.Option("--jobs", min=1, help="Refits at once (joblib).")]
Html = Annotated[Path | None, typer.Option("--html", help="Write a report with plots to this file.")]
Predictions = Annotated[
    Path | None, typer.Option("--predictions", help="Write every forecast beside its count to this .parquet or .csv.")
]

_COLUMNS = ("wape", "mase", "bias", "pinball", "coverage80", "pit80", "failing80")


def register(app: typer.Typer) -> None:
    """Add `backtest` to the command line."""
    app.command("backtest")(backtest_models)


def backtest_models(
    as_of: AsOf = None,
    origins: Origins = 8,
    weeks: Weeks = 4,
    freq: Freq = Frequency.WEEKLY,
    models: Models = None,
    levels: Levels = None,
    peers: Peers = False,
    peers_python: PeersPython = None,
    jobs: Jobs = 2,
    html: Html = None,
    predictions: Predictions = None,
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
        horizon=weeks if freq is Frequency.WEEKLY else weeks * 7,
        freq=freq,
        models=_split(models),
        levels=_split(levels),
        peers=peers,
        peers_python=peers_python and peers_python.absolute(),
        n_jobs=jobs,
        scheduler=scheduler,
        on_progress=say,
    )
    _write(summary, html, predictions)
    if as_json:
        print_json(summary.to_json())
    else:
        _print(summary)
    exit_degraded(summary.degraded)


def _split(names: list[str] | None) -> list[str]:
    return [name.strip() for text in names or [] for name in text.split(",") if name.strip()]


def _write(summary: BacktestSummary, html: Path | None, predictions: Path | None) -> None:
    if html is not None:
        from pipelines.backtest_report import render

        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(render(summary), encoding="utf-8")
        say(f"report written to {html}")
    if predictions is not None:
        from pipelines.commands.panel_files import write_table

        write_table(summary.result.predictions, predictions)
        say(f"{len(summary.result.predictions)} forecasts written to {predictions}")


def _print(summary: BacktestSummary) -> None:
    from pipelines.backtest_summary import at_a_glance

    hidden = summary.same_levels
    scores = summary.result.scores[~summary.result.scores["level"].isin(list(hidden))]
    typer.echo(f"{'level':<20}{'model':<24}" + "".join(f"{name:>12}" for name in _COLUMNS))
    for row in scores.to_dict("records"):
        typer.echo(f"{row['level']:<20}{row['model']:<24}" + "".join(f"{row[name]:>12.3f}" for name in _COLUMNS))
    _print_glance("WAPE, all periods", at_a_glance(summary.result.scores, hidden=hidden))
    if len(summary.holiday_scores):
        named = f"WAPE, the {len(summary.holidays)} periods with a holiday"
        _print_glance(named, at_a_glance(summary.holiday_scores, hidden=hidden))
    say(f"{summary.origins} origins x {summary.horizon} periods, data through {summary.data_through:%Y-%m-%d}")
    if hidden:
        say("levels that sum the same cells: " + ", ".join(f"{level} is {twin}" for level, twin in hidden.items()))
    say(f"{summary.seconds:.0f} s, MLflow run {summary.run_id}")


def _print_glance(title: str, table: pd.DataFrame) -> None:
    """Print models x levels; a star marks the lowest of a level."""
    typer.echo(f"\n{title:<36}" + "".join(f"{level:>20}" for level in table.columns))
    lowest = table.round(3).min()
    for model, row in table.round(3).iterrows():
        marked = ((f"{v:.3f}", "*" if v == lowest[level] else " ") for level, v in row.items())
        cells = (" " if text == "nan" else text + mark for text, mark in marked)
        typer.echo(f"{model:<36}" + "".join(f"{cell:>20}" for cell in cells))
