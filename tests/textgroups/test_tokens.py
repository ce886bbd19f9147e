from __future__ import annotations

import logging
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.text import is_place, tokenise
from features.text.tokens import _CLAUSE, _clause_words, _jieba_cut


def words(text: str) -> list[str]:
    return tokenise([text])[0]


@pytest.mark.parametrize(
    ("text", "places", "matter"),
    [
        ("A2区丽发新城附近修建搅拌站噪音扰民", ["@a2区", "@丽发新城"], ["修建", "搅拌站", "噪音", "扰民"]),
        ("请问农村道路什么时候修好", [], ["农村", "道路", "修好"]),
        ("Trash not collected on 12 Beacon Street", ["@12 beacon street"], ["trash", "collected"]),
        ("Schlagloch in der Königstraße", ["@königstraße"], ["schlagloch"]),
        ("Laterne defekt, Hauptstätter Straße 5", ["@hauptstätter straße"], ["laterne", "defekt"]),
        ("Dieser Weg am Spielplatz, Königstr. 7", ["@königstr."], ["dieser", "weg", "spielplatz"]),
        ("a@b 噪音 @ 扰民", [], ["噪音", "扰民"]),
        ("", [], []),
    ],
)
def test_places_are_told_from_the_matter(text: str, places: list[str], matter: list[str]) -> None:
    found = words(text)
    assert [word for word in found if is_place(word)] == places
    assert [word for word in found if not is_place(word)] == matter


def test_only_the_start_of_a_long_text_is_read() -> None:
    assert words("噪音扰民。" + "。" * 300 + "搅拌站") == ["噪音", "扰民"]


def test_jieba_is_silent(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        words("噪音扰民")
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


@given(st.text(st.sampled_from("请尽快处理噪音A3区abZ 09%_.-#，。：、\n（）é𠀀"), max_size=40))
def test_clauses_are_cut_as_jieba_cuts_the_whole(text: str) -> None:
    assert [word for clause in _CLAUSE.split(text) for word in _clause_words(clause)] == _jieba_cut()(text)
