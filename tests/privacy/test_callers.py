import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.privacy import CallerHasher, WeakKeyError

KEY = b"a-key-for-tests"


def test_hash_is_stable_keyed_and_says_nothing():
    hasher = CallerHasher(KEY)
    assert hasher.hash("13800000000") == hasher.hash("13800000000")
    assert hasher.hash("13800000000") != CallerHasher(b"another-key").hash("13800000000")
    assert "13800000000" not in hasher.hash("13800000000")


def test_hash_of_a_known_caller_stays_the_same_over_releases():
    assert CallerHasher(KEY).hash("13800000000") == "7138-c39a73d8c0ccbd98"


@pytest.mark.parametrize(
    "writing", ["138 0000 0000", "+86 138-0000-0000", "8613800000000", "１３８００００００００", " 13800000000 "]
)
def test_writings_of_one_number_are_one_caller(writing):
    hasher = CallerHasher(KEY)
    assert hasher.hash(writing) == hasher.hash("13800000000")


def test_blank_and_missing_callers_have_no_hash():
    assert CallerHasher(KEY).hash(None) is None
    assert CallerHasher(KEY).hash_column(pa.array([None, "", "  "])).to_pylist() == [None, None, None]


@settings(deadline=None)
@given(st.lists(st.none() | st.text(max_size=12), max_size=30))
def test_column_gives_what_each_caller_gives(callers):
    hasher = CallerHasher(KEY)
    assert hasher.hash_column(pa.array(callers, type=pa.string())).to_pylist() == [hasher.hash(one) for one in callers]


def test_column_may_be_chunked_a_dictionary_or_numbers():
    hasher = CallerHasher(KEY)
    expected = [hasher.hash("13800000000"), hasher.hash("13900000000")]
    assert hasher.hash_column(pa.array([13800000000, 13900000000])).to_pylist() == expected
    assert hasher.hash_column(pa.chunked_array([["13800000000"], ["13900000000"]])).to_pylist() == expected
    assert hasher.hash_column(pa.array(["13800000000", "13900000000"]).dictionary_encode()).to_pylist() == expected


def test_rotation_changes_the_key_id_and_an_erasure_still_finds_the_old_hash():
    old, new = CallerHasher(KEY), CallerHasher(b"the-next-key", retired=[KEY])
    assert new.key_id != old.key_id
    assert new.hash("13800000000").startswith(f"{new.key_id}-")
    assert new.hashes_of("138-0000-0000") == [new.hash("13800000000"), old.hash("13800000000")]


def test_short_key_is_refused():
    with pytest.raises(WeakKeyError, match="fewer than 8 bytes"):
        CallerHasher(b"short")
