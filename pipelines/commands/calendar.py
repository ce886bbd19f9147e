"""`weisu calendar`: what the installation holds for a workday, and the operator's files."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options import DEGRADED, Home, Json, print_json, say, settings_for

calendar_app = typer.Typer(help="Days off, make-up workdays, lunar dates, events.", no_args_is_help=True)

_File = Annotated[Path, typer.Argument(metavar="FILE")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(calendar_app, name="calendar")


@calendar_app.command(name="show")
def show_command(
    year: Annotated[int, typer.Argument(help="Civil year.")], home: Home = None, as_json: Json = False
) -> None:
    """Show a year's days off, make-up workdays and solar terms; exit code 3 when its official calendar is not known."""
    from features.calendars import calendar_for, calendar_version, configured_overrides

    settings = settings_for(home)
    frame = calendar_for(settings)(date(year, 1, 1), date(year, 12, 31))
    degraded = bool(frame["degraded"].any())
    special = frame[frame["is_holiday"] | frame["is_makeup"] | (frame["solar_term"] != "")]
    if as_json:
        rows = special.assign(date=special["date"].dt.strftime("%Y-%m-%d")).to_dict(orient="records")
        version = calendar_version(configured_overrides(settings))
        print_json(
            {
                "schema_version": 1,
                "country": settings.country,
                "year": year,
                "calendar_version": version,
                "degraded": degraded,
                "days": rows,
            }
        )
    else:
        for day in special.itertuples():
            kind = day.holiday or ("make-up workday 调休上班" if day.is_makeup else "")
            say(f"{day.date:%Y-%m-%d %a}  {kind:<28}{day.solar_term}")
    if degraded:
        say(f"the official calendar of {year} is not known: the usual pattern stands in; [calendar] overrides mends it")
        raise typer.Exit(DEGRADED)


@calendar_app.command(name="check")
def check_command(file: _File, as_json: Json = False) -> None:
    """Check an operator's calendar file."""
    from features.calendars import read_overrides

    rows = read_overrides(file)
    document = {"schema_version": 1, "ok": True, "rows": len(rows), "kinds": rows["kind"].value_counts().to_dict()}
    print_json(document) if as_json else say(f"{file}: {len(rows)} rows, fine")


@calendar_app.command(name="events")
def events_command(file: _File, home: Home = None, as_json: Json = False) -> None:
    """Check an event register."""
    from features.calendars import read_events

    rows = read_events(file, timezone=settings_for(home).timezone)
    document = {"schema_version": 1, "ok": True, "rows": len(rows), "kinds": rows["kind"].value_counts().to_dict()}
    print_json(document) if as_json else say(f"{file}: {len(rows)} events, fine")
