"""`weisu detect`: from the lake into alerts, or of a bare panel for notebooks and comparisons."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from features.errors import BadInputError
from features.vocabulary import Frequency
from pipelines.commands.options import AsOf, Home, Json, exit_degraded, parse_as_of, print_json, say, settings_for

Panel = Annotated[Path | None, typer.Option("--panel", help="Judge this .parquet or .csv of counts, without a lake.")]
Freq = Annotated[Frequency, typer.Option("--freq", help="With --panel: W, D or h.")]
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
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Run the detectors and turn what they find into alerts."""
    if panel is not None:
        _of_panel(panel, freq, start, alpha, country, out, as_json=as_json)
        return
    from features.clock import SystemClock
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
    exit_degraded(summary.degraded)


def _of_panel(
    panel: Path,
    freq: Frequency,
    start: str | None,
    alpha: float,
    country: str | None,
    out: Path | None,
    *,
    as_json: bool,
) -> None:
    from pipelines.commands.detect_panel import detect_panel_file

    if start is None or out is None:
        raise BadInputError(
            "--panel needs --from and --out", hint="weisu detect --panel F --freq W --from DATE --out O"
        )
    document = detect_panel_file(panel, freq=freq, start=start, alpha=alpha, country=country, out=out)
    if as_json:
        print_json(document)
    else:
        say(f"{document['alarms']} alarms in {document['rows']} rows; wrote {out}")
