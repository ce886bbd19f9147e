"""`weisu doctor`: what could keep this installation from working, each finding with the way out."""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from features.clock import SKEW, Clock, is_ahead
from features.errors import WeisuError
from features.foreign_paths import sqlite_file
from features.settings import Settings
from pipelines.errors import PipelineError

DISTRIBUTION: Final = "weisu"
PACKAGES: Final = ("features", "models", "pipelines", "serve")
_OLDEST_PYTHON: Final = (3, 11)
_LITTLE_SPACE: Final = 2 * 1024**3
_SILENT_SECONDS: Final = 120
_MISSING: Final = "missing"
_EVER: Final = timedelta(days=36_500)
_CJK_FONT: Final = re.compile(
    r"cjk|notosans(sc|hans)|source ?han|wqy|wenquanyi|simhei|simsun|simkai|msyh|pingfang|droidsansfallback|uming|ukai",
    re.IGNORECASE,
)


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One check: its name, how it ended, what was found, and what to do about it ('' when nothing)."""

    check: str
    status: Status
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """All findings of one examination."""

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """No check failed; warnings are allowed."""
        return all(finding.status is not Status.FAIL for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready description."""
        return {"schema_version": 1, "healthy": self.healthy, "checks": [asdict(item) for item in self.findings]}


Found = tuple[Status, str, str]
Check = Callable[[Settings, Clock], Found]


def examine(settings: Settings, clock: Clock) -> Diagnosis:
    """Run every check; a check that breaks is itself a finding. Changes nothing but a temporary file under home."""
    return Diagnosis(tuple(_finding(name, check, settings, clock) for name, check in CHECKS.items()))


def _finding(name: str, check: Check, settings: Settings, clock: Clock) -> Finding:
    try:
        return Finding(name, *check(settings, clock))
    except WeisuError as error:
        message, _, hint = str(error).partition("\nHint: ")
        return Finding(name, Status.FAIL, message, hint)
    except Exception as error:  # noqa: BLE001 - whatever breaks here is what the doctor is for
        return Finding(
            name, Status.FAIL, f"{type(error).__name__}: {error}", "read the message; then the page of that part"
        )


