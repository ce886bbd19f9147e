"""A secret key is refused where it is not the one that callers are known by, and never made anew in its place."""

from __future__ import annotations

import json

import pytest

from features.errors import PrivacyError, WeakKeyError
from features.lake import Lake
from features.lake.caller_keys import UnknownKeyError
from features.privacy import key_id_of
from features.settings import CALLER_KEYS, Settings
from pipelines.ingest import ingest
from serve.delivery.links import LinkSigner
from serve.errors import NotReadyError
from serve.tickets.landing import land


@pytest.fixture
def own(tmp_path) -> Settings:
    """An installation that keeps its own key."""
    return Settings(home=tmp_path / "var", mlruns=tmp_path / "mlruns")


def export(folder, number: int, *, caller: str = "13800000001"):
    file = folder / f"{number}.csv"
    file.write_text(
        f"工单编号,受理时间,三级事项,区县,来电人\nT{number},2026-03-01 08:00:00,停水,海口,{caller}\n", "utf-8"
    )
    return [file]


def load(settings: Settings, clock, folder, number: int, **more) -> int:
    return ingest(export(folder, number, **more), "zh_12345", settings, clock).kept


DAMAGE = {
    "deleted": (None, "there is no .*hmac.key, and the callers"),
    "empty": (b"", "is damaged: 0 characters"),
    "half": (b"0123456789abcdef0123", "is damaged: 20 characters"),
    "another": (b"f" * 64, "everybody would become a stranger"),
}


@pytest.mark.parametrize("noted", [True, False], ids=["noted", "of an earlier release"])
@pytest.mark.parametrize("how", DAMAGE)
def test_nothing_is_loaded_under_a_key_that_the_lake_does_not_know(own, clock, tmp_path, how, noted):
    load(own, clock, tmp_path, 1)
    content, said = DAMAGE[how]
    if not noted:
        (Lake.of(own).path / CALLER_KEYS).unlink()
    whole = own.key_file.read_bytes()
    own.key_file.unlink()
    if content is not None:
        own.key_file.write_bytes(content)
    before = own.key_file.exists()
    with pytest.raises(PrivacyError, match=said):
        load(own, clock, tmp_path, 2)
    row = {"工单编号": "P1", "受理时间": "2026-11-02 08:00:00", "三级事项": "停水", "区县": "海口", "来电人": "1"}
    with pytest.raises(NotReadyError, match=said):
        land(own, "zh_12345", [row], idempotency_key="k", now=clock.now())
    assert (own.key_file.exists(), Lake.of(own).tickets().num_rows) == (before, 1)
    own.key_file.write_bytes(whole)
    assert load(own, clock, tmp_path, 2) == 1


def test_a_key_that_is_changed_on_purpose_is_taken_once_the_old_one_is_named(own, clock, tmp_path):
    load(own, clock, tmp_path, 1)
    old = key_id_of(own.secret_key())
    changed = own.changed(hmac_key="a-new-key-of-it")
    with pytest.raises(UnknownKeyError, match=rf"under the key {old}[\s\S]*retired_key_ids = \[\"{old}\"\]"):
        load(changed, clock, tmp_path, 2)
    declared = changed.changed(privacy={"retired_key_ids": [old]})
    assert load(declared, clock, tmp_path, 2) == 1
    # From then on the lake knows both, and nothing has to be declared any more.
    assert load(changed, clock, tmp_path, 3) == 1
    noted = json.loads((Lake.of(own).path / CALLER_KEYS).read_text())
    assert noted == sorted({old, key_id_of(b"a-new-key-of-it")})


def test_where_no_caller_is_known_any_key_will_do(own, clock, tmp_path):
    load(own, clock, tmp_path, 1, caller="")
    assert load(own.changed(hmac_key="another-key"), clock, tmp_path, 2) == 1


@pytest.mark.parametrize("key", [b"", b"short"])
def test_nothing_is_signed_with_a_key_that_anybody_may_guess(key):
    with pytest.raises(WeakKeyError, match=f"has {len(key)} bytes"):
        LinkSigner(key, base_url="https://weisu.example")


def test_a_short_key_in_the_configuration_is_refused(own):
    with pytest.raises(WeakKeyError, match="hmac_key has fewer than 8 bytes"):
        own.changed(hmac_key="short").secret_key()
