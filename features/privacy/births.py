"""Dates of birth, by the words around them; a year alone, or the day from which a rule counts, is nobody's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from features.privacy.identifiers import Identifier, Recogniser

_ZH: Final = "〇零○一二三四五六七八九十"
_DAY: Final = r"(?:[0-2]?[0-9]|3[01])"
_MONTH: Final = r"(?:1[0-2]|0?[1-9])"
_DATE_ZH: Final = (
    rf"(?<![0-9A-Za-z])(?:(?:19|20)?[0-9]{{2}}年 ?{_MONTH}月(?: ?{_DAY}[日号]?)?|{_MONTH}月{_DAY}[日号]?|"
    rf"(?:19|20)[0-9]{{2}}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])|"
    rf"(?:19|20)[0-9]{{2}}[-./]{_MONTH}(?:[-./]{_DAY})?|"
    rf"[{_ZH}]{{2,4}}年[正冬腊{_ZH}]{{1,3}}月(?:[初廿]?[{_ZH}]{{1,3}}[日号]?)?)(?![0-9年])"
)
# 出生于1985年3月2日, 出生日期被误写为1985-03-02
_AFTER_CUE: Final = re.compile(
    r"(?:出生|(?<![先医学发产师新考花])生于|生日|诞辰)(?:日期|年月日?|时间|登记|年龄)?(?:被|却|错误地?|误){0,2}(?:写|登记|录入|填|记|改|核定|认定)?"
    rf"(?:成|为|是|于|在|由|从|应|[:：\s(（]){{0,3}}(?:农历|阴历|公历|阳历|新历|旧历)?(?P<id>{_DATE_ZH})"
    r"(?![日号]?(?:以|之)?[前后])"
)
# 1985年3月2日出生, 2019年3月2日在省妇幼顺产, 1979年9月23日生，; not 1月1日前出生, not 至8月31日出生
_BEFORE_CUE: Final = re.compile(
    rf"(?<![至到止])(?P<id>{_DATE_ZH})[)）]?(?:凌晨|早上|上午|中午|下午|晚上)?(?:在[\u4e00-\u9fff]{{1,12}})?$"
)
_CUE: Final = re.compile(r"出生(?!率|缺陷|证|人口)|生人|[生诞产]下|顺产|剖[腹宫]产|生(?=$|[，。,；;、）)\s])")
_LONGEST_BEFORE: Final = 32

_MONTH_EN: Final = (
    r"(?i:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t|tember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_ORDINAL: Final = r"(?:st|nd|rd|th)?"
_DATE_EN: Final = (
    rf"(?:{_DAY}{_ORDINAL}(?: of)? {_MONTH_EN},? [0-9]{{4}}|{_MONTH_EN} {_DAY}{_ORDINAL}(?:,? [0-9]{{4}})?|"
    r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-](?:[0-9]{4}|[0-9]{2})|[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2})(?![0-9A-Za-z])"
)
# Every alternative begins with a letter of its own: the search then skips what cannot begin one.
_BORN: Final = re.compile(
    r"(?:DOB|dob|D\.O\.B\.?|Date of [Bb]irth|date of birth|DATE OF BIRTH|Birth ?[Dd]ate|birth ?date|Birthday|birthday|"
    r"Born|born|BORN|Geboren|geboren|Geb\.|geb\.|Geburtsdatum|Geburtstag)"
    rf"(?: is| was| on| in [A-Za-z]+| am| ist)*[:=,]? ?(?P<id>{_DATE_EN})"
)


def find_births(text: str) -> Iterator[Identifier]:
    """Find dates of birth with at least a month; "born before", "生产日期" and the like are no one's birth."""
    for pattern in (_AFTER_CUE, _BORN):
        for match in pattern.finditer(text):
            yield Identifier(match.start("id"), match.end("id"), "birth")
    for cue in _CUE.finditer(text):
        before = _BEFORE_CUE.search(text, max(0, cue.start() - _LONGEST_BEFORE), cue.start())
        if before:
            yield Identifier(before.start("id"), before.end("id"), "birth")


RECOGNISERS: Final = (
    Recogniser(
        find_births,
        rf"出生|生于|生日|诞辰|生人|[生诞产]下|顺产|剖[腹宫]产|[0-9日号月)）{_ZH}]生|(?i:born|birth|d\.?o\.?b|geb)",
        rare=True,
    ),
)
