"""A backup is whole or refused, and a restore forgets what was erased since, before anybody reads it."""

from __future__ import annotations

import io
import json
import random
import shutil
import tarfile
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from features.clock import FixedClock
from features.configuration.reading import from_environment
from features.errors import WeisuError
from features.lake import Lake
from features.lake.erasure import erase
from features.lake.erasure_list import ErasureList
from features.lake.upkeep import check, optimize, vacuum
from features.privacy import CallerHasher
from features.settings import LoadedSettings, Settings, load_configuration, load_settings
from pipelines.backup import archive as archives
from pipelines.backup import swap
from pipelines.backup.restore import RestoreSummary, RestoreWanted, restore_backup
from pipelines.backup.sealed import seal, unseal
from pipelines.backup.take import take_backup
from pipelines.commands.options import settings_for
from pipelines.errors import BackupError, BackupInputError
from pipelines.ingest import ingest
from serve.access import add_key, list_keys
from serve.errors import StoreError
from serve.jobs import record
from serve.store import Store
from serve.store.copying import dump_postgresql, load_postgresql
from serve.store.tables import JobRun

SECRET = "a passphrase of the test"
HEADER = "工单编号,受理时间,三级事项,区县,来电人,诉求内容"


def export(folder: Path, name: str, callers: list[str], *, day: str = "2026-11-02") -> list[Path]:
    rows = [f"{name}{i},{day} 08:00:00,停水,海口,{caller},停水{i}" for i, caller in enumerate(callers)]
    (folder / f"{name}.csv").write_text("\n".join([HEADER, *rows]), "utf-8")
    return [folder / f"{name}.csv"]


def loaded(settings: Settings) -> LoadedSettings:
    return LoadedSettings(settings, None, {}, (), ())


@pytest.fixture
def town(tmp_path, clock) -> Settings:
    """An installation with tickets, a store, a key of its own, and things that do not belong into a backup."""
    folder = tmp_path / "海口 12345"
    folder.mkdir()
    settings = Settings(home=folder / "var", mlruns=folder / "mlruns", retention={"zh_12345": "5y"})
    ingest(export(tmp_path, "A", ["13800000001", "13800000002", "13800000003"]), "zh_12345", settings, clock)
    store = Store.open(settings.store_url)
    add_key(store, name="planner", role="planner", now=clock.now())
    with record(store, "detect", clock=clock, key="1"):
        pass
    store.close()
    waiting = settings.home / "incoming" / "own"
    waiting.mkdir(parents=True)
    (waiting / "raw.csv").write_text("13800000009", "utf-8")
    (waiting / "mapping.toml").write_text("source = 'own'", "utf-8")
    (settings.home / "reports").mkdir()
    (settings.home / "reports" / "周报.html").write_text("<p>", "utf-8")
    return settings


def elsewhere(town: Settings, tmp_path: Path, **changes) -> Settings:
    """The same configuration in a new place."""
    place = tmp_path / "new place"
    return town.model_copy(update={"home": place / "var", "mlruns": place / "mlruns", **changes})


def taken(town: Settings, tmp_path: Path, clock, *, passphrase: str | None = SECRET) -> Path:
    file = tmp_path / "backups" / "周一.weisu"
    take_backup(loaded(town), file, clock, passphrase=passphrase)
    return file


def restored(settings: Settings, file: Path, clock, **wanted) -> RestoreSummary:
    return restore_backup(loaded(settings), file, clock, RestoreWanted(**{"passphrase": SECRET, **wanted}), home=None)


def tickets(settings: Settings) -> set[str]:
    return set(Lake.of(settings).tickets(columns=["ticket_id"])["ticket_id"].to_pylist())


def runs(settings: Settings) -> list[str]:
    store = Store.open(settings.store_url)
    with store.reading() as session:
        found = list(session.scalars(select(JobRun.name).order_by(JobRun.id)))
    store.close()
    return found


