from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from features.text.cutting import chinese_cutter
from features.text.words import word_list
from models.hotspots.rules.config import DEFAULT_WORDS

SAID = "".join(sorted(set("".join(word_list("stop_zh") | word_list("place_endings") | set(DEFAULT_WORDS)))))
ODD = "，。！ \r\n\t%-._#+&a3Zé①３㐀龦\U00020000🙂「"
TEXTS = st.text(st.one_of(st.sampled_from(SAID), st.sampled_from(ODD)), max_size=60)


@pytest.fixture(scope="module")
def jieba_cut() -> Callable[[str], list[str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba
    jieba.setLogLevel(logging.ERROR)
    return jieba.Tokenizer().lcut  # type: ignore[no-any-return]


@settings(max_examples=300, deadline=None)
@given(text=TEXTS)
@example(text="")
@example(text="\r\n\n\r")
@example(text="a3区丽发新城附近12.5%的搅拌站\r\n噪音扰民")
@example(text="龦龦嘭龦")
@example(text="the王小明b2说c++-x.y")
def test_words_are_those_of_jieba(text: str, jieba_cut: Callable[[str], list[str]]) -> None:
    assert chinese_cutter().cut(text) == jieba_cut(text)


@pytest.mark.slow
@pytest.mark.real_data
def test_real_messages_are_cut_as_jieba_cuts_them(real_data: Path, jieba_cut: Callable[[str], list[str]]) -> None:
    rows = pd.read_csv(real_data / "text_zh" / "taidi2020C_fj3_messages_4326.csv.gz")
    cutter = chinese_cutter()
    for text in (rows["留言主题"] + rows["留言详情"]).str.lower():
        assert cutter.cut(text) == jieba_cut(text)
