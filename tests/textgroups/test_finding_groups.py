from __future__ import annotations

import random
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from features.configuration import TextConfig
from features.errors import BadInputError
from features.sentences import said_of
from models.hotspots.candidates import merge_candidates
from models.hotspots.textgroups import GROUP_COLUMNS, TopicMemory, find_groups, group_texts, word_texts

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
NOON = pd.Timestamp("2026-11-23 12:00")

PLACES = [
    "金鼎村",
    "黄兴路",
    "青青家园小区",
    "北辰小区",
    "石塘村",
    "星沙大道",
    "金盘路",
    "海甸岛小区",
    "白龙路",
    "玉沙村",
]
MATTERS = [
    ("路灯不亮", "晚上路灯全部不亮，老人出行不便"),
    ("自来水停水", "家里已经停水两天，水压不足"),
    ("公交车改线", "公交线路取消以后上班不方便"),
    ("拖欠工资", "工地老板拖欠工人工资三个月"),
    ("小区电梯故障", "电梯经常停运，物业没有维修"),
    ("学校补课收费", "老师组织学生周末有偿补课"),
    ("医保报销", "异地就医医保报销比例太低"),
    ("违章停车", "人行道上长期违章停车，行人无法通过"),
]
CAUSE = [
    "银湖花园旁边新建搅拌站噪音粉尘扰民",
    "投诉银湖花园附近搅拌站夜间噪音大",
    "银湖花园小区外搅拌站粉尘污染，无法开窗",
    "搅拌站离银湖花园太近，噪音粉尘影响睡眠",
    "反映银湖花园对面搅拌站违规生产噪音扰民",
    "银湖花园居民深受搅拌站粉尘噪音之苦",
]


def ordinary(count: int, *, days: float = 3, seed: int = 0) -> pd.DataFrame:
    rng = random.Random(seed)
    rows = []
    for n in range(count):
        title, text = rng.choice(MATTERS)
        rows.append((f"o{seed}-{n}", rng.choice(PLACES) + title, text, rng.random() * days * 24, f"o{seed}-{n}"))
    return frame(rows)


def shared(texts: list[str] = CAUSE, *, caller: str = "", hours: float = 20) -> pd.DataFrame:
    return frame([(f"s{n}", text, "", hours * (n + 1) / 10, caller or f"s{n}") for n, text in enumerate(texts)])


def frame(rows: list[tuple[str, str, str, float, str]]) -> pd.DataFrame:
    tickets = pd.DataFrame(rows, columns=["ticket_id", "title", "text", "age", "caller"])
    age = pd.to_timedelta(tickets["age"], unit="h")
    return tickets.drop(columns="age").assign(
        source="city",
        opened_local=NOON - age,
        known_at=pd.Timestamp(NOW) - age,
        category1="环境",
        category2="噪声",
        category="施工噪声",
        district="海口市",
        department="生态环境局",
    )


def memory_of(days: int, *, extra: list[str] | None = None) -> TopicMemory:
    memory = TopicMemory()
    for day in range(days):
        rows = ordinary(20, seed=day)
        texts = word_texts([*rows["title"], *(extra or [])], [*rows["text"], *("" for _ in extra or [])])
        memory.learn(texts, NOON.normalize() - pd.Timedelta(days=3 + days - day))
    return memory


def find(*parts: pd.DataFrame, **kwargs: object) -> pd.DataFrame:
    return find_groups(pd.concat(parts), as_of=NOW, **kwargs)  # type: ignore[arg-type]


def test_a_shared_cause_is_found_and_named() -> None:
    found = find(ordinary(30), shared(), memory=memory_of(30))
    assert tuple(found.columns) == GROUP_COLUMNS
    assert found["kind"].tolist() == ["多人同诉"]
    row = found.iloc[0]
    assert set(row["tickets"]) == {f"city/s{n}" for n in range(6)}
    assert (row["callers"], row["area"], row["department"]) == (6, "海口市", "生态环境局")
    assert "搅拌站" in row["terms"]
    assert row["places"] == ["银湖花园"]
    assert row["label"].startswith("银湖花园：")
    assert row["expected"] < 1
    assert row["recurrence_days"] > 365