def test_a_restored_installation_goes_on_where_the_backup_was_made(town, tmp_path, clock):
    file = taken(town, tmp_path, clock)
    new = elsewhere(town, tmp_path)
    done = restored(new, file, clock, erasures=town.erasure_list)
    assert (done.keys, done.erased, done.warnings, done.done) == (True, 0, (), True)
    assert (tickets(new), runs(new), new.secret_key()) == ({"A0", "A1", "A2"}, ["detect"], town.secret_key())
    assert check(Lake.of(new), now=clock.now()) == []
    assert (new.home / "reports/周报.html").exists()
    assert (new.home / "incoming/own/mapping.toml").exists()
    assert not (new.home / "incoming/own/raw.csv").exists()
    assert new.erasure_list.exists()
    assert sorted(path.name for path in new.home.parent.iterdir()) == ["var", "var.erasures.jsonl"]
    again = ingest(export(tmp_path, "A", ["13800000001", "13800000002", "13800000003"]), "zh_12345", new, clock)
    assert again.skipped == 1
    assert ingest(export(tmp_path, "B", ["13800000001"]), "zh_12345", new, clock).kept == 1
    assert len({row["caller"] for row in Lake.of(new).tickets().to_pylist()}) == 3


def test_any_folder_is_backed_up_and_restored_into(tmp_path, clock):
    awkward = Path("a b", "海口", "%41", "#?", "[1]", "it's", "source=x")
    town = Settings(home=tmp_path / "old" / awkward / "var", mlruns=tmp_path / "old" / awkward / "mlruns")
    ingest(export(tmp_path, "A", ["13800000001", "13800000002"]), "zh_12345", town, clock)
    Store.open(town.store_url).close()
    file = tmp_path / awkward / "b[1] %41.tar"
    take_backup(loaded(town), file, clock, passphrase=SECRET)
    erase(Lake.of(town), source="zh_12345", ids=["A0"], by="office", reason="law", now=clock.now())
    new = town.model_copy(update={"home": tmp_path / "new" / awkward / "var", "mlruns": tmp_path / "new" / "mlruns"})
    assert restored(new, file, clock, erasures=town.erasure_list).erased == 1
    assert (tickets(new), check(Lake.of(new), now=clock.now())) == ({"A1"}, [])
    assert ingest(export(tmp_path, "B", ["13800000003"]), "zh_12345", new, clock).kept == 1
    assert {path.name for path in new.home.parent.iterdir()} == {"var", "var.erasures.jsonl"}


def test_whoever_was_erased_since_is_not_there(town, tmp_path, clock):
    file = taken(town, tmp_path, clock)
    ingest(export(tmp_path, "B", ["13800000001", "13800000004"]), "zh_12345", town, clock)
    hashes = CallerHasher(town.secret_key()).hashes_of("13800000001")
    lake = Lake.of(town)
    assert erase(lake, source="zh_12345", callers=hashes, by="office", reason="law", now=clock.now()).tickets == 2
    new = elsewhere(town, tmp_path)
    done = restored(new, file, clock, erasures=town.erasure_list)
    assert (done.erased, tickets(new)) == (1, {"A1", "A2"})
    assert not any("13800000001" in path.read_bytes().decode("latin-1") for path in new.home.rglob("*.parquet"))
    # What came since is handed in again, and the person stays forgotten.
    assert ingest(export(tmp_path, "B", ["13800000001", "13800000004"]), "zh_12345", new, clock).kept == 1
    assert tickets(new) == {"A1", "A2", "B1"}


def test_retention_is_kept_before_anybody_reads(town, tmp_path, clock):
    ingest(export(tmp_path, "O", ["13800000007"], day="2022-01-02"), "zh_12345", town, clock)
    file = taken(town, tmp_path, clock)
    new = elsewhere(town, tmp_path)
    later = FixedClock(clock.now() + timedelta(days=60))
    assert restored(new, file, later, erasures=town.erasure_list).retired == 1
    assert tickets(new) == {"A0", "A1", "A2"}


def test_without_its_list_of_erasures_a_backup_is_refused_or_says_so(town, tmp_path, clock):
    file = taken(town, tmp_path, clock)
    new = elsewhere(town, tmp_path)
    with pytest.raises(BackupError, match=r"no list of erasures at .*would come back[\s\S]*--erasures FILE"):
        restored(new, file, clock)
    (tmp_path / "other.jsonl").write_text("", "utf-8")
    with pytest.raises(BackupError, match=r"other\.jsonl does not know this backup"):
        restored(new, file, clock, erasures=tmp_path / "other.jsonl")
    assert not new.home.parent.exists()
    done = restored(new, file, clock, without_erasures=True)
    assert ("nobody knows who was erased" in done.warnings[0], tickets(new)) == (True, {"A0", "A1", "A2"})


