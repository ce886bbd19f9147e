"""`weisu detect --panel`: a bare file in, a file of judgements out."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from features.errors import BadInputError, WeisuError
from pipelines.cli import app
from pipelines.commands.detect import detect_panel_file
from pipelines.commands.panel_files import read_panel


def write(folder, suffix):
    rng = np.random.default_rng(4)
    ds = pd.date_range("2022-01-03", periods=120, freq="7D")
    frame = pd.concat([pd.DataFrame({"unique_id": str(i), "ds": ds, "y": rng.poisson(6, 120)}) for i in range(3)])
    path = folder / f"panel{suffix}"
    frame.to_parquet(path) if suffix == ".parquet" else frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_panel_file_is_judged_from_the_date_asked_for(tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    summary = detect_panel_file(write(tmp_path, suffix), freq="W", start="2024-01-01", out=out, country="DE")
    rows = pd.read_parquet(out) if suffix == ".parquet" else pd.read_csv(out, dtype={"unique_id": str})
    assert summary["rows"] == len(rows) == 3 * 16
    assert list(rows.columns[:9]) == [
        "unique_id", "ds", "y", "expected", "upper", "p_value", "p_value_1", "recurrence_days", "alarm",
    ]  # fmt: skip
    assert set(rows["unique_id"]) == {"0", "1", "2"}


def test_weeks_keep_the_weekday_of_the_file(tmp_path):
    ds = pd.date_range("2022-01-05", periods=110, freq="7D")
    path, out = tmp_path / "wednesday.parquet", tmp_path / "out.parquet"
    pd.DataFrame({"unique_id": "a", "ds": ds, "y": 5}).to_parquet(path)
    detect_panel_file(path, freq="W", start="2024-01-01", out=out, country="CN")
    assert (pd.read_parquet(out)["ds"].dt.day_of_week == 2).all()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"start": "soon"}, "--from 'soon' is not a date"),
        ({"start": "2024-01-01", "alpha": 2}, "--alpha 2 is not between"),
        ({"start": "2024-01-01", "freq": "M"}, "unknown frequency 'M'"),
    ],
)
def test_a_wrong_flag_is_named(tmp_path, flags, message):
    with pytest.raises(BadInputError, match=message):
        detect_panel_file(write(tmp_path, ".csv"), **{"freq": "W", "out": tmp_path / "o.csv", **flags})


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"", "empty.csv is empty"),
        ("ragged.csv", b"unique_id,ds,y\na,2024-01-01,1\na,2024-01-08,2,3,4\n", "ragged.csv: .*line 3"),
        ("short.csv", b"unique_id,ds,y\n\xff\xff,2024-01-01,1\n", "the panel has 1 week"),
        ("torn.parquet", b"PAR1", "not a Parquet file, or a damaged one"),
        ("wrong.csv", b"unique_id,date,y\na,2024-01-01,1\n", "has no column 'ds'"),
    ],
)
def test_a_file_that_is_no_panel_is_refused_by_name(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(WeisuError, match=message) as caught:
        detect_panel_file(path, freq="W", start="2024-01-01", out=tmp_path / "o.csv")
    assert caught.value.exit_code == 2


def test_a_panel_saved_by_chinese_office_software_is_read(tmp_path):
    path, out = tmp_path / "panel.csv", tmp_path / "out.csv"
    write(tmp_path, ".csv")
    path.write_text(path.read_text().replace("\n1,", "\n海口,"), encoding="gb18030")
    detect_panel_file(path, freq="W", start="2024-01-01", out=out)
    assert set(pd.read_csv(out, dtype={"unique_id": str})["unique_id"]) == {"0", "海口", "2"}


def test_zoned_times_are_refused(tmp_path):
    path = write(tmp_path, ".parquet")
    frame = pd.read_parquet(path)
    frame.assign(ds=frame["ds"].dt.tz_localize("Asia/Shanghai")).to_parquet(path)
    with pytest.raises(BadInputError, match="ds has a time zone"):
        read_panel(path)


def test_the_command_judges_by_the_installation_s_configuration(tmp_path, monkeypatch):
    path = write(tmp_path, ".csv")
    found = []
    for name, config in (("shipped", ""), ("tuned", "[surge.weekly]\nmemory = 60\n")):
        home = tmp_path / name
        home.mkdir()
        (home / "weisu.toml").write_text(config)
        monkeypatch.chdir(home)
        out = home / "o.csv"
        command = ["detect", "--panel", str(path), "--freq", "W", "--from", "2024-01-01", "--out", str(out)]
        assert CliRunner().invoke(app, command).exit_code == 0
        found.append(pd.read_csv(out)["expected"])
    assert not found[0].equals(found[1])