def test_a_batch_is_judged_with_its_districts_whatever_the_category() -> None:
    filed = shared().assign(category=["施工噪声", "扬尘", "施工噪声", "营商环境", "施工噪声", "扬尘"])
    memory = memory_of(60)
    rows = (ordinary(30), filed, shared(CAUSE[::-1]).assign(district="三亚市", ticket_id=[f"t{n}" for n in range(6)]))
    found = find(*rows, memory=memory, only={"city/s0"})
    assert found["area"].tolist() == ["海口市"]
    assert set(found.iloc[0]["tickets"]) == {f"city/s{n}" for n in range(6)}
    assert find(*rows, memory=memory, only={"city/o0-1"}).empty
    assert len(find(*rows, memory=memory)) == 2


def test_one_caller_with_many_tickets_is_not_a_shared_cause() -> None:
    assert find(ordinary(30), shared(caller="one"), memory=memory_of(30)).empty


def test_what_is_always_said_is_not_raised() -> None:
    assert find(ordinary(60), memory=memory_of(30)).empty
    always = memory_of(30, extra=CAUSE * 2)
    assert find(ordinary(30), shared(), memory=always).empty


def test_a_group_without_a_fresh_ticket_is_old_news() -> None:
    old = shared().assign(opened_local=NOON - pd.Timedelta(hours=30))
    assert find(ordinary(30), old, memory=memory_of(30)).empty


def test_a_topic_that_a_year_does_not_know_is_first_seen() -> None:
    memory = memory_of(200)
    found = find(ordinary(30), shared(CAUSE[:4]), memory=memory)
    assert found["kind"].tolist() == ["首发"]
    assert found.iloc[0]["window_start"] == NOON - pd.Timedelta(hours=8)
    assert find(ordinary(30), shared(CAUSE[:3]), memory=memory).empty
    short = find(ordinary(30), shared(CAUSE[:4]), memory=memory_of(100))
    assert "首发" not in short["kind"].tolist(), "too little is remembered"


def test_the_districts_own_name_is_no_word_of_the_label() -> None:
    said = shared([f"海口市{text}" for text in CAUSE])
    terms = find(ordinary(30), said, memory=memory_of(30)).iloc[0]["terms"]
    assert "搅拌站" in terms
    assert not {"海口", "海口市"} & set(terms)


def sentences_of(parts: list[pd.DataFrame], **kwargs: object) -> tuple[str, str]:
    found = find(*parts, **kwargs)
    nothing = pd.DataFrame(columns=["unique_id", "level"])
    row = merge_candidates(tickets=pd.concat(parts), as_of=NOW, static=nothing, groups=found).iloc[0]
    return said_of(row["sentence"], "zh-CN"), said_of(row["sentence"], "en")


@pytest.mark.parametrize(("remembered", "claimed"), [(200, 200), (400, 365)])
def test_a_first_seen_topic_claims_no_more_days_than_are_remembered(remembered: int, claimed: int) -> None:
    zh, en = sentences_of([ordinary(30), shared(CAUSE[:4])], memory=memory_of(remembered))
    assert f"近{claimed}天未见同类诉求，11月" in zh
    assert f"no such ticket in {claimed} days, 4 callers since" in en


def test_letters_of_one_person_among_a_few_others_are_said_to_be_of_one() -> None:
    letters = shared(CAUSE * 3, caller="one").assign(ticket_id=[f"l{number}" for number in range(len(CAUSE) * 3)])
    parts = [ordinary(30), letters, shared(CAUSE[:3])]
    row = find(*parts, memory=memory_of(30)).iloc[0]
    assert (row["callers"], row["most_by_one"]) == (4, 18)
    zh, en = sentences_of(parts, memory=memory_of(30))
    assert "过去3天4人反映同一问题（21件，其中一人18件）" in zh
    assert "4 callers, one cause, 21 tickets (18 by one) in 3 days" in en
    assert "其中" not in sentences_of([ordinary(30), shared()], memory=memory_of(30))[0]


def test_an_old_matter_in_a_new_place_is_not_a_new_topic() -> None:
    texts = [f"云月湖小区路灯不亮{end}" for end in ("", "很久", "几天", "出行不便", "老人摔倒")]
    found = find(ordinary(30), shared(texts), memory=memory_of(200))
    assert "首发" not in found["kind"].tolist()


def test_without_a_memory_the_number_of_callers_decides() -> None:
    found = find(shared())
    assert found["kind"].tolist() == ["多人同诉"]
    assert found["p_value"].isna().all()
    assert find(shared(CAUSE[:3])).empty
    config = TextConfig(min_callers=3)
    assert len(find(shared(CAUSE[:3]), config=config)) == 1