def test_a_list_that_is_there_is_added_to_and_counts_as_well(town, tmp_path, clock):
    file = taken(town, tmp_path, clock)
    erase(Lake.of(town), source="zh_12345", ids=["A0"], by="office", reason="law", now=clock.now())
    copy = tmp_path / "copy.jsonl"
    shutil.copy(town.erasure_list, copy)
    new = elsewhere(town, tmp_path)
    other = Lake.of(town)
    other.erasure_list = ErasureList(new.erasure_list)
    erase(other, source="zh_12345", ids=["A1"], by="office", reason="law", now=clock.now())
    assert restored(new, file, clock, erasures=copy).erased == 2
    assert tickets(new) == {"A2"}
    listed = ErasureList(new.erasure_list)
    assert (len(listed.erasures()), len(listed.backups())) == (2, 1)


def test_a_changed_or_cut_backup_is_refused_and_nothing_is_written(town, tmp_path, clock):
    file = taken(town, tmp_path, clock)
    whole, places, new = file.read_bytes(), random.Random(4), elsewhere(town, tmp_path)
    headers = 0
    for _ in range(25):
        at = places.randrange(len(whole))
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :])
        try:
            done = restored(new, file, clock, erasures=town.erasure_list, dry_run=True)
            # Padding, or a member's mode or owner: nothing of what is restored.
            headers += not done.done
        except WeisuError:
            pass
        # The end of an archive is a record of zeros: a cut there loses nothing.
        file.write_bytes(whole[: min(at, len(whole) - 2 * tarfile.RECORDSIZE)])
        with pytest.raises(BackupError, match="no backup, or was cut off"):
            restored(new, file, clock, erasures=town.erasure_list)
    assert headers < 13
    assert not new.home.parent.exists()


def changed(file: Path, **members: bytes) -> None:
    """Exchange members, with a manifest that fits."""
    with tarfile.open(file) as tar:
        content = {entry.name: tar.extractfile(entry).read() for entry in tar.getmembers()}
    manifest = json.loads(content.pop("manifest.json"))
    del manifest["sum"]
    about = {name: value for name, value in manifest.items() if name not in ("members", "schema", *members)}
    about |= {name: value for name, value in members.items() if not isinstance(value, bytes)}
    content |= {name: value for name, value in members.items() if isinstance(value, bytes)}
    with tarfile.open(file, "w") as tar:
        writer = archives.ArchiveWriter(tar)
        for name, value in content.items():
            writer.add_bytes(name, value)
        writer.finish(about)


def test_a_member_that_somebody_exchanged_is_found_by_the_passphrase(town, tmp_path, clock):
    file, new = taken(town, tmp_path, clock), elsewhere(town, tmp_path)
    changed(file, **{"home/SIMULATED": b""})
    with pytest.raises(BackupError, match="was changed after it was made"):
        restored(new, file, clock, erasures=town.erasure_list)


@pytest.mark.parametrize(
    ("what", "match"),
    [
        ({"revision": "0099"}, r"a newer release \(revision 0099"),
        ({"store": "postgresql"}, "a store on postgresql, and database_url names one on sqlite"),
        ({"../outside": b"x"}, "points outside of it"),
    ],
)
def test_what_does_not_fit_is_refused(town, tmp_path, clock, what, match):
    file = taken(town, tmp_path, clock, passphrase=None)
    changed(file, **what)
    new = elsewhere(town, tmp_path).changed(hmac_key=town.secret_key().decode())
    with pytest.raises(BackupError, match=match):
        restored(new, file, clock, erasures=town.erasure_list, without_keys=True)
    assert not new.home.exists()


def test_keys_are_under_the_passphrase(town, tmp_path, clock):
    file, new = taken(town, tmp_path, clock), elsewhere(town, tmp_path)
    assert town.secret_key() not in file.read_bytes()
    for passphrase, match in (
        (None, "are under a passphrase"),
        ("another passphrase", "is not the one of this backup"),
    ):
        with pytest.raises(BackupInputError, match=match):
            restored(new, file, clock, erasures=town.erasure_list, passphrase=passphrase)
    with pytest.raises(BackupInputError, match="without keys nothing can go on"):
        restored(new, file, clock, erasures=town.erasure_list, without_keys=True)
    with pytest.raises(BackupInputError, match="is not the key of this backup"):
        restored(new.changed(hmac_key="quite another"), file, clock, erasures=town.erasure_list)
    with pytest.raises(BackupInputError, match="fewer than 12 letters"):
        take_backup(loaded(town), tmp_path / "b", clock, passphrase="short")
    assert (unseal(seal(b"x", SECRET), SECRET), (tmp_path / "b").exists()) == (b"x", False)


