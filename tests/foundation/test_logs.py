"""What logs show of a failure: where it was, and none of the values at hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from serve.logs import configure_logs


@pytest.fixture
def configured() -> Iterator[None]:
    configure_logs()
    yield
    structlog.reset_defaults()


@pytest.mark.usefixtures("configured")
def test_a_traceback_does_not_tell_the_rows_that_were_being_read(capsys):
    caller = "13907551234"

    def read(row: dict[str, str]) -> None:
        raise ValueError(f"{len(row)} columns are too few")

    try:
        read({"来电人": caller})
    except ValueError:
        structlog.get_logger("test").exception("a job failed", job="ingest")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "in read" in captured.err
    assert "1 columns are too few" in captured.err
    assert caller not in captured.err


@pytest.mark.usefixtures("configured")
def test_what_is_no_terminal_gets_no_colours(capsys):
    structlog.get_logger("test").warning("a feed is late", source="city")
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.usefixtures("configured")
def test_what_an_error_says_of_a_value_is_masked_and_an_address_of_a_database_stays(capsys):
    try:
        int("我是13800003210")
    except ValueError:
        structlog.get_logger("test").exception("a job failed", store="postgresql://weisu@db.example.org/weisu")
    said = capsys.readouterr().err
    assert "13800003210" not in said
    assert "invalid literal for int() with base 10: '我是[手机号]'" in said
    assert "postgresql://weisu@db.example.org/weisu" in said
