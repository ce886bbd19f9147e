"""`weisu doctor`: examine this installation."""

from __future__ import annotations

import typer

from pipelines.commands.options import Home, Json, print_json, settings_for

_SIGNS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


def register(app: typer.Typer) -> None:
    """Add `doctor` to the command line."""
    app.command("doctor")(doctor)


def doctor(home: Home = None, as_json: Json = False) -> None:
    """Examine this installation; exit code 1 when something would keep it from working."""
    from features.clock import SystemClock
    from pipelines.doctor import examine

    diagnosis = examine(settings_for(home), SystemClock())
    if as_json:
        print_json(diagnosis.to_json())
    else:
        for finding in diagnosis.findings:
            typer.echo(f"{_SIGNS[finding.status]}  {finding.check:13}  {finding.message}")
            if finding.hint:
                typer.echo(f"{'':21}{finding.hint}")
    if not diagnosis.healthy:
        raise typer.Exit(1)