def test_the_configuration_comes_back_where_there_is_none(town, tmp_path, clock, monkeypatch):
    config = tmp_path / "old.toml"
    config.write_text('[names]\nwhole = "全省"\n', "utf-8")
    take_backup(LoadedSettings(town, config, {}, (), ()), tmp_path / "b.weisu", clock, passphrase=SECRET)
    place = tmp_path / "machine"
    place.mkdir()
    monkeypatch.chdir(place)
    found = load_configuration(home=place / "var", environ={})
    wanted = RestoreWanted(passphrase=SECRET, erasures=town.erasure_list)
    done = restore_backup(found, tmp_path / "b.weisu", clock, wanted, home=place / "var")
    assert done.config == str(place / "weisu.toml")
    assert load_settings(environ={}).names.whole == "全省"


def test_what_is_there_is_never_overwritten_and_kept_beside_when_replaced(town, tmp_path, clock):
    file = taken(town, tmp_path, clock)
    with pytest.raises(BackupInputError, match="is there already"):
        take_backup(loaded(town), file, clock, passphrase=SECRET)
    with pytest.raises(BackupInputError, match="lies inside of"):
        take_backup(loaded(town), town.home / "b.weisu", clock, passphrase=SECRET)
    ingest(export(tmp_path, "B", ["13800000004"]), "zh_12345", town, clock)
    with pytest.raises(BackupInputError, match=r"there is something already[\s\S]*--replace"):
        restored(town, file, clock)
    said = restored(town, file, clock, replace=True, dry_run=True)
    assert (said.done, len(said.former) > 0, tickets(town)) == (False, True, {"A0", "A1", "A2", "B0"})
    done = restored(town, file, clock, replace=True)
    assert tickets(town) == {"A0", "A1", "A2"}
    (former,) = [Path(place) for place in done.former if "var.before" in place]
    assert tickets(town.model_copy(update={"home": former})) == {"A0", "A1", "A2", "B0"}


class Cut(BaseException):
    """The machine stops here."""


@pytest.mark.parametrize("step", range(8))
def test_a_restore_that_is_cut_off_leaves_the_state_before_or_is_finished(town, tmp_path, clock, monkeypatch, step):
    file = taken(town, tmp_path, clock)
    ingest(export(tmp_path, "B", ["13800000004"]), "zh_12345", town, clock)
    monkeypatch.setenv("WEISU_HOME", str(town.home))
    monkeypatch.setenv("WEISU_MLRUNS", str(town.mlruns))
    calls = {"left": step}

    def counted(real):
        def call(*arguments, **more):
            if calls["left"] == 0:
                raise Cut
            calls["left"] -= 1
            return real(*arguments, **more)

        return call

    for owner, name in ((swap, "write_whole"), (swap, "sync"), (Path, "rename")):
        monkeypatch.setattr(owner, name, counted(getattr(owner, name)))
    try:
        restored(town, file, clock, replace=True)
        cut = False
    except Cut:
        cut = True
    calls["left"] = -1
    if cut and not swap.is_cut_off(town):
        # The journal was not written, or already removed: one state as a whole.
        assert tickets(settings_for(None)) in ({"A0", "A1", "A2", "B0"}, {"A0", "A1", "A2"})
        assert step == 0 or tickets(town) == {"A0", "A1", "A2"}
    else:
        assert tickets(settings_for(None)) == {"A0", "A1", "A2"}
    assert not swap.is_cut_off(town)
    assert check(Lake.of(town), now=clock.now()) == []
    assert runs(town) == ["detect"]
    # And it can be asked for again.
    restored(town, file, FixedClock(clock.now() + timedelta(minutes=1)), replace=True)
    assert tickets(town) == {"A0", "A1", "A2"}


