"""`weisu schedule`: run the jobs of an installation, list them, say what comes next."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.commands.options import Home, Json, print_json, say, settings_for

if TYPE_CHECKING:
    from features.settings import Settings
    from pipelines.schedule import Schedule

app = typer.Typer(help="Run the scheduled jobs, list them, say what comes next.", no_args_is_help=True)


def register(parent: typer.Typer) -> None:
    """Add `schedule` to the command line."""
    parent.add_typer(app, name="schedule")


@app.command("run")
def run(
    home: Home = None,
    once: Annotated[bool, typer.Option("--once", help="Run what is due now, then end.")] = False,
    as_json: Json = False,
) -> None:
    """Run the schedule in this process until it is told to stop."""
    from features.clock import SystemClock
    from pipelines.schedule import read_schedule, serve_schedule

    settings, clock = settings_for(home), SystemClock()
    schedule = read_schedule(settings)
    if once:
        _run_once(settings, schedule, as_json=as_json)
        return
    say(f"weisu schedule: {len(schedule.jobs)} jobs in {settings.timezone}; files are taken from {schedule.incoming}")
    serve_schedule(settings, clock, schedule)


@app.command("list")
def list_jobs(home: Home = None, as_json: Json = False) -> None:
    """Show every job with its trigger, its last run and its next slot."""
    settings = settings_for(home)
    rows = _rows(settings)
    if as_json:
        print_json({"schema_version": 1, "timezone": settings.timezone, "jobs": rows})
        return
    for row in rows:
        last = f"{row['last_state']} {row['last_slot']}" if row["last_slot"] else "never ran"
        coming = "now" if row["due"] else row["next"]
        typer.echo(f"{row['name']:9} {row['trigger']:28}  last: {last:36}  next: {coming}")


@app.command("next")
def next_jobs(home: Home = None, as_json: Json = False) -> None:
    """Show what comes next, soonest first."""
    settings = settings_for(home)
    rows = sorted(_rows(settings), key=lambda row: row["next"] or "9")
    if as_json:
        print_json({"schema_version": 1, "timezone": settings.timezone, "next": rows})
        return
    for row in rows:
        typer.echo(f"{row['next']}  {row['name']}{' (due now as well)' if row['due'] else ''}")


def _run_once(settings: Settings, schedule: Schedule, *, as_json: bool) -> None:
    from features.clock import SystemClock
    from pipelines.schedule import Runner, RunState
    from pipelines.schedule.service import sole_scheduler
    from serve.store import Store

    clock, store = SystemClock(), Store.open(settings.store_url)
    with sole_scheduler(settings, store, clock):
        ended = Runner(settings, store, clock, schedule).run_due()
    for name, last in ended.items():
        say(f"{name}: {last.state}")
    if as_json:
        runs = {name: {"state": last.state, "slot": last.slot.isoformat()} for name, last in ended.items()}
        print_json({"schema_version": 1, "runs": runs})
    if any(last.state is RunState.FAILED for last in ended.values()):
        raise typer.Exit(1)


def _rows(settings: Settings) -> list[dict[str, Any]]:
    from features.clock import SystemClock
    from pipelines.schedule import due, read_schedule
    from pipelines.schedule.history import read_last_runs
    from serve.store import Store

    schedule, now = read_schedule(settings), SystemClock().now()
    runs = read_last_runs(Store.open(settings.store_url), [job.name for job in schedule.jobs])
    waiting = {item.job.name for item in due(schedule, runs, now)}

    def local(moment: datetime | None) -> str | None:
        return None if moment is None else moment.astimezone(settings.zone).isoformat(timespec="seconds")

    return [
        {
            "name": job.name,
            "trigger": str(job.trigger),
            "after": list(job.after),
            "last_slot": local(runs[job.name].slot) if job.name in runs else None,
            "last_state": runs[job.name].state.value if job.name in runs else None,
            "due": job.name in waiting,
            "next": local(job.trigger.following(now)),
        }
        for job in schedule.jobs
    ]
