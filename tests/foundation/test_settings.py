"""Configuration: file, environment, defaults, and errors that say where."""

from __future__ import annotations

import stat

import pytest

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
    config.write_text('timezone = "Europe/Berlin"\ncountry = "DE"\nhome = "a"\n[schedule]\ntrain = "Sun 02:00"\n')
    settings = load_settings(config=config, home=tmp_path / "b", environ={"WEISU_COUNTRY": "US", "WEISU_HOME": "c"})
    assert (settings.timezone, settings.country, settings.home) == ("Europe/Berlin", "US", tmp_path / "b")
    assert settings.section("schedule") == {"train": "Sun 02:00"}
    assert settings.section("absent") == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('timezone = "Mars/Olympus"', "timezone: .*unknown time zone 'Mars/Olympus'"),
        ('colour = "red"', "colour: Extra inputs"),
        ("timezone = ", "not valid TOML"),
    ],
)
def test_bad_configuration_says_what_and_where(tmp_path, text, problem):
    config = tmp_path / "weisu.toml"
    config.write_text(text)
    with pytest.raises(BadInputError, match=problem):
        load_settings(config=config, environ={})


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