def test_a_damaged_lake_or_store_is_not_backed_up(town, tmp_path, clock):
    parquet = Path(Lake.of(town).store.files()[0])
    whole = parquet.read_bytes()
    parquet.write_bytes(whole[:60] + b"?" + whole[61:])
    with pytest.raises(BackupError, match=r"lake/tickets/.*is damaged"):
        taken(town, tmp_path, clock)
    parquet.write_bytes(whole)
    database = town.home / "weisu.db"
    content = database.read_bytes()
    database.write_bytes(content[:8192] + bytes(4096 * 20) + content[8192 + 4096 * 20 :])
    with pytest.raises(StoreError, match="is damaged"):
        taken(town, tmp_path, clock)
    assert list((tmp_path / "backups").iterdir()) == []
    assert ErasureList(town.erasure_list).backups() == []


def test_the_lake_is_held_at_one_version_while_others_compact_erase_and_vacuum(town, tmp_path, clock, monkeypatch):
    lake = Lake.of(town)
    ingest(export(tmp_path, "B", ["13800000001"]), "zh_12345", town, clock)
    real = archives.ArchiveWriter.add

    def meanwhile(self, name, file, **more):
        if name.startswith("lake/"):
            monkeypatch.setattr(archives.ArchiveWriter, "add", real)
            ingest(export(tmp_path, "C", ["13800000005"]), "zh_12345", town, clock)
            erase(lake, source="zh_12345", ids=["A1"], by="office", reason="law", now=clock.now())
            optimize(lake)
            vacuum(lake, retained=())
        real(self, name, file, **more)

    monkeypatch.setattr(archives.ArchiveWriter, "add", meanwhile)
    file = taken(town, tmp_path, clock)
    assert not list((lake.path / "staging").glob("backup-*"))
    new = elsewhere(town, tmp_path)
    done = restored(new, file, clock, erasures=town.erasure_list)
    assert (done.erased, tickets(new)) == (1, {"A0", "A2", "B0"})
    assert check(Lake.of(new), now=clock.now()) == []


@pytest.mark.parametrize("any_store", ["postgresql"], indirect=True)
def test_a_store_on_postgresql_is_copied_and_brought_back_table_by_table(any_store, tmp_path, clock):
    url = any_store.engine.url.render_as_string(hide_password=False)
    key = add_key(any_store, name="督办'员\\N", role="supervisor", now=clock.now())
    for number in range(3):
        with record(any_store, "detect", clock=clock, key=str(number)) as job:
            job.summary = {"句": 'a\t"b"\\'}
    revision = dump_postgresql(url, tmp_path)
    with record(any_store, "later", clock=clock, key="1"):
        pass
    with pytest.raises(StoreError, match="holds something already"):
        load_postgresql(url, tmp_path, revision=revision, replace=False)
    any_store.engine.dispose()
    load_postgresql(url, tmp_path, revision=revision, replace=True, only_try=True)
    with any_store.reading() as session:
        assert list(session.scalars(select(JobRun.name))) == ["detect"] * 3 + ["later"]
    any_store.engine.dispose()
    load_postgresql(url, tmp_path, revision=revision, replace=True)
    again = Store.open(url)
    assert [info.id for info in list_keys(again)] == [key.info.id]
    with again.reading() as session:
        assert [run.summary for run in session.scalars(select(JobRun))] == [{"句": 'a\t"b"\\'}] * 3
        newest = session.scalar(text("SELECT max(id) FROM job_runs"))
    with record(again, "next", clock=clock, key="1") as job:
        assert job.id == newest + 1
    # A load that breaks in the middle leaves what was there.
    (tmp_path / "job_runs.copy").write_bytes(b"nonsense\n")
    with pytest.raises(StoreError, match="cannot be copied"):
        load_postgresql(url, tmp_path, revision=revision, replace=True)
    assert [info.id for info in list_keys(again)] == [key.info.id]
    again.close()


def test_the_passphrase_variable_is_known():
    assert from_environment({"WEISU_BACKUP_PASSPHRASE": "x", "WEISU_TRACEBACK": "1"}, ["home"]) == {}


def test_an_empty_archive_is_told(tmp_path):
    with tarfile.open(tmp_path / "b", "w") as tar:
        tar.addfile(tarfile.TarInfo("x"), io.BytesIO(b""))
    with pytest.raises(BackupError, match="no whole manifest"), archives.open_archive(tmp_path / "b"):
        pass
    shutil.rmtree(tmp_path)
    with pytest.raises(BackupError, match="there is no"), archives.open_archive(tmp_path / "b"):
        pass
