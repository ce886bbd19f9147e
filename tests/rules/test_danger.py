"""What counts as danger in a text: events by clause, exceptions by phrase, negations by grammar."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from features.danger import DangerTable, Sign, shipped_text
from features.errors import BadInputError
from pipelines.cli import app
from serve.alerts.danger import tried_text

TABLE = DangerTable.shipped()
HARMLESS = (
    *("水压太小，热水器打不着火", "煤气灶点不着火", "电动车打着火就熄火", "商场跳楼价清仓", "游乐场跳楼机收费贵"),
    *("电脑中毒无法登录", "防溺水宣传", "防爆炸安全知识讲座", "演唱会现场人气爆炸", "想学反家暴法律知识"),
    *("预防一氧化碳中毒", "没有发生爆炸，无人受伤", "It was not a fire, only steam.", "No gas leak was found."),
    *("Store has had a permanent fire sale for a year.", "We had a fire drill and the alarm was too loud."),
)
DANGERS = (
    *("无助想自杀", "楼道电动车无故起火", "无缘无故着火", "无牌电动车起火", "没有人管起火了", "没有灭火器起火了"),
    *("邻居家不是第一次起火", "家里无法关火燃气泄漏", "无证加油点爆炸", "无人机坠落爆炸", "无照幼儿园虐待"),
    *("消防演练时真的起火", "无良商家食物中毒", "楼下起火", "樓下有人拿著刀"),
    *("Nobody came and the house is on fire.", "There was no hydrant and the kitchen is on fire"),
)


@pytest.mark.parametrize("text", HARMLESS)
def test_a_harmless_text_counts_nothing_and_says_why(text):
    danger = TABLE.judge(text)
    assert danger.counted == ()
    assert all(one.excepted and one.by for one in danger.found)


@pytest.mark.parametrize("text", DANGERS)
def test_a_danger_counts_whatever_else_is_denied(text):
    assert TABLE.judge(text).counted


@given(st.sampled_from(["没有", "未发生", "不是", "避免", "无"]), st.sampled_from(["起火", "爆炸", "燃气泄漏"]))
def test_a_negation_acts_on_the_word_behind_it_and_never_across_a_clause(negation, event):
    assert TABLE.judge(f"楼下{negation}{event}").counted == ()
    assert TABLE.judge(f"楼下{negation}停水，{event}").counted == (event,)
    assert TABLE.judge(f"楼下{negation}人管{event}").counted == (event,)


@given(st.text(max_size=80))
def test_any_text_is_judged(text):
    danger = TABLE.judge(text)
    assert set(danger.counted) <= {one.word for one in danger.found}


def test_long_letters_are_read_as_far_as_people_in_danger_write():
    assert TABLE.judge("小区绿化" * 60 + "起火").counted == ()
    assert TABLE.judge("起火了，" + "小区绿化" * 60).counted == ("起火",)


def test_an_exception_may_hold_for_one_category_only():
    rows = "sign,phrase,category,note\nevent,中毒,,\nharmless,中毒,网络,电脑\n"
    table = DangerTable.of(rows, "t.csv")
    assert table.judge("单位中毒", "网络服务").counted == ()
    assert table.judge("单位中毒", "食品安全").counted == ("中毒",)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("word\n起火\n", r"t\.csv: no column phrase, sign"),
        ("sign,phrase\nevnt,起火\n", r"t\.csv, line 2: sign 'evnt'"),
        ("sign,phrase\nevent,\n", r"t\.csv, line 2: .* phrase ''"),
    ],
)
def test_a_row_that_says_nothing_is_refused_with_its_line(rows, said):
    with pytest.raises(BadInputError, match=said):
        DangerTable.of(rows, "t.csv")


def test_the_shipped_table_can_be_written_edited_and_used(tmp_path: Path, monkeypatch):
    home = tmp_path / "heim"
    monkeypatch.setenv("WEISU_CONFIG", str(home / "weisu.toml"))
    home.mkdir()
    (home / "weisu.toml").write_text("", encoding="utf-8")
    run = CliRunner()
    assert run.invoke(app, ["rules", "table", "--out", str(home / "own.csv"), "--home", str(home)]).exit_code == 0
    text = (home / "own.csv").read_text(encoding="utf-8-sig")
    assert text == shipped_text()
    (home / "own.csv").write_text(text + "event,水管爆了,,\n", encoding="utf-8-sig")
    (home / "weisu.toml").write_text('[rules.sensitive]\ntable = "own.csv"\n', encoding="utf-8")
    (tmp_path / "texts.csv").write_text("诉求\n水管爆了\n热水器打不着火\n", encoding="utf-8")
    asked = ["rules", "try", str(tmp_path / "texts.csv"), "--column", "诉求", "--home", str(home), "--json"]
    document = json.loads(run.invoke(app, asked).output)
    assert [row["level"] for row in document["texts"]] == ["orange", ""]
    assert document["texts"][1]["words"][0]["excepted"] == Sign.HARMLESS


def test_only_red_needs_a_second_sign():
    levels = {text: tried_text(TABLE, text)["level"] for text in ("起火了", "楼下起火，老人出不来", "路灯坏了")}
    assert list(levels.values()) == ["orange", "red", ""]
    assert tried_text(TABLE, "燃气", "燃气安全", ["燃气安全"])["level"] == "red"
    denied = tried_text(TABLE, "没有燃气泄漏", "燃气安全", ["燃气安全"], language="zh-CN")
    assert (denied["level"], denied["rule"]) == ("yellow", "黄色：事项类别属敏感，文字却予以否认，请值班台核实")
