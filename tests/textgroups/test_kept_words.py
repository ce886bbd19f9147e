"""Words that an earlier run cut are the words that a later one would cut, and no others are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.text import KeptWords, kept, tokenise

SAID = ["丽发新城附近搅拌站噪音扰民", "Trash not collected on Beacon Street", "", "小区停电"]


@pytest.fixture
def cuts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the texts that are cut from now on."""
    seen: list[str] = []
    monkeypatch.setattr(kept, "tokenise", lambda texts: [*(seen.extend(texts) or tokenise(texts))])
    return seen


def run(path: Path, texts: list[str]) -> list[list[str]]:
    words = KeptWords(path)
    found = words.cut(texts)
    words.keep()
    return found


def test_kept_words_are_those_of_the_tokeniser(tmp_path: Path, cuts: list[str]) -> None:
    for _ in range(2):
        assert run(tmp_path / "words" / "w.parquet", SAID) == tokenise(SAID)
    assert sorted(cuts) == sorted(SAID), "the second run cuts nothing"


def test_only_what_the_last_run_cut_is_kept(tmp_path: Path, cuts: list[str]) -> None:
    path = tmp_path / "w.parquet"
    run(path, SAID[:2])
    words = KeptWords(path)
    assert words.peek(SAID[:1]) == tokenise(SAID[:1])
    words.cut(SAID[1:])
    words.keep()
    cuts.clear()
    KeptWords(path).peek(SAID)
    assert cuts == SAID[:1]


def test_words_of_another_tokeniser_or_a_broken_file_are_cut_anew(
    tmp_path: Path, cuts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "w.parquet"
    run(path, SAID)
    with monkeypatch.context() as patched:
        patched.setattr(kept, "_tokeniser", lambda: b"another")
        cuts.clear()
        assert run(path, SAID) == tokenise(SAID)
        assert cuts == SAID
    path.write_bytes(b"cut off")
    cuts.clear()
    assert run(path, SAID) == tokenise(SAID)
    assert cuts == SAID
