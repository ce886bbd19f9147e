"""Whether the work goes on: configuration, calendar, clock, feeds, scheduler, detectors."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from features.clock import SKEW, Clock, is_ahead
from features.settings import Settings
from features.vocabulary import is_simulated
from pipelines.doctor.findings import Found, Status
from pipelines.doctor.held import store_is_current

_EVER: Final = timedelta(days=36_500)


def _configuration(settings: Settings, _clock: Clock) -> Found:
    from pipelines.schedule.plan import read_schedule

    read_schedule(settings)
    missing = [str(path) for path in missing_files(settings)]
    if missing:
        return Status.WARN, f"{', '.join(missing)} is named and not there", "`weisu config show` tells by which key"
    return Status.OK, "every section and key is known", ""


def missing_files(settings: Settings) -> list[Path]:
    """Return the files that the configuration names and that are not there."""
    named = [settings.calendar.overrides, settings.calendar.events, settings.weather.file, settings.taxonomy.crosswalk]
    return [path for path in named if path is not None and not path.exists()]


def _calendar(settings: Settings, clock: Clock) -> Found:
    from features.calendars import calendar_for

    today = clock.now().astimezone(settings.zone).date()
    days = calendar_for(settings)(today.replace(month=1, day=1), today.replace(year=today.year + 1, month=12, day=31))
    guessed = sorted(set(days.loc[days["degraded"], "date"].dt.year))
    if today.year in guessed:
        return (
            Status.WARN,
            f"days off of {today.year} in {settings.country} are guessed",
            "update the calendar library, or give overrides",
        )
    if guessed:
        return Status.OK, f"{settings.country} knows {today.year}; {guessed[0]} is not announced and falls back", ""
    return Status.OK, f"{settings.country} knows {today.year} and {today.year + 1}", ""


def _time(settings: Settings, clock: Clock) -> Found:
    from features.knowledge import Knowledge, holds_tickets
    from serve.supervision.passage import last_round

    now = clock.now()
    if holds_tickets(settings):
        # Asked as of a day when all of it will be known: what was opened ahead of the clock is not known yet.
        ahead = Knowledge.at(settings, now + _EVER).tickets(since=now + SKEW, columns=["opened_at"]).num_rows
        if ahead:
            return (
                Status.FAIL,
                f"{ahead} tickets were opened after now ({now:%Y-%m-%d %H:%M} UTC)",
                "set the machine's clock; use NTP",
            )
    known = last_round(settings)
    if known is not None and is_ahead(known[0], now):
        return (
            Status.FAIL,
            f"it is {now:%Y-%m-%d %H:%M} UTC, and alerts were looked after at {known[0]:%Y-%m-%d %H:%M} UTC before",
            "set the machine's clock and use NTP; if it is right now, the next round of `weisu schedule run` goes on",
        )
    if known is not None and known[1]:
        return (
            Status.FAIL,
            f"the clock jumped by {known[1]} under the running scheduler, and no alert ends until it is back",
            "see that the clock is right, then start `weisu schedule run` again",
        )
    local = now.astimezone(settings.zone)
    return Status.OK, f"{local:%Y-%m-%d %H:%M} in {settings.timezone} ({local:%z})", ""


def _feeds(settings: Settings, clock: Clock) -> Found:
    from features.knowledge import holds_tickets
    from pipelines.quality import feed_freshness

    if not holds_tickets(settings):
        return Status.OK, "none yet", ""
    states = feed_freshness(settings, clock)
    # Nobody waits for more of a simulated city.
    stalled = states[(states["status"] == "stalled") & ~states["source"].map(is_simulated)]
    if len(stalled):
        said = "; ".join(f"{one.source} silent for {one.silence_hours / 24:.1f} days" for one in stalled.itertuples())
        return Status.FAIL, said, "`weisu quality` says more; see why nothing comes, then `weisu ingest`"
    return Status.OK, ", ".join(f"{one.source} {one.status}" for one in states.itertuples()), ""


def _scheduler(settings: Settings, clock: Clock) -> Found:
    from serve.jobs import Pulse, scheduler_pulse
    from serve.store import Store

    if not store_is_current(settings):
        return Status.OK, "not started yet", ""
    store = Store.open(settings.store_url)
    try:
        pulse, since = scheduler_pulse(store, clock.now())
    finally:
        store.close()
    if pulse is Pulse.NEVER or since is None:
        return Status.OK, "never started: jobs are run by hand", ""
    if pulse.is_well:
        return Status.OK, f"{pulse}, last at {since.astimezone(settings.zone):%Y-%m-%d %H:%M:%S}", ""
    return (
        Status.FAIL,
        f"{pulse} since {since.astimezone(settings.zone):%Y-%m-%d %H:%M}: nothing is ingested, detected or sent",
        "start `weisu schedule run` again",
    )


def _detectors(settings: Settings, clock: Clock) -> Found:
    from pipelines.coverage import said_coverage
    from serve.alerts.repository import newest_run
    from serve.store import Store

    if not store_is_current(settings):
        return Status.OK, "not run yet", ""
    store = Store.open(settings.store_url)
    with store.reading() as session:
        run = newest_run(session, now=clock.now())
        judged = {} if run is None else run.judged
    store.close()
    if said := "; ".join(said_coverage(judged)):
        return Status.WARN, said, "until then silence about the rest is not calm: look at the counts yourself"
    return Status.OK, "every series can be judged" if judged else "not run yet", ""


CHECKS: Final[dict[str, Any]] = {
    "configuration": _configuration,
    "calendar": _calendar,
    "clock": _time,
    "feeds": _feeds,
    "scheduler": _scheduler,
    "detectors": _detectors,
}
"""The checks of the work, by name."""
