"""Configuration: file, environment, defaults, and errors that say where."""

from __future__ import annotations

import stat

import pytest
from pydantic import ValidationError

from features.configuration import SHIPPED_JOBS, AlertPolicy
from features.errors import BadInputError
from features.settings import Settings, load_settings


def test_defaults_keep_state_under_var_and_mlruns(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = load_settings(environ={})
    assert settings.store_url == f"sqlite:///{tmp_path / 'var' / 'weisu.db'}"
    assert settings.lake_path == str(tmp_path / "var" / "lake")
    assert settings.mlflow_uri == f"sqlite:///{tmp_path / 'mlruns' / 'mlflow.db'}"


def test_environment_wins_over_the_file_and_home_over_both(tmp_path):
    config = tmp_path / "weisu.toml"
    config.write_text('timezone = "Europe/Berlin"\ncountry = "DE"\nhome = "a"\n[schedule]\nsettle = "30s"\n')
    settings = load_settings(config=config, home=tmp_path / "b", environ={"WEISU_COUNTRY": "US", "WEISU_HOME": "c"})
    assert (settings.timezone, settings.country, settings.home) == ("Europe/Berlin", "US", tmp_path / "b")
    assert settings.schedule.settle == "30s"
    assert settings.alerts == AlertPolicy()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('timezone = "Mars/Olympus"', "timezone: unknown time zone 'Mars/Olympus'"),
        ('paint = "red"', "paint is not a key; there are home, timezone"),
        ('timezon = "UTC"', r"timezon is not a key: did you mean timezone\?"),
        ("timezone = ", "not valid TOML"),
        ("[alrets]\nweekly_budget = 3", r"\[alrets\] is not a section: did you mean \[alerts\]\?"),
        ("[alerts]\nweekly_bugdet = 3", r"weekly_bugdet is not a key of \[alerts\]: did you mean weekly_budget\?"),
        ("weekly_budget = 3", r"weekly_budget is a key of \[alerts\], and stands before the first section"),
        ("[alerts]\nweekly_budget = -3", r"\[alerts\] weekly_budget: should be greater than or equal to 0"),
        ("[alerts]\nweekly_budget = true", r"\[alerts\] weekly_budget: should be a whole number"),
        ("[alerts.levels.yellow]\ncallers = 3", r"\[alerts.levels.yellow\] times_usual: is missing"),
        ("[[alerts.ladder]]\nname = 'x'\nto = 'y'\nminimum = 'red'", r"minimum is not a key of \[alerts.ladder.0\]"),
        ("alerts = 3", "alerts: should be a table"),
        ("[schedule.jobs.trian]\ncron = '0 2 * * sun'", r"there is no job trian: did you mean train\?"),
        ("[schedule.jobs.train]\nwhen = 'now'", r"when is not a key of \[schedule.jobs.train\]; there are cron, every"),
        ("[retention]\ncity = 'long'", r"\[retention\] city: 'long' is not a period"),
        ("[quality]\nstalled_hours = -1", r"\[quality\] stalled_hours: should be greater than 0"),
        ("[delivery.targets.mail]\nhots = 'x'", r"hots is not a key of \[delivery.targets.mail\]: did you mean host\?"),
        ("lake_folder = 's3://tickets/lake'", "the lake needs a folder on a local disk"),
        ("[detect]\nbudget = 5", r"budget is not a key of \[detect\]"),
    ],
)
def test_bad_configuration_says_what_and_where(tmp_path, text, problem):
    config = tmp_path / "weisu.toml"
    config.write_text(text)
    with pytest.raises(BadInputError, match=problem):
        load_settings(config=config, environ={})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_of_a_windows_editor_is_read(tmp_path, encoding):
    config = tmp_path / "weisu.toml"
    config.write_bytes("[alerts]\r\nduty_desk = '总值班室'\r\n".encode(encoding))
    assert load_settings(config=config, environ={}).alerts.duty_desk == "总值班室"


def test_a_file_in_a_countrys_own_encoding_is_refused_with_the_way_out(tmp_path):
    config = tmp_path / "weisu.toml"
    config.write_bytes("[alerts]\nduty_desk = '总值班室'\n".encode("gbk"))
    with pytest.raises(BadInputError, match=r"line 2: not UTF-8, probably GB18030\nHint: save it as UTF-8"):
        load_settings(config=config, environ={})


def test_a_variable_that_sets_nothing_is_warned_of_with_the_nearest_name(caplog):
    load_settings(environ={"WEISU_HOEM": "x", "WEISU_ALERTS": "y", "WEISU_REAL_DATA": "z", "WEISU_CONFIG": ""})
    assert caplog.messages == [
        "WEISU_ALERTS sets nothing; `weisu config show` lists the variables",
        "WEISU_HOEM sets nothing: did you mean WEISU_HOME?",
    ]


def test_a_copy_with_other_sections_is_checked_and_keeps_the_rest():
    settings = Settings(country="US", alerts={"weekly_budget": 3})
    other = settings.changed(text={"days": 5})
    assert (other.country, other.alerts.weekly_budget, other.text.days) == ("US", 3, 5)
    with pytest.raises(ValidationError, match="dayz"):
        settings.changed(text={"dayz": 5})


def test_a_job_keeps_what_its_table_does_not_say():
    jobs = Settings(schedule={"jobs": {"train": {"every": "6h"}, "report": {"retries": 0}}}).schedule.jobs
    assert (jobs["train"].cron, jobs["train"].every) == ("", "6h")
    assert (jobs["report"].cron, jobs["report"].after, jobs["report"].retries) == ("0 7 * * mon", ("forecast",), 0)
    assert list(jobs) == list(SHIPPED_JOBS)


def test_a_named_file_must_exist(tmp_path):
    with pytest.raises(BadInputError, match="no configuration file"):
        load_settings(config=tmp_path / "absent.toml", environ={})


def test_secret_key_is_made_once_and_private(tmp_path):
    settings = Settings(home=tmp_path / "var")
    key = settings.secret_key()
    assert len(key) == 64
    assert settings.secret_key() == key
    assert stat.S_IMODE((tmp_path / "var" / "hmac.key").stat().st_mode) == 0o600
    assert "test-key" not in repr(Settings(hmac_key="test-key"))
