from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("features", "models", "pipelines", "serve")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [path] = folder.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    wheel.extractall(folder)
    return folder


def _metadata(wheel, name: str) -> str:
    [path] = [entry for entry in wheel.namelist() if entry.endswith(f".dist-info/{name}")]
    return wheel.read(path).decode()


def _python(installed: Path, code: str, *args: str) -> str:
    """Run code on the unpacked wheel alone, away from the checkout."""
    environ = {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-c", code, *args]
    return subprocess.run(
        command, cwd=installed, env=environ, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_the_wheel_has_our_four_packages_and_nothing_else_on_top(wheel):
    tops = {entry.partition("/")[0] for entry in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_the_wheel_has_every_file_of_the_packages(wheel):
    on_disk = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
    assert on_disk <= set(wheel.namelist())
    for kind in (".toml", ".html", ".css", ".mako", ".po"):
        assert any(entry.endswith(kind) for entry in wheel.namelist()), kind
    assert any(entry.startswith("serve/store/migrations/versions/") for entry in wheel.namelist())


def test_nothing_generated_or_private_travels(wheel):
    for entry in wheel.namelist():
        assert not entry.endswith((".db", ".parquet", ".key", ".pyc")), entry
        assert "mlruns" not in entry
        assert "/tests/" not in entry


def test_a_public_index_would_refuse_it(wheel):
    metadata = message_from_string(_metadata(wheel, "METADATA"))
    assert metadata["Name"] == "weisu"
    assert "Private :: Do Not Upload" in metadata.get_all("Classifier")
    assert metadata["License-Expression"] == "Apache-2.0"


def test_the_console_script(wheel):
    assert "weisu = pipelines.cli:main" in _metadata(wheel, "entry_points.txt")


def test_the_unpacked_wheel_answers(installed):
    code = "from pipelines.cli import main; main()"
    assert "simulate" in _python(installed, code, "--help")
    assert _python(installed, "import features; print(features.__file__)").startswith(str(installed))


def test_the_unpacked_wheel_finds_its_data(installed, tmp_path):
    code = (
        "import sys; from features.mappings import load_mapping; from features.simulator.catalogue import catalogue;"
        "from serve.store import Store; Store.open(sys.argv[1]).close();"
        "print(load_mapping('simulated').source, len(catalogue().districts))"
    )
    assert _python(installed, code, f"sqlite:///{tmp_path / 'weisu.db'}") == "simulated 19"