@pytest.mark.parametrize("seed", range(6))
def test_tickets_known_later_change_nothing(seed: int) -> None:
    memory = memory_of(30) if seed % 2 else None
    rng = np.random.default_rng(seed)
    rows = [ordinary(30, seed=seed), shared(hours=float(rng.uniform(5, 70)))]
    # Opened in the window and before it, by old and new callers, about the same cause and others.
    more = ordinary(int(rng.integers(1, 40)), days=6, seed=seed + 100), shared(CAUSE * 2, hours=60)
    later = [part.assign(known_at=pd.Timestamp(NOW) + pd.Timedelta(1, "s")) for part in more]
    later[1]["ticket_id"] += "later"
    only = {"city/s0"} if seed > 2 else None
    before, after = (find(*parts, memory=memory, only=only) for parts in (rows, [*rows, *later]))
    assert not before.empty
    pd.testing.assert_frame_equal(before, after)


def test_the_letters_of_one_person_start_no_group() -> None:
    matters = ["地铁西站", "自来水净化", "公园绿化", "幼儿园学位", "污水管网", "招商引资", "旧城改造", "图书馆"]
    letters = word_texts([f"请加快{matter}建设力度，市委有何具体行动" for matter in matters], ["" for _ in matters])
    assert (group_texts(letters) == 0).all(), "many people with one form"
    assert (group_texts(letters, callers=["one"] * 8) == -1).all()
    two = group_texts(letters, callers=["one"] * 4 + ["two"] * 4)
    assert (two == 0).all(), "phrases that two people share link them"


def test_a_form_that_history_knows_links_nothing_in_a_small_district() -> None:
    form = "来电人表示此前拨打热线未获答复现再次来电要求职能单位尽快核查并回电告知结果"
    matters = ["路灯不亮", "自来水停水", "公交改线", "电梯故障", "占道经营", "井盖缺失", "学校补课", "医保报销"]
    formed = shared([f"{matter}，{form}" for matter in matters])
    assert len(find(formed)) == 1, "taken for one cause where nothing is known"
    memory = TopicMemory()
    for day in range(30):
        said = [f"{MATTERS[n % len(MATTERS)][1]}，{form if n % 4 == 0 else ''}" for n in range(80)]
        memory.learn(word_texts(["" for _ in said], said), NOON.normalize() - pd.Timedelta(days=34 - day))
    assert find(formed, memory=memory, config=TextConfig(min_recurrence_days=0)).empty


def test_european_texts_group_too() -> None:
    texts = [
        "Rats near the dumpster on Beacon Street",
        "Many rats around Beacon Street dumpster",
        "Dumpster overflowing, rats on Beacon Street",
        "Rats, rats at the Beacon Street dumpster again",
        "Please remove the dumpster, rats on Beacon Street",
    ]
    other = [f"Broken {thing} on {street}" for thing in ("lamp", "bench") for street in ("Elm Road", "Main Street")]
    found = find(shared(texts), shared(other).assign(source="other"), config=TextConfig(min_callers=5))
    assert len(found) == 1
    assert found.iloc[0]["places"] == ["beacon street"]
    assert {"rats", "dumpster"} <= set(found.iloc[0]["terms"])


def test_german_texts_group_by_street_and_matter() -> None:
    texts = [
        "Wilder Müll in der Königstraße, Sperrmüll seit Tagen",
        "Sperrmüll und Müll liegen in der Königstraße",
        "Königstraße: wieder wilder Müll neben den Containern",
        "Bitte den Sperrmüll in der Königstraße abholen, überall Müll",
        "Müll, Sperrmüll und Ratten in der Königstraße",
    ]
    other = [
        "Schlagloch in der Hauptstätter Straße",
        "Laterne defekt am Marienplatz",
        "Falschparker auf dem Gehweg, Schloßstraße",
        "Grünabfall im Schlossgarten neben dem Spielplatz",
        "Radweg endet plötzlich, Neckarstraße",
        "Ampel am Charlottenplatz zu kurz für Fußgänger",
    ]
    found = find(shared(texts), shared(other).assign(source="other"), config=TextConfig(min_callers=5))
    assert len(found) == 1
    row = found.iloc[0]
    assert row["places"] == ["königstraße"]
    assert {"müll", "sperrmüll"} <= set(row["terms"])
    assert set(row["tickets"]) == {f"city/s{n}" for n in range(5)}


