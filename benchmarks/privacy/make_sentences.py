"""Fill the templates with invented values and write the labelled sentences of tests/privacy.

    python benchmarks/privacy/make_sentences.py

Both halves come from different templates: what was tuned on development sentences says nothing about the held-out
ones. Values cannot be anybody's: mobile numbers and phones use exchange 0000 or 555-01xx, identity numbers the serial
000, which is never given; their checksums are right, because the recognisers ask for them.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent))

import templates
import templates_persons
import templates_second


def _words(text: str) -> list[str]:
    return text.split()


_FOLDER: Final = Path(__file__).parents[2] / "tests" / "privacy"
_SLOT: Final = re.compile(r"\{(\w+)\}")
_SURNAMES: Final = _words("王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 朱 郭 何 林 罗 梁 谢 韩 符 吉 邢 冯 云 蒙 欧阳 司马")
_GIVEN: Final = _words("建国 晓明 丽娟 志强 海燕 伟 静 敏 小红 家豪 秀英 文博 子涵 春花 永福 玉兰 雪 天佑 桂香 国栋")
_CHILDREN: Final = _words("子轩 梓涵 雨桐 浩然 欣怡 宇航 思远 佳怡 一诺 俊杰 诗雨 文轩 可馨 明哲 语嫣 博文")
_MONTHS: Final = _words("January February March April May June July August September October November December")
_EN_FIRST: Final = _words("John Maria Robert Linda Aisha Carlos Emily Wei Patrick Olga Denise Kevin")
_EN_LAST: Final = _words(
    "Smith Johnson Rodriguez O'Connor Chen Patel Kowalski Nguyen Brown Garcia-Lopez McDonald Williams"
)


def _pick(rng: random.Random, *choices: str) -> str:
    return rng.choice(choices)


def _mobile(rng: random.Random) -> str:
    head, tail = rng.choice(["138", "139", "150", "177", "186", "189", "198"]), f"{rng.randrange(10000):04d}"
    return _pick(
        rng,
        f"{head}0000{tail}",
        f"{head}0000{tail}",
        f"{head} 0000 {tail}",
        f"{head}-0000-{tail}",
        f"+86 {head}0000{tail}",
        f"+86-{head}-0000-{tail}",
        f"86{head}0000{tail}",
        f"{head}0000{tail}".translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)}),
    )


def _landline(rng: random.Random) -> str:
    code, line = rng.choice(["0898", "010", "021", "0755", "0731"]), f"6600{rng.randrange(10000):04d}"
    extension = rng.choice(["", "", "转801"])
    return _pick(
        rng, f"{code}-{line}", f"{code}{line}", f"({code}){line}", f"{code} {line}", f"{code}-{line}{extension}"
    )


def _resident_id(rng: random.Random) -> str:
    head = (
        f"{rng.choice(['460100', '110101', '440300', '430100'])}{rng.randrange(1940, 2012)}{rng.randrange(1, 13):02d}"
    )
    body = f"{head}{rng.randrange(1, 29):02d}000"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    check = "10X98765432"[sum(w * int(d) for w, d in zip(weights, body, strict=True)) % 11]
    number = body + check
    spaced = f"{number[:6]} {number[6:14]} {number[14:]}"
    return _pick(rng, number, number, number.lower(), spaced, body[:6] + body[8:17])


def _bank_card(rng: random.Random) -> str:
    body = f"{rng.choice(['621700', '622848', '455200', '622202'])}{rng.randrange(10**9):09d}{rng.choice(['', '000'])}"
    total = sum(map(int, body[-2::-2])) + sum(sum(divmod(2 * int(d), 10)) for d in body[-1::-2])
    number = body + str(-total % 10)
    return _pick(rng, number, number, " ".join(number[n : n + 4] for n in range(0, len(number), 4)))


def _plate(rng: random.Random) -> str:
    head, serial = rng.choice(["琼A", "琼B", "粤B", "京N", "沪C"]), f"{rng.randrange(100, 1000)}"
    return _pick(
        rng, f"{head}{serial}K8", f"{head}·{serial}1Z", f"{head}D{serial}45", f"{head} 9{serial}7", f"{head}{serial}7挂"
    )


def _email(rng: random.Random) -> str:
    return _pick(
        rng, "wang.lei88@example.com", "lisi_2020@example.cn", "a1234567@mail.example.org", "jane-doe@example.com"
    )


def _account(rng: random.Random) -> str:
    return _pick(rng, "abc_123456", "wxid-hk8898x", "zhufang2023", f"{rng.randrange(10**7, 10**9)}")


def _house(rng: random.Random) -> str:
    block, unit, room = rng.randrange(1, 30), rng.randrange(1, 5), f"{rng.randrange(1, 30)}0{rng.randrange(1, 9)}"
    return _pick(
        rng,
        f"{block}栋{unit}单元{room}室",
        f"{block}幢{room}",
        f"{block}号楼{unit}单元{room}",
        f"A{block}栋{room}房",
        f"{block}-{unit}-{room}",
        "三栋二单元402室",
        f"{block}号楼{room}",
        f"{unit}单元{room}号",
    )


def _building(rng: random.Random) -> str:
    block = rng.randrange(1, 30)
    return _pick(rng, f"{block}栋", f"{block}幢", f"{block}号楼", f"A{block}栋", f"{block}#", f"{block}栋2单元")


def _starred(rng: random.Random) -> str:
    surname, given = rng.choice(_SURNAMES[:-2]), rng.choice(_GIVEN)
    return _pick(
        rng, f"{surname}*{given[-1]}", f"{surname}**", f"{surname}*", f"{surname}{given[0]}*", f"{surname}＊＊"
    )


def _birth(rng: random.Random) -> str:
    year, month, day = rng.randrange(1935, 2022), rng.randrange(1, 13), rng.randrange(1, 29)
    digits = "〇一二三四五六七八九"
    spelt = "".join(digits[int(d)] for d in str(year))
    return _pick(
        rng,
        f"{year}年{month}月{day}日",
        f"{year}年{month}月{day}日",
        f"{year}年{month}月",
        f"{year}-{month:02d}-{day:02d}",
        f"{year}.{month}.{day}",
        f"{year}/{month}/{day}",
        f"{year}{month:02d}{day:02d}",
        f"{year % 100:02d}年{month}月{day}号",
        f"{spelt}年{digits[month % 10] if month < 10 else '十'}月初{digits[day % 9 + 1]}",
    )


def _en_birth(rng: random.Random) -> str:
    year, month, day = rng.randrange(1935, 2022), rng.randrange(12), rng.randrange(1, 29)
    name = _MONTHS[month]
    return _pick(
        rng,
        f"{month + 1:02d}/{day:02d}/{year}",
        f"{month + 1}/{day}/{year % 100:02d}",
        f"{year}-{month + 1:02d}-{day:02d}",
        f"{day} {name} {year}",
        f"{name} {day}, {year}",
        f"{name[:3]} {day} {year}",
    )


def _de_birth(rng: random.Random) -> str:
    year, month, day = rng.randrange(1935, 2022), rng.randrange(1, 13), rng.randrange(1, 29)
    return _pick(rng, f"{day}.{month}.{year}", f"{day:02d}.{month:02d}.{year}")


def _street_no(rng: random.Random) -> str:
    return _pick(
        rng,
        f"{rng.randrange(1, 400)}号",
        f"{rng.randrange(1, 99)}-{rng.randrange(1, 9)}号",
        f"{rng.randrange(1, 99)}号之二",
    )


def _us_phone(rng: random.Random) -> str:
    area, tail = rng.choice(["617", "718", "312", "212"]), f"01{rng.randrange(100):02d}"
    return _pick(
        rng,
        f"({area}) 555-{tail}",
        f"{area}-555-{tail}",
        f"{area}.555.{tail}",
        f"+1 {area} 555 {tail}",
        f"1-{area}-555-{tail}",
    )


_DOTTED_PARTS: Final = _words(
    "阿依古丽 买买提 迪力木拉提 古丽娜尔 艾山江 热孜万 吐尔逊 巴特尔 卓玛 扎西 才让 多吉 帕提曼 库尔班"
)


def _grouped(rng: random.Random) -> str:
    """Return a mobile as people group it when they say it."""
    head, tail = rng.choice(["138", "139", "150", "177", "186"]), f"0000{rng.randrange(10000):04d}"
    pairs = " ".join(tail[n : n + 2] for n in range(0, 8, 2))
    dot, whole = rng.choice([".", "·", "-", " ", "—"]), head + tail
    return _pick(
        rng,
        f"{head}{dot}{tail[:4]}{dot}{tail[4:]}",
        f"{head} {pairs}",
        f"{whole[:4]}{dot}{whole[4:7]}{dot}{whole[7:]}",
        f"{whole[:4]} {whole[4:8]} {whole[8:]}",
        f"{head}.{tail[:3]}.{tail[3:]}",
        whole,
    )


def _spelt(rng: random.Random) -> str:
    whole = f"13{rng.choice('589')}0000{rng.randrange(10000):04d}"
    return "".join(rng.choice(["零〇", "一幺", "二", "三", "四", "五", "六", "七", "八", "九"][int(d)]) for d in whole)


def _landline_dotted(rng: random.Random) -> str:
    code, tail = rng.choice(["0898", "010", "0755"]), f"{rng.randrange(10000):04d}"
    return _pick(rng, f"{code}.6600{tail}", f"{code}.6600.{tail}", f"{code}·6600{tail}", f"{code} 6600 {tail}")


def _plate_spaced(rng: random.Random) -> str:
    head, serial = rng.choice(["琼 A", "粤 B", "京 N", "沪 C"]), f"{rng.randrange(100, 1000)}"
    return _pick(
        rng, f"{head} {serial}K8", f"{head} 1{serial[0]}D{serial[1:]}", f"{head}·{serial}1Z", f"{head}D{serial}45"
    )


def _email_hidden(rng: random.Random) -> str:
    name = rng.choice(["wang.xiao", "lisi88", "zhao_lei", "chen-yu"])
    return _pick(
        rng,
        f"{name}＠example。com",
        f"{name.replace('.', '。')}@example。com",
        f"{name} at example dot com",
        f"{name}(at)example.com",
        f"{name}[at]example[dot]com",
        f"{name}艾特example点com",
        f"{name} @ example . com",
        f"{name}#example.com",
    )


def _email_hidden_en(rng: random.Random) -> str:
    return _pick(
        rng, "john dot smith at example dot com", "mary.jones at example dot org", "kevin(at)example.com",
        "olga [at] example [dot] net",
    )  # fmt: skip


def _licence(rng: random.Random) -> str:
    return _pick(
        rng, f"4601{rng.randrange(10**8):08d}", f"A{rng.randrange(10**7, 10**8)}", f"{rng.randrange(10**9, 10**10)}"
    )


_VALUES: Final[dict[str, Callable[[random.Random], str]]] = {
    "mobile": _mobile,
    "landline": _landline,
    "resident_id": _resident_id,
    "bank_card": _bank_card,
    "plate": _plate,
    "email": _email,
    "account": _account,
    "dotted": lambda rng: "·".join(rng.sample(_DOTTED_PARTS, rng.choice([2, 2, 3]))),
    "grouped": _grouped,
    "spelt": _spelt,
    "landline_dotted": _landline_dotted,
    "plate_spaced": _plate_spaced,
    "plate_short": lambda rng: f"{rng.choice('ABCD')}{rng.randrange(10**4, 10**5)}",
    "plate_abroad": lambda rng: _pick(rng, f"ABC-{rng.randrange(1000, 10000)}", f"KD{rng.randrange(100, 1000)}"),
    "email_hidden": _email_hidden,
    "email_hidden_en": _email_hidden_en,
    "house_dashed": lambda rng: (
        f"{rng.randrange(1, 30)}-{rng.randrange(1, 5)}-{rng.randrange(1, 30)}0{rng.randrange(1, 9)}"
    ),
    "social": lambda rng: _pick(
        rng, f"dy{rng.randrange(10**7, 10**8)}", "hainan_laowang", f"{rng.randrange(10**8, 10**9)}"
    ),
    "badge": lambda rng: f"{rng.randrange(10**5):06d}",
    "licence": _licence,
    "licence_en": lambda rng: f"D{rng.randrange(10**6, 10**7)}",
    "tail": lambda rng: _pick(rng, f"{rng.randrange(1000, 10000)}", f"0{rng.randrange(100, 1000)}"),
    "passport": lambda rng: _pick(rng, f"E{rng.randrange(10**7, 10**8)}", f"G{rng.randrange(10**7, 10**8)}"),
    "name": lambda rng: rng.choice(_SURNAMES) + rng.choice(_GIVEN),
    "child": lambda rng: rng.choice(_SURNAMES[:-2]) + rng.choice(_CHILDREN),
    "starred": _starred,
    "birth": _birth,
    "en_birth": _en_birth,
    "de_birth": _de_birth,
    "surname": lambda rng: rng.choice(_SURNAMES),
    "house": _house,
    "building": _building,
    "street_no": _street_no,
    "us_phone": _us_phone,
    "ssn": lambda rng: f"{rng.randrange(100, 600)}-{rng.randrange(10, 99)}-{rng.randrange(1000, 9999)}",
    "en_name": lambda rng: f"{rng.choice(_EN_FIRST)} {rng.choice(_EN_LAST)}",
    "en_first": lambda rng: rng.choice(_EN_FIRST),
    "en_surname": lambda rng: rng.choice(_EN_LAST),
    "en_no": lambda rng: str(rng.randrange(1, 3000)),
    "en_apt": lambda rng: _pick(rng, "4B", "12", "3C", "210"),
}
_KIND: Final = {
    "dotted": "name",
    "grouped": "mobile",
    "spelt": "mobile",
    "landline_dotted": "landline",
    "plate_spaced": "plate",
    "plate_short": "plate",
    "plate_abroad": "plate",
    "email_hidden": "email",
    "email_hidden_en": "email",
    "house_dashed": "house",
    "social": "account",
    "badge": "passport",
    "licence": "passport",
    "licence_en": "passport",
    "tail": "resident_id",
    "child": "name",
    "starred": "name",
    "building": "house",
    "en_birth": "birth",
    "de_birth": "birth",
    "surname": "name",
    "en_name": "name",
    "en_first": "name",
    "en_surname": "name",
    "street_no": "house",
    "en_no": "house",
    "en_apt": "house",
}


def main() -> None:
    """Write `sentences_dev.txt` and `sentences_heldout.txt`, and those of the second style."""
    rng = random.Random(20261123)
    halves: dict[str, list[str]] = {"dev": [], "heldout": []}
    for block, text in (templates.BLOCKS | templates_persons.BLOCKS).items():
        lines = text.strip().splitlines()
        rng.shuffle(lines)
        for number, template in enumerate(lines):
            halves["dev" if number % 2 == 0 else "heldout"] += _fillings(block, template, rng)
    for half, blocks in (("second_dev", templates_second.BLOCKS), ("second_heldout", templates_second.HELD_OUT)):
        rng = random.Random(half)
        halves[half] = [
            sentence
            for block, text in blocks.items()
            for template in text.strip().splitlines()
            for sentence in _fillings(block, template, rng, most=2)
        ]
    for half, lines in halves.items():
        (_FOLDER / f"sentences_{half}.txt").write_text("\n".join(dict.fromkeys(lines)) + "\n", encoding="utf-8")


def _fillings(block: str, template: str, rng: random.Random, *, most: int = 3) -> list[str]:
    """Return the sentences of a template: several where it has something to fill in."""
    return [f"{block}\t{_filled(template, rng)}" for _ in range(most if "{" in template else 1)]


def _filled(template: str, rng: random.Random) -> str:
    """Return the sentence with every value marked as `{kind:value}`."""

    def value(slot: re.Match[str]) -> str:
        return f"{{{_KIND.get(slot[1], slot[1])}:{_VALUES[slot[1]](rng)}}}"

    return _SLOT.sub(value, template)


if __name__ == "__main__":
    main()
