from __future__ import annotations

import pytest
import rjieba
from hypothesis import given
from hypothesis import strategies as st

from features.text import PLACE_MARK, is_place, tokenise
from features.text.place_names import mark_places


def words(text: str) -> list[str]:
    return tokenise([text])[0]


@pytest.mark.parametrize(
    ("text", "places", "matter"),
    [
        ("A2区丽发新城附近修建搅拌站噪音扰民", ["@a2区", "@丽发新城"], ["修建", "搅拌站", "噪音", "扰民"]),
        ("希望A市修路", ["@a市"], ["修路"]),
        ("碧桂园3区停水", ["@碧桂园3区"], ["停水"]),
        ("龙湖A区停水", ["@龙湖a区"], ["停水"]),
        ("1.A3区污染", ["@a3区"], ["污染"]),
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


@given(st.text(st.sampled_from("请尽快处理噪音A3区abZ 09%_.-#，。：、\n（）é𠀀@小区路"), max_size=40))
def test_places_are_joined_and_marked_and_nothing_is_lost(text: str) -> None:
    cut = rjieba.cut(text)
    assert "".join(cut) == text
    assert "".join(mark_places(cut)).replace(PLACE_MARK, "") == text.replace(PLACE_MARK, "")
