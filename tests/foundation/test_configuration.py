"""Every section and key: declared once with its sentence, shown, written as a commented file, documented."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from features.configuration.listing import keys_of
from features.configuration.part import sentence
from features.configuration.template import commented_file, declared, reference
from features.settings import PLAIN_KEYS, Settings, load_settings
from pipelines.cli import app

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working folder and no variables."""
    for name in PLAIN_KEYS:
        monkeypatch.delenv(f"WEISU_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def weisu(*flags: str):
    return CliRunner().invoke(app, flags)


def test_every_key_has_a_sentence():
    assert [key.path for key in declared(Settings) if not key.sentence] == []
    assert [name for name in Settings.model_fields if not sentence(Settings, name)] == []


def test_the_documentation_says_what_is_declared():
    generated = PAGE.read_text(encoding="utf-8").partition("## Every key\n\n")[2]
    assert generated.strip() == reference(Settings).strip(), "`make docs` writes docs/configuration.md anew"


def test_the_commented_file_changes_nothing(folder):
    assert weisu("init").exit_code == 0
    assert load_settings(environ={}) == Settings()


def test_the_commented_file_without_its_marks_holds_the_defaults(tmp_path):
    config = tmp_path / "weisu.toml"
    config.write_text(re.sub(r"(?m)^#(?=\S)", "", commented_file(Settings())), encoding="utf-8")
    written = {key.path: key.value for key in keys_of(load_settings(config=config, environ={}))}
    for key in keys_of(Settings()):
        if key.example is None and key.value != {}:
            assert written[key.path] == key.value, key.path


def test_init_overwrites_nothing_without_force(folder):
    (folder / "weisu.toml").write_text("country = 'US'\n")
    done = subprocess.run([sys.executable, "-m", "pipelines.cli", "init"], capture_output=True, text=True, check=False)
    assert (done.returncode, "--force overwrites it" in done.stderr) == (2, True)
    assert (folder / "weisu.toml").read_text() == "country = 'US'\n"
    forced = weisu("init", "--force")
    assert forced.exit_code == 0
    assert "weisu config check" in forced.stderr


def test_show_tells_what_set_a_key_and_masks_secrets(folder, monkeypatch):
    (folder / "weisu.toml").write_text(
        'hmac_key = "very secret"\n[alerts]\nweekly_budget = 7\n[sources.city]\ntoken = "t0k3n"\n'
        '[schedule.jobs.train]\nretries = 5\n[delivery.targets.duty]\nchannel = "wecom"\nurl = "https://bot.example/?key=k3y"\n'
    )
    monkeypatch.setenv("WEISU_DATABASE_URL", "postgresql://weisu:pa55@db.example/weisu")
    shown = weisu("config", "show", "--json", "--home", "elsewhere")
    assert shown.exit_code == 0
    for secret in ("very secret", "t0k3n", "k3y", "pa55"):
        assert secret not in shown.stdout
    keys = {(row["section"], row["key"]): row for row in json.loads(shown.stdout)["keys"]}
    assert keys["alerts", "weekly_budget"] == {
        "section": "alerts",
        "key": "weekly_budget",
        "value": 7,
        "unit": "alerts a week",
        "set_by": "file",
        "sentence": "Most alerts that one department is notified of; red and sensitive ones are outside it.",
    }
    origins = {path: row["set_by"] for path, row in keys.items()}
    assert origins["", "home"] == "flag"
    assert origins["", "database_url"] == "environment"
    assert origins["alerts", "repeat_hours"] == "default"
    assert (origins["schedule.jobs.train", "retries"], origins["schedule.jobs.train", "cron"]) == ("file", "default")
    assert "postgresql://weisu:**********@db.example/weisu" in weisu("config", "show").stdout


def test_check_finds_what_only_the_scheduler_would(folder):
    (folder / "other.toml").write_text("[schedule.jobs.train]\ncron = '0 2 * * 0'\n")
    done = weisu("config", "check", "other.toml")
    assert "numbers a weekday" in str(done.exception)
    (folder / "other.toml").write_text("[calendar]\nevents = 'absent.csv'\n")
    done = weisu("config", "check", "other.toml")
    assert (done.exit_code, "absent.csv is named and not there" in done.stderr) == (0, True)


@pytest.mark.parametrize("command", ["config show", "doctor", "users list", "serve --port 0", "schedule list"])
def test_a_command_refuses_a_section_that_does_not_exist_as_it_starts(folder, command):
    (folder / "weisu.toml").write_text("[dilivery]\nattempts = 3\n")
    run = [sys.executable, "-m", "pipelines.cli", *command.split()]
    done = subprocess.run(run, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "[dilivery] is not a section: did you mean [delivery]?" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_application_of_an_asgi_server_refuses_it_too(folder):
    (folder / "weisu.toml").write_text("[alerts]\nweekly_bugdet = 3\n")
    code = "from serve.api.asgi import app; app()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "weekly_bugdet is not a key of [alerts]: did you mean weekly_budget?" in done.stderr


def test_the_version_is_printed():
    assert re.fullmatch(r"weisu \d+\.\d+\.\d+\n", weisu("--version").stdout)
