from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from datetime import date, timedelta

import pytest

from features.settings import Settings
from features.simulator import SimulatorConfig, write_city
from pipelines import doctor
from pipelines.doctor import Status, examine, foreign_owners
from pipelines.ingest import ingest
from pipelines.schedule.history import slot_key
from serve.jobs import SCHEDULER, beat, record
from serve.store import Store


@pytest.fixture
def finding(settings, clock):
    """Run one check by name."""
    return lambda name, **changes: doctor._finding(
        name, doctor.CHECKS[name], settings.model_copy(update=changes), clock
    )


def test_a_fresh_installation_is_healthy_and_untouched(settings, clock):
    diagnosis = examine(settings, clock)
    assert diagnosis.healthy, diagnosis
    assert not settings.home.exists()
    by_name = {item.check: item for item in diagnosis.findings}
    assert by_name["store"].status is Status.WARN
    assert by_name["lake"].status is Status.WARN
    assert all(item.hint for item in diagnosis.findings if item.status is not Status.OK)


def test_only_foreign_owners_are_named():
    owners = {"models": ["weisu", "other"], "features": ["Weisu"], "numpy": ["numpy"]}
    assert foreign_owners(owners) == {"models": ["other"]}


def test_the_command_fails_loudly_when_another_distribution_owns_a_name(tmp_path):
    info = tmp_path / "site/imposter-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: imposter\nVersion: 1.0\n")
    (info / "RECORD").write_text("models/extra.py,,\n")
    environ = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    code = "from pipelines.cli import main; main()"
    command = [sys.executable, "-c", code, "doctor", "--json", "--home", str(tmp_path / "var")]
    done = subprocess.run(command, env=environ, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["healthy"] is False
    [names] = [check for check in document["checks"] if check["check"] == "package names"]
    assert names["status"] == "fail"
    assert "models: imposter" in names["message"]


def test_packages_from_different_folders_are_told(finding, monkeypatch):
    monkeypatch.setattr(doctor.machine, "_home_of", lambda name: "/elsewhere" if name == "models" else "/here")
    assert "models from /elsewhere" in finding("package names").message


def test_a_missing_libgomp_has_a_clear_message(finding, monkeypatch):
    def missing(name):
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", missing)
    found = finding("openmp")
    assert (found.status, "libgomp.so.1" in found.message, "libgomp1" in found.hint) == (Status.FAIL, True, True)


def test_an_old_python_is_refused(finding, monkeypatch):
    monkeypatch.setattr(doctor.machine.sys, "version_info", (3, 10, 9))
    assert finding("python").status is Status.FAIL


def test_a_home_that_cannot_be_written_is_told(finding, monkeypatch):
    def refuse(**_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.machine.tempfile, "NamedTemporaryFile", refuse)
    assert "Permission denied" in finding("home").message


def test_a_store_is_checked_without_migrating_it(finding, settings):
    Store.open(settings.store_url).close()
    assert finding("store").status is Status.OK
    old = f"sqlite:///{settings.home / 'old.db'}"
    (settings.home / "old.db").touch()
    found = finding("store", database_url=old)
    assert (found.status, "revision none" in found.message) == (Status.WARN, True)
    (settings.home / "torn.db").write_bytes(b"this is no database at all, only text" * 40)
    torn = finding("store", database_url=f"sqlite:///{settings.home / 'torn.db'}")
    assert (torn.status, "is damaged" in torn.message) == (Status.FAIL, True)


def test_a_password_is_never_shown(finding):
    found = finding("store", database_url="postgresql://weisu:s3cret@127.0.0.1:1/weisu")
    assert found.status is Status.FAIL
    assert "s3cret" not in found.message


def test_a_leftover_file_store_is_named(finding, settings):
    folder = settings.mlruns / "0"
    folder.mkdir(parents=True)
    (folder / "meta.yaml").touch()
    found = finding("stray runs")
    assert found.status is Status.FAIL
    assert str(folder) in found.message


def test_a_readable_key_is_warned_of(finding, settings):
    settings.home.mkdir()
    key = settings.home / "hmac.key"
    key.write_text("0" * 64)
    key.chmod(0o644)
    assert finding("secret key", hmac_key=Settings().hmac_key).status is Status.WARN
    key.chmod(0o600)
    assert finding("secret key", hmac_key=Settings().hmac_key).status is Status.OK


def test_no_chinese_font_is_a_warning(finding, monkeypatch):
    from matplotlib import font_manager

    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: ["/fonts/DejaVuSans.ttf"])
    assert finding("fonts").hint == "install fonts-noto-cjk"
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: ["/fonts/NotoSansCJK-Regular.ttc"])
    assert finding("fonts").status is Status.OK


def test_a_clock_behind_the_tickets_is_told(finding, settings, clock, tmp_path):
    city = SimulatorConfig(tickets=300, start=date(2026, 11, 20), end=date(2026, 11, 23))
    ingest([write_city(city, tmp_path / "city").tickets_path], "simulated", settings, clock)
    assert finding("lake").status is Status.OK
    assert finding("clock").status is Status.OK
    clock.advance(timedelta(days=-2))
    assert "opened after now" in finding("clock").message


def test_a_silent_scheduler_is_told(finding, settings, clock):
    store = Store.open(settings.store_url)
    with record(store, SCHEDULER, clock=clock, key=slot_key(clock.now(), settings.zone)) as row:
        beat(store, row.id, clock=clock)
        assert finding("scheduler").message.startswith("alive, last at ")
        clock.advance(timedelta(minutes=5))
        silent = finding("scheduler")
        assert (silent.status, silent.hint) == (Status.FAIL, "start `weisu schedule run` again")
    assert "stopped since" in finding("scheduler").message
    clock.advance(timedelta(hours=2))
    with record(store, "detect", clock=clock, key=slot_key(clock.now(), settings.zone)):
        pass
    assert finding("scheduler").message.startswith("run by cron")
    clock.advance(timedelta(hours=26))
    assert finding("scheduler").status is Status.FAIL
    store.close()


def test_a_check_that_breaks_is_a_finding(settings, clock):
    def broken(_settings, _clock):
        raise RuntimeError("no disk")

    found = doctor._finding("disk", broken, settings, clock)
    assert (found.status, found.message) == (Status.FAIL, "RuntimeError: no disk")