def foreign_owners(owners: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return which of our top-level packages other distributions claim as well.

    Args:
        owners: Top-level name -> distributions, as `importlib.metadata.packages_distributions()` gives it.
    """
    found = {name: sorted({dist for dist in owners.get(name, ()) if dist.lower() != DISTRIBUTION}) for name in PACKAGES}
    return {name: others for name, others in found.items() if others}


def _names(_settings: Settings, _clock: Clock) -> Found:
    foreign = foreign_owners(importlib.metadata.packages_distributions())
    if foreign:
        claims = "; ".join(f"{name}: {', '.join(others)}" for name, others in foreign.items())
        return (
            Status.FAIL,
            f"another distribution owns a package of ours ({claims})",
            "uninstall it from this environment",
        )
    homes = {name: _home_of(name) for name in PACKAGES}
    if len(set(homes.values())) > 1:
        places = "; ".join(f"{name} from {place}" for name, place in homes.items())
        return (
            Status.FAIL,
            f"our packages come from different folders ({places})",
            "set PYTHONSAFEPATH=1, clear PYTHONPATH",
        )
    return Status.OK, f"{', '.join(PACKAGES)} are ours", ""


def _home_of(package: str) -> str:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return "nowhere"
    return str(Path(spec.origin).parent.parent)


def _python(_settings: Settings, _clock: Clock) -> Found:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _OLDEST_PYTHON:
        return Status.FAIL, f"Python {version}", "use Python 3.11 or newer"
    return Status.OK, f"Python {version}", ""


def _openmp(_settings: Settings, _clock: Clock) -> Found:
    if sys.platform.startswith("linux"):
        try:
            ctypes.CDLL("libgomp.so.1")
        except OSError:
            return (
                Status.FAIL,
                "LightGBM needs libgomp.so.1, which is not here",
                "install libgomp1 (Debian) or libgomp (RHEL)",
            )
    import lightgbm

    return Status.OK, f"LightGBM {lightgbm.__version__} loads", ""


def _home(settings: Settings, _clock: Clock) -> Found:
    home = settings.home.resolve()
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=place):
            pass
    except OSError as error:
        return (
            Status.FAIL,
            f"cannot write to {place}: {error.strerror}",
            "choose another --home, or mend its permissions",
        )
    free = shutil.disk_usage(place).free
    if free < _LITTLE_SPACE:
        return Status.WARN, f"only {free / 1024**3:.1f} GiB are free under {place}", "make room, or move --home"
    return Status.OK, f"{home} is writable, {free / 1024**3:.0f} GiB free", ""


def _secret(settings: Settings, _clock: Clock) -> Found:
    path = settings.home / "hmac.key"
    if settings.hmac_key.get_secret_value() or not path.exists():
        return Status.OK, "configured" if settings.hmac_key.get_secret_value() else "is made on first use", ""
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        return Status.WARN, f"{path} can be read by others (mode {mode:o})", f"chmod 600 {path}"
    return Status.OK, f"{path}: keep a copy; without it callers cannot be recognised again", ""


def _store(settings: Settings, _clock: Clock) -> Found:
    from serve.store.migrations import HEAD

    shown, revision = _revision(settings)
    if revision == _MISSING:
        return Status.WARN, f"{shown} is not there yet", "the first command that needs it makes it"
    if revision != HEAD:
        wanted = f"is at revision {revision or 'none'}, this release needs {HEAD}"
        return Status.WARN, f"{shown} {wanted}", "the next command migrates it; have a backup"
    return Status.OK, f"{shown} at revision {revision}", ""


def _revision(settings: Settings) -> tuple[str, str | None]:
    """Return the store's address without its password, and its revision; does not migrate it.

    Raises:
        PipelineError: The database cannot be reached.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError

    from serve.store.engine import normalise_url
    from serve.store.migrations import current_revision

    url = normalise_url(settings.store_url)
    shown = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return shown, _MISSING
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return shown, current_revision(connection)
    except SQLAlchemyError as error:
        reason = str(error).splitlines()[0]
        raise PipelineError(
            f"cannot read {shown}: {reason}", hint="check database_url and that the server runs"
        ) from error
    finally:
        engine.dispose()


def _lake(settings: Settings, clock: Clock) -> Found:
    from features.knowledge import Knowledge, holds_tickets

    if not holds_tickets(settings):
        return Status.WARN, f"{settings.lake_path} is empty", "`weisu ingest FILE --mapping NAME`, or `weisu demo`"
    knowledge = Knowledge.at(settings, clock.now())
    known = knowledge.tickets(since=clock.now() - timedelta(days=7), columns=["known_at"])
    return Status.OK, f"version {knowledge.snapshot}, {known.num_rows} tickets opened in the last 7 days", ""


def _mlflow(settings: Settings, _clock: Clock) -> Found:
    file = sqlite_file(settings.mlflow_uri)
    if file is not None and not file.exists():
        return Status.WARN, f"{settings.mlflow_uri} is not there yet", "`weisu train` makes it"
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    from pipelines.tracking.mlflow_setup import mlflow_for

    models = mlflow_for(settings).MlflowClient().search_registered_models()
    named = ", ".join(sorted(model.name for model in models))
    return Status.OK, f"{settings.mlflow_uri}: {named or 'no model yet'}", ""


def _stray_runs(settings: Settings, _clock: Clock) -> Found:
    """Look for the old file store: MLflow would take the folder for one and refuse it."""
    stray = sorted(path.parent for path in settings.mlruns.glob("*/meta.yaml") if path.parent.name.isdigit())
    if stray:
        return (
            Status.FAIL,
            f"{stray[0]} is left from a file store of MLflow ({len(stray)} in all)",
            f"move it out of {settings.mlruns}",
        )
    return Status.OK, f"{settings.mlruns} holds no old file store", ""


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


def _fonts(_settings: Settings, _clock: Clock) -> Found:
    from matplotlib import font_manager

    found = sorted(Path(path).name for path in font_manager.findSystemFonts() if _CJK_FONT.search(Path(path).name))
    if not found:
        return Status.WARN, "no font with Chinese characters: PDF and images show boxes", "install fonts-noto-cjk"
    return Status.OK, found[0], ""


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


def _scheduler(settings: Settings, clock: Clock) -> Found:
    from pipelines.schedule.history import last_beat
    from serve.store import Store
    from serve.store.migrations import HEAD

    if _revision(settings)[1] != HEAD:
        return Status.OK, "not started yet", ""
    store = Store.open(settings.store_url)
    beaten = last_beat(store)
    store.close()
    if beaten is None:
        return Status.OK, "not running", ""
    seconds = (clock.now() - beaten).total_seconds()
    if seconds > _SILENT_SECONDS:
        return Status.WARN, f"silent for {seconds / 60:.0f} minutes", "start `weisu schedule run` again"
    return Status.OK, f"alive {seconds:.0f} s ago", ""


def _detectors(settings: Settings, _clock: Clock) -> Found:
    from pipelines.coverage import said_coverage
    from serve.alerts.repository import newest_run
    from serve.store import Store
    from serve.store.migrations import HEAD

    if _revision(settings)[1] != HEAD:
        return Status.OK, "not run yet", ""
    store = Store.open(settings.store_url)
    with store.reading() as session:
        run = newest_run(session)
        judged = {} if run is None else run.judged
    store.close()
    if said := "; ".join(said_coverage(judged)):
        return Status.WARN, said, "until then silence about the rest is not calm: look at the counts yourself"
    return Status.OK, "every series can be judged" if judged else "not run yet", ""


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


CHECKS: Final[Mapping[str, Check]] = {
    "package names": _names,
    "python": _python,
    "openmp": _openmp,
    "configuration": _configuration,
    "home": _home,
    "secret key": _secret,
    "store": _store,
    "lake": _lake,
    "mlflow": _mlflow,
    "stray runs": _stray_runs,
    "calendar": _calendar,
    "fonts": _fonts,
    "clock": _time,
    "scheduler": _scheduler,
    "detectors": _detectors,
}
"""Every check by name, in the order of the report."""