def test_no_text_is_no_group() -> None:
    assert find(shared(["" for _ in range(8)])).empty


def test_grouping_does_not_depend_on_order() -> None:
    rows = pd.concat([ordinary(40), shared()], ignore_index=True)
    order = np.random.default_rng(0).permutation(len(rows))
    labels = group_texts(word_texts(rows["title"].tolist(), rows["text"].tolist()))
    shuffled = rows.iloc[order]
    again = group_texts(word_texts(shuffled["title"].tolist(), shuffled["text"].tolist()))

    def partition(group: np.ndarray, position: np.ndarray) -> set[frozenset[int]]:
        return {frozenset(position[group == number].tolist()) for number in range(group.max() + 1)}

    assert partition(labels, np.arange(len(rows))) == partition(again, order)


def test_memory_remembers_forgets_and_survives_storage() -> None:
    memory = memory_of(100)
    texts = word_texts(["特别的词汇"], [""])
    memory.learn(texts, NOON.normalize())
    word = texts.titles[0][0]
    assert memory.days_absent([word], NOON + pd.Timedelta(days=5))[0] == 5
    assert memory.days_absent(["从未"], NOON)[0] > 365
    # 20 tickets a day; a word of every ticket is said 20 times a day, whatever the half-life.
    assert memory.rates(["路灯"])[0] == pytest.approx(20 / len(MATTERS), rel=0.5)
    stored = TopicMemory.from_bytes(memory.to_bytes())
    assert (stored.through, stored.days) == (memory.through, memory.days)
    assert stored.tickets == memory.tickets
    assert stored.rates(["路灯"])[0] == pytest.approx(memory.rates(["路灯"])[0])
    with pytest.raises(BadInputError, match="is not after"):
        memory.learn(texts, NOON.normalize())


def test_an_empty_memory_survives_storage() -> None:
    assert TopicMemory.from_bytes(TopicMemory().to_bytes()).through is None


_ELSEWHERE = [
    "澄迈",
    "临高",
    "定安",
    "琼中",
    "白沙",
    "昌江",
    "乐东",
    "陵水",
    "保亭",
    "三江",
    "云溪",
    "石门",
    "青田",
    "永嘉",
    "平阳",
]


def _city(days: int, *, told_by_district: bool) -> TopicMemory:
    """A memory of a city in which every ticket names its district and its town."""
    memory = TopicMemory()
    for day in range(days):
        rng = random.Random(day)
        districts = ["屯昌县"] * 5 + [f"{name}县" for name in _ELSEWHERE for _ in range(5)]
        said = [f"{district}新兴镇{rng.choice(PLACES)}：{rng.choice(MATTERS)[0]}" for district in districts]
        texts = word_texts(said, ["" for _ in said])
        memory.learn(
            texts, NOON.normalize() - pd.Timedelta(days=3 + days - day), districts if told_by_district else None
        )
    return memory


def test_what_a_district_always_says_links_nothing_in_it() -> None:
    rng = random.Random(1)
    said = [f"屯昌县新兴镇{rng.choice(PLACES)}：{rng.choice(MATTERS)[0]}" for _ in range(24)]
    burst = [
        f"屯昌县新兴镇锦绣路：{words}"
        for words in ("河湖黑臭", "反映河湖黑臭", "河湖黑臭求助", "投诉河湖黑臭", "河湖黑臭线索")
    ]
    rows = shared([*said, *burst], hours=4).assign(district="屯昌县")
    of_the_city = find(rows, memory=_city(40, told_by_district=False))
    assert of_the_city["observed"].tolist() == [29], "to the whole city the district's name is a rare word"
    found = find(rows, memory=_city(40, told_by_district=True))
    assert set(found.iloc[0]["tickets"]) == {f"city/s{n}" for n in range(24, 29)}
    assert found.iloc[0]["places"][0] == "锦绣路"


def test_habits_are_kept_by_share_and_survive_storage() -> None:
    memory = _city(40, told_by_district=True)
    words = ["@屯昌县", "@锦绣路"]
    habitual, unheard = memory.within("屯昌县").said(words) / memory.tickets
    assert habitual == pytest.approx(1.0, rel=0.01)
    assert unheard < 0.01
    stored = TopicMemory.from_bytes(memory.to_bytes())
    assert stored.within("屯昌县").said(words) == pytest.approx(memory.within("屯昌县").said(words))
    assert memory.within("无此县").said(words) == pytest.approx(memory.said(words))
