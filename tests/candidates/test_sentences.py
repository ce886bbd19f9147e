"""Sentences are stored as facts; each can be said in both languages, and nothing else is taken."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError

from features.sentences import Sentence, SentenceCode, said_of
from features.words import LANGUAGES
from serve.alerts import Candidate

COMMON: dict[str, Any] = {
    "matter": "停水",
    "areas": ["龙华区"],
    "place": "",
    "lat": None,
    "lon": None,
    "observed": 27,
    "tickets": 27,
    "callers": 24,
    "start": "2026-11-23T00:00:00",
    "end": "2026-11-30T00:00:00",
}
OWN: dict[SentenceCode, dict[str, Any]] = {
    SentenceCode.SURGE: {"freq": "W", "expected": 4.2, "upper": 11.0},
    SentenceCode.CLUSTER: {"expected": 4.2, "upper": None, "radius_km": 1.25},
    SentenceCode.FREQUENT: {"threshold": 5, "usual": None},
    SentenceCode.REPEAT: {},
    SentenceCode.SENSITIVE: {"words": ["燃气", "爆炸"]},
    SentenceCode.SHARED: {"label": "小区、停水", "most_by_one": 20},
    SentenceCode.FIRST_SEEN: {"label": "小区、停水", "most_by_one": 20, "absent_days": 60},
    SentenceCode.SEASON: {
        "years_seen": 3,
        "years": 4,
        "aligned": "lunar",
        "act_by_week": 3,
        "return_week": 5,
        "overdue": True,
        "expected": 9,
    },
}


def test_every_code_has_an_example_here():
    assert set(OWN) == set(SentenceCode) - {SentenceCode.AS_RECORDED}


@pytest.mark.parametrize("code", OWN)
def test_every_sentence_is_said_in_both_languages_and_survives_its_document(code):
    sentence = Sentence.of(Sentence(code, COMMON | OWN[code]).document())
    zh, en = (sentence.said(language) for language in LANGUAGES)
    assert zh.startswith("龙华区 停水：")
    assert en.startswith("停水, 龙华区: ")
    assert not re.search(
        r"[\u4e00-\u9fff]", en.replace("停水, 龙华区", "").replace("小区、停水", "").replace("燃气, 爆炸", "")
    )
    assert not re.search("[{}]", zh + en)


@pytest.mark.parametrize("code", OWN)
def test_a_candidate_whose_sentence_lacks_a_fact_is_refused(code):
    facts = COMMON | OWN[code]
    own = {"kind": "异动", "window_start": "2026-11-23", "window_end": "2026-11-30", "observed": 27, "callers": 24}
    assert Candidate(**own, sentence=Sentence(code, facts)).sentence.code is code
    for name in ("matter", *OWN[code]):
        less = {key: value for key, value in facts.items() if key != name}
        with pytest.raises(ValidationError, match="lacks a fact"):
            Candidate(**own, sentence={"code": code.value, "params": less})
    with pytest.raises(ValidationError, match=r"sentence\.code"):
        Candidate(**own, sentence={"code": "poem", "params": {}})


@pytest.mark.parametrize(
    ("facts", "zh", "en"),
    [
        ({"freq": "W"}, "第48周（11月23日至29日）27件", "27 in week 48 (23-29 Nov)"),
        ({"freq": "D"}, "11月23日至29日（7天）27件", "27 in 7 days (23-29 Nov)"),
        (
            {"freq": "W", "start": "2026-12-28T00:00:00", "end": "2027-01-11T00:00:00"},
            "第53周至第1周（12月28日至1月10日）",
            "weeks 53-1 (28 Dec-10 Jan)",
        ),
        (
            {"freq": "W", "start": "2026-11-24T00:00:00", "end": "2026-12-01T00:00:00"},
            "1周（11月24日至30日）",
            "in 1 week (24-30 Nov)",
        ),
        ({"freq": "h", "end": "2026-11-23T01:00:00"}, "过去1小时", "in 1 hour"),
        ({"freq": "D", "end": "2026-11-24T00:00:00"}, "11月23日27件", "27 on 23 Nov"),
        ({"freq": "D", "callers": 1}, "27件（1人）", "from 1 caller,"),
        (
            {"freq": "D", "tickets": 41},
            "27人次（41件，24人），通常不超过11人次",
            "merged (41 tickets from 24 callers), usually at most 11",
        ),
        ({"freq": "D", "observed": 9, "tickets": 9, "expected": 0.04}, "9件（24人），平时没有", "usually none"),
        ({"freq": "D", "matter": "", "areas": []}, "11月23日至29日（7天）27件", "27 in 7 days (23-29 Nov)"),
    ],
)
def test_a_surge_says_when_how_many_and_what_is_usual(facts, zh, en):
    sentence = Sentence(SentenceCode.SURGE, COMMON | OWN[SentenceCode.SURGE] | facts)
    assert zh in sentence.said("zh-CN")
    assert en in sentence.said("en")


@pytest.mark.parametrize(
    ("facts", "zh", "en"),
    [
        (
            {"areas": [], "lat": 20.034, "lon": 110.331},
            "北纬20.03°、东经110.33°附近 停水",
            "停水, near 20.03°N 110.33°E",
        ),
        ({"areas": ["龙华区", "美兰区"]}, "龙华区、美兰区 停水", "停水, 龙华区, 美兰区"),
        (
            {"areas": ["Back Bay"], "place": "Boylston St", "matter": "Noise"},
            "Back Bay Boylston St Noise",
            "Noise, Back Bay Boylston St",
        ),
        ({"areas": ["海口市"], "place": "海口市龙华路"}, "海口市龙华路 停水", "停水, 海口市龙华路"),
        ({"areas": ["未分类"]}, "未分类 停水", "停水, district unknown"),
    ],
)
def test_a_place_is_named_once_and_in_the_reader_s_language(facts, zh, en):
    sentence = Sentence(SentenceCode.CLUSTER, COMMON | OWN[SentenceCode.CLUSTER] | facts)
    assert sentence.said("zh-CN").startswith(f"{zh}：11月23日以来7天，半径1.2公里内27件")
    assert sentence.said("en").startswith(f"{en}: 27 in 7 days within 1.2 km since 23 Nov")


def test_a_sentence_takes_new_labels_and_recorded_words_the_first_of_each():
    names = {"matters": {"停水": "供水中断", "": ""}, "areas": {"龙华区": "海口市"}}
    surge = Sentence(SentenceCode.SURGE, COMMON | OWN[SentenceCode.SURGE])
    assert surge.renamed(**names).said("zh-CN").startswith("海口市 供水中断：")
    recorded = Sentence.recorded("龙华区停水：停水 5 件", "停水 in 龙华区: 5")
    assert said_of(recorded.renamed(**names).document(), "zh-CN") == "海口市供水中断：停水 5 件"
    assert said_of(None, "en") == ""
