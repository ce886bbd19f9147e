"""`weisu lake`: look after the ticket lake."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from features.settings import Settings
from pipelines.commands.options import DEGRADED, Home, Json, exit_degraded, print_json, say, settings_for

lake_app = typer.Typer(help="Look after the ticket lake.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(lake_app, name="lake")


def _lake(home: Any) -> Any:
    from features.lake import Lake

    settings = settings_for(home)
    return Lake.of(settings)


@lake_app.command("history")
def history_command(home: Home = None, as_json: Json = False) -> None:
    """List the versions of the lake, newest first."""
    from features.lake.upkeep import history

    versions = history(_lake(home))
    if as_json:
        print_json({"schema_version": 1, "versions": versions})
        return
    for entry in versions:
        note = ", ".join(f"{key} {entry[key]}" for key in ("source", "file", "kept", "updated") if key in entry)
        say(f"{entry['version']:>6}  {entry['at']}  {entry['operation']}  {note}")


@lake_app.command("optimize")
def optimize_command(home: Home = None, as_json: Json = False) -> None:
    """Merge small files; nothing that is read changes."""
    from features.lake.upkeep import optimize

    done = optimize(_lake(home))
    if as_json:
        print_json({"schema_version": 1, **done})
        return
    say(f"{done['files_removed']} files became {done['files_added']}; the lake is at version {done['snapshot']}")


@lake_app.command("vacuum")
def vacuum_command(
    home: Home = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,
    as_json: Json = False,
) -> None:
    """Delete files that neither the present version nor a retained training run needs."""
    from features.lake.upkeep import vacuum
    from pipelines.upkeep import retained_snapshots

    retained = retained_snapshots(settings_for(home))
    files = vacuum(_lake(home), retained=retained, dry_run=dry_run)
    if as_json:
        print_json({"schema_version": 1, "dry_run": dry_run, "files": files, "retained": sorted(retained)})
        return
    kept = ", ".join(map(str, sorted(retained))) or "none"
    say(f"{len(files)} files {'would be ' if dry_run else ''}deleted; versions kept for training runs: {kept}")


@lake_app.command("retain")
def retain_command(home: Home = None, as_json: Json = False) -> None:
    """Erase what is older than its source's period in [retention]; exit code 3 when a training run loses its rows."""
    from features.clock import SystemClock
    from pipelines.upkeep import keep_retention

    summary = keep_retention(settings_for(home), SystemClock())
    if as_json:
        print_json(summary.to_json())
    else:
        for source, erased in summary.done["erased"].items():
            say(f"{source}: {erased['tickets']:,} tickets opened before {erased['before']} erased")
        if not summary.degraded:
            say("nothing older than its period is left")
    exit_degraded(summary.degraded)


@lake_app.command("check")
def check_command(home: Home = None, as_json: Json = False) -> None:
    """Read every file of the lake and look for what must never be in it; exit code 1 if anything is found."""
    from features.clock import SystemClock
    from features.lake import LakeInputError
    from features.lake.upkeep import check

    lake = _lake(home)
    if not lake.store.exists:
        raise LakeInputError(f"there is no lake at {lake.path}", hint="`weisu ingest FILE` makes one; see lake_folder")
    findings = check(lake, now=SystemClock().now())
    if as_json:
        found = [{"what": finding.what, "count": finding.count, "hint": finding.hint} for finding in findings]
        print_json({"schema_version": 1, "snapshot": lake.version, "sound": not findings, "findings": found})
    else:
        for finding in findings:
            say(f"{finding.count:,} {finding.what}")
        for hint in dict.fromkeys(finding.hint for finding in findings if finding.hint):
            say(f"Hint: {hint}")
        say(f"version {lake.version}: {'sound' if not findings else 'damaged'}")
    if findings:
        raise typer.Exit(1)


@lake_app.command("quarantine")
def quarantine_command(
    home: Home = None,
    source: Annotated[str | None, typer.Option("--source", help="Only this source.")] = None,
    as_json: Json = False,
) -> None:
    """List the rows that were refused, with file, row, column and reason."""
    from features.lake.release import count
    from features.lake.waiting import next_due

    lake = _lake(home)
    rows, waiting = lake.quarantine(source=source).to_pylist(), count(lake)
    if as_json:
        print_json({"schema_version": 1, "rows": rows, "waiting": waiting})
        return
    for row in rows:
        value = f" ({row['value']})" if row["value"] else ""
        say(f"{row['source']}: {row['file']}, row {row['row']}, {row['column'] or 'line'}: {row['reason']}{value}")
    say(f"refused: {len(rows):,}")
    if waiting:
        following = f"{next_due(lake.waiting_store):%Y-%m-%d %H:%M} UTC"
        say(f"{waiting:,} of them, of any source, wait until their time has come, the next one until {following}")


@lake_app.command("erase")
def erase_command(
    source: Annotated[str, typer.Option("--source", help="Source of the tickets.")],
    by: Annotated[str, typer.Option("--by", help="Who asked for it; kept in the audit.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the audit.")],
    ids: Annotated[list[str] | None, typer.Option("--id", help="Ticket id; may be repeated.")] = None,
    caller: Annotated[str | None, typer.Option("--caller", help="The caller, as the hotline wrote it.")] = None,
    older_than: Annotated[
        str | None, typer.Option("--older-than", help="Retention: everything opened before this day.")
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Remove tickets from history, quarantine and old versions, for good; exit code 3 when a caller may be left."""
    from features.clock import SystemClock
    from features.lake.erasure import caller_key_ids, erase
    from features.privacy import CallerHasher
    from pipelines.commands.options import parse_as_of

    settings, now = settings_for(home), SystemClock().now()
    hashes = CallerHasher(settings.secret_key(), retired=_retired_keys(settings)).hashes_of(caller) if caller else []
    before = parse_as_of(older_than, settings, now=now, flag="--older-than") if older_than else None
    lake = _lake(home)
    _refuse_unknown_source(lake, source)
    result = erase(
        lake, source=source, ids=ids or (), callers=hashes, opened_before=before, by=by, reason=reason, now=now
    )
    known = {hashed.partition("-")[0] for hashed in hashes}
    foreign = sorted(caller_key_ids(lake, source=source) - known) if caller else []
    if as_json:
        print_json(result.to_json() | {"unknown_keys": foreign})
    else:
        _say_erased(result, foreign)
    if foreign:
        raise typer.Exit(DEGRADED)


def _refuse_unknown_source(lake: Any, source: str) -> None:
    """A mistyped source would look like an erasure that found nothing."""
    from features.lake import LakeInputError

    names = sorted(state.source for state in lake.sources())
    if source not in names:
        raise LakeInputError(f"no source {source} in the lake", hint=f"it has {', '.join(names) or 'none yet'}")


def _say_erased(result: Any, foreign: list[str]) -> None:
    say(
        f"{result.tickets} tickets ({result.versions} versions) and {result.quarantined} quarantined rows erased, "
        f"{result.files} old files deleted; the lake is at version {result.snapshot}"
    )
    if result.lost:
        listed = ", ".join(map(str, result.lost))
        say(f"versions that can no longer be replayed exactly: {listed}")
    if foreign:
        say(
            f"callers are also hashed under keys that are not configured ({', '.join(foreign)}): tickets of this "
            "caller under them may be left. Name the old keys in [privacy] retired_keys and erase again"
        )


def _retired_keys(settings: Settings) -> list[bytes]:
    return [key.get_secret_value().encode() for key in settings.privacy.retired_keys]
