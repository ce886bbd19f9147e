"""A simulated city is labelled as one, whatever else can be read; a real one never is."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from features.lake import Lake
from features.lake.mark import mark_simulated
from features.mappings import load_mapping
from features.origin import origin_of
from features.reasons import ReasonCode
from features.settings import Settings
from features.simulator import SimulatorConfig, write_city
from pipelines.ingest import ingest


def load_simulated(settings: Settings, clock, folder: Path) -> None:
    made = write_city(SimulatorConfig(tickets=200, start=date(2026, 10, 1), end=date(2026, 11, 15), seed=1), folder)
    ingest([made.tickets_path], "simulated", settings, clock)


def load_real(settings: Settings, clock, folder: Path) -> None:
    export = folder / "export.csv"
    export.write_text("工单编号,受理时间,三级事项,区县\nT1,2026-11-02 08:00:00,停水,龙华区\n", encoding="utf-8")
    ingest([export], "zh_12345", settings, clock)


def without_marks(settings: Settings) -> None:
    for folder in (settings.home, Path(settings.lake_path)):
        (folder / "SIMULATED").unlink(missing_ok=True)


def test_an_empty_and_a_real_installation_carry_no_label(settings, clock, tmp_path):
    assert origin_of(settings) == origin_of(settings.changed(home=tmp_path / "elsewhere"))
    load_real(settings, clock, tmp_path)
    origin = origin_of(settings)
    assert (origin.simulated, origin.missing) == (False, ())
    load_simulated(settings, clock, tmp_path)
    assert origin_of(settings).simulated, "one simulated source in a real lake is enough"


@pytest.mark.parametrize("gone", ["lake", "lake/loads", "lake/tickets", "lake/SIMULATED", "SIMULATED", "weisu.db"])
def test_the_label_stays_whatever_is_lost(settings, clock, tmp_path, gone):
    load_simulated(settings, clock, tmp_path)
    lost = settings.home / gone
    if lost.is_dir():
        shutil.rmtree(lost)
    else:
        lost.unlink(missing_ok=True)
    assert origin_of(settings).simulated


def test_a_lake_of_an_earlier_release_is_told_by_its_load_log_and_marked(settings, clock, tmp_path):
    load_simulated(settings, clock, tmp_path)
    without_marks(settings)
    assert origin_of(settings).simulated
    assert {path.parent for path in settings.home.rglob("SIMULATED")} == {settings.home, Path(settings.lake_path)}


def test_a_load_log_that_cannot_be_read_is_said(settings, clock, tmp_path):
    load_simulated(settings, clock, tmp_path)
    without_marks(settings)
    for file in Lake.of(settings).loads_store.path.glob("*.parquet"):
        file.write_bytes(b"broken")
    origin = origin_of(settings)
    assert [reason.code for reason in origin.missing] == [ReasonCode.ORIGIN_UNKNOWN]


def test_a_mapping_of_another_source_of_the_city_is_real(settings, clock, tmp_path):
    made = write_city(SimulatorConfig(tickets=200, start=date(2026, 10, 1), end=date(2026, 11, 15), seed=1), tmp_path)
    ingest([made.tickets_path], load_mapping("simulated").model_copy(update={"source": "simulated2"}), settings, clock)
    assert not origin_of(settings).simulated


def test_a_home_that_is_not_there_is_not_made_by_a_mark(tmp_path):
    mark_simulated(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
