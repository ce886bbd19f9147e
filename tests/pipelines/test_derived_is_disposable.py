"""What can be made anew is never trusted: whatever happens to it, the answers are those of a fresh home."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from sqlalchemy import select

from features.clock import SystemClock
from features.configuration import TextConfig
from features.knowledge import Knowledge
from features.lake import Lake
from features.reasons import ReasonCode
from features.settings import Settings
from features.sources.feeds import Bookmark, FeedPosition
from features.vocabulary import Frequency
from pipelines.detect import detect_everything, live_detector
from pipelines.errors import LostBundleError, LostRegistryError
from pipelines.forecast import forecast
from pipelines.ingest import ingest
from pipelines.topic_memory import load_or_learn, load_topic_memory
from pipelines.tracking import Registry
from pipelines.tracking.registry import CHECKSUMS, Version, checksums
from serve.store import Store
from serve.store.tables import Alert

HOW = ["absent", "empty", "half", "random", "flipped"]
AS_OF = datetime(2026, 11, 22, 18, tzinfo=UTC)
PANELS = {Frequency.DAILY: 20, Frequency.WEEKLY: 2}


def damage(file: Path, how: str) -> None:
    content = file.read_bytes()
    middle = len(content) // 2
    noise = random.Random(len(content)).randbytes(len(content))
    if how == "absent":
        file.unlink()
        return
    damaged = {
        "empty": b"",
        "half": content[:middle],
        "random": noise,
        "flipped": content[: middle - 8] + noise[:16] + content[middle + 8 :],
    }
    file.write_bytes(damaged[how])


@pytest.fixture
def lake(settings: Settings, clock, tmp_path: Path) -> Lake:
    lines = ["工单编号,受理时间,一级事项,二级事项,三级事项,区县,承办单位,来电人,标题,诉求内容"]
    for i in range(600):
        opened, kind = f"2026-{10 + i % 2}-{1 + i % 21:02d} 08:00:00", ("停水", "噪声")[i % 2]
        lines.append(f"T{i},{opened},城建,{kind},{kind},龙华区,水务局,1380000{i % 50:04d},扰民,搅拌站扰民{i}")
    export = tmp_path / "export.csv"
    export.write_text("\n".join(lines), encoding="utf-8")
    ingest([export], "zh_12345", settings, clock)
    return Lake.of(settings)


def panels(settings: Settings, lake: Lake, *, keep: bool, as_of: datetime = AS_OF) -> pd.DataFrame:
    known = Knowledge.at(settings, as_of, lake=lake).panels(PANELS, levels=["cell", "total"], keep=keep)
    return pd.concat([known[freq].panel.y.assign(freq=str(freq)) for freq in PANELS], ignore_index=True)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("part", ["state.json", "blocks/label_keys", "blocks/counts", "blocks/repeats"])
def test_damaged_counts_are_counted_anew(settings, lake, part, how):
    panels(settings, lake, keep=True, as_of=AS_OF - timedelta(days=2))
    panels(settings, lake, keep=True)
    place = settings.home / "counts" / part
    damage(place if place.is_file() else min(place.glob("*/*.parquet")), how)
    pd.testing.assert_frame_equal(panels(settings, lake, keep=True), panels(settings, lake, keep=False))
    later = AS_OF + timedelta(hours=5)
    damage(place if place.is_file() else max(place.glob("*/*.parquet")), how)
    found = panels(settings, lake, keep=True, as_of=later)
    pd.testing.assert_frame_equal(found, panels(settings, lake, keep=False, as_of=later))


@pytest.mark.parametrize("how", HOW)
def test_a_damaged_memory_of_topics_is_learnt_anew(settings, lake, how):
    knowledge = Knowledge.at(settings, AS_OF, lake=lake)
    good = load_or_learn(knowledge, TextConfig(), days=20).to_bytes()
    (kept,) = (settings.home / "topics").glob("*.npz")
    (kept.parent / "notes.npz").write_bytes(b"of somebody else")
    damage(kept, how)
    assert load_or_learn(knowledge, TextConfig(), days=20).to_bytes() == good
    assert load_topic_memory(knowledge, TextConfig()).to_bytes() == good


def test_counts_and_topics_of_a_moment_still_to_come_are_in_nobody_s_way(settings, lake):
    panels(settings, lake, keep=True)
    state = settings.home / "counts" / "state.json"
    ahead = (SystemClock().now() + timedelta(days=4000)).isoformat()
    state.write_text(json.dumps({**json.loads(state.read_text()), "as_of": ahead}))
    pd.testing.assert_frame_equal(panels(settings, lake, keep=True), panels(settings, lake, keep=False))
    assert datetime.fromisoformat(json.loads(state.read_text())["as_of"]) == AS_OF
    folder = settings.home / "topics"
    folder.mkdir()
    for day in ("2036-01-01", "2036-01-02", "2036-01-03"):
        (folder / f"{day}.npz").write_bytes(b"of a wrong clock")
    load_or_learn(Knowledge.at(settings, AS_OF, lake=lake), TextConfig(), days=20)
    assert load_topic_memory(Knowledge.at(settings, AS_OF, lake=lake), TextConfig()).through is not None


@pytest.mark.parametrize("how", HOW)
def test_a_damaged_bookmark_begins_anew(tmp_path, how):
    from features.mappings import load_mapping

    mapping = load_mapping("open311")
    bookmark = Bookmark(tmp_path / "b.json", url="http://x", mapping=mapping, since=AS_OF, until=None)
    bookmark.write(FeedPosition(AS_OF, 3, 200), end=AS_OF)
    assert bookmark.read() == (FeedPosition(AS_OF, 3, 200), AS_OF)
    damage(tmp_path / "b.json", how)
    assert bookmark.read() is None


@pytest.mark.parametrize("how", HOW)
def test_a_damaged_tracking_store_is_as_good_as_none(settings, how):
    with pytest.raises(Exception, match="has no champion"):
        Registry.open(settings).champion("weisu-hotspot")
    shutil.copy(settings.mlruns / "mlflow.db", settings.mlruns / "whole.db")
    damage(settings.mlruns / "mlflow.db", how)
    config, version, reasons = live_detector(settings)
    assert (config, version) == (settings.surge, "release")
    # MLflow fills an empty file with an empty store; some flipped bytes lie where nothing is.
    empty = {ReasonCode.NO_CHAMPION} if how in {"absent", "empty", "flipped"} else set()
    assert {reason.code for reason in reasons} <= {ReasonCode.REGISTRY_UNREADABLE, *empty}
    assert len(reasons) == 1


def test_a_tracking_store_of_another_kind_is_as_good_as_none(settings):
    settings.mlruns.mkdir()
    import sqlite3

    with sqlite3.connect(settings.mlruns / "mlflow.db") as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('of a later release')")
    connection.close()
    with pytest.raises(LostRegistryError, match="the model registry cannot be read"):
        Registry.open(settings).champion("weisu-demand")


@pytest.mark.parametrize("how", HOW)
def test_a_damaged_file_of_a_bundle_is_found_by_its_checksum(tmp_path, how):
    files = {"weekly/model.txt": b"tree" * 100, "surge.json": b"{}"}
    root = tmp_path / "artifacts" / "bundle"
    for name, content in {**files, CHECKSUMS: checksums(files)}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    fetch = SimpleNamespace(download_artifacts=lambda artifact_uri: str(tmp_path))
    registry = Registry(SimpleNamespace(artifacts=fetch, exceptions=SimpleNamespace(MlflowException=KeyError)))
    version = Version("weisu-demand", "7", "run", AS_OF, (), {}, {})
    assert registry.bundle(version) == files
    damage(root / "weekly" / "model.txt", how)
    with pytest.raises(LostBundleError, match="weisu-demand version 7 are damaged"):
        registry.bundle(version)


def alerts(settings: Settings) -> set[tuple[str, ...]]:
    store = Store.open(settings.store_url)
    with store.reading() as session:
        found = {(one.kind, one.category, one.area, str(one.sentence)) for one in session.scalars(select(Alert))}
    store.close()
    return found


def without_store(settings: Settings) -> None:
    for file in settings.home.glob("weisu.db*"):
        file.unlink()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("how", HOW)
def test_detection_with_every_derived_file_damaged_finds_what_a_fresh_home_finds(own_city, tmp_path, how):
    fresh = own_city.settings.model_copy(update={"home": tmp_path / "fresh", "mlruns": tmp_path / "none"})
    shutil.copytree(own_city.settings.home / "lake", fresh.home / "lake")
    assert detect_everything(fresh, own_city.clock, as_of=own_city.now).degraded
    assert alerts(fresh)

    settings = own_city.settings
    without_store(settings)
    derived: Callable[[Path], bool] = lambda path: path.is_file() and path.parts[len(settings.home.parts)] != "lake"  # noqa: E731
    damaged = [path for path in settings.home.rglob("*") if derived(path) and not path.name.startswith(".")]
    assert {path.relative_to(settings.home).parts[0] for path in damaged} == {"counts", "topics", "SIMULATED"}
    for path in damaged:
        damage(path, how)
    # Some flipped bytes of the models' database lie where nothing is, and it is read as ever.
    damage(settings.mlruns / "mlflow.db", "random" if how == "flipped" else how)
    assert detect_everything(settings, own_city.clock, as_of=own_city.now).degraded
    assert alerts(settings) == alerts(fresh)
    codes = {reason.code for reason in forecast(settings, own_city.clock, as_of=own_city.now).degraded}
    assert codes & {ReasonCode.NO_CHAMPION, ReasonCode.REGISTRY_UNREADABLE}
