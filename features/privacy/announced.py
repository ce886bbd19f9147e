"""Numbers that only the word before them makes somebody's: badges, licences, last digits, accounts, plates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from features.privacy.identifiers import Identifier, Recogniser

_IS: Final = r"(?:号码?|编号|[Ii][Dd]|是|为|[:：=\s(（【]){0,4}"
_BADGE: Final = re.compile(
    rf"(?:警号|胸牌|工号|执法证|警察证|记者证){_IS}(?P<id>[A-Za-z]{{0,2}}[0-9]{{3,12}})(?![0-9A-Za-z])"
)
_ON_DUTY: Final = re.compile(
    r"(?:民警|交警|辅警|协警|城管|客服|话务员|坐席|接线员|执法员|协管员)(?P<id>[0-9]{4,8}(?=号)|[0-9]{6,8})(?![0-9]|[年月日元个名人路])"
)
_BADGE_EN: Final = re.compile(
    r"[Bb]adge(?: [Nn]umber| [Nn]o\.?)?(?: is|:)?[ #]{1,2}(?P<id>[A-Z]?[0-9]{3,8})(?![0-9A-Za-z])"
)
_LICENCE_WORDS: Final = (
    "驾驶证|驾照|行驶证|残疾证|残疾人证|军官证|士兵证|退役证|退伍证|优待证|老年证|老年卡|学生证|学号|社保号|社保卡|社会保障号|医保号|"
    "从业资格证|资格证|执业证|结婚证|出生证|低保证|居住证|暂住证|户口本|驾驶员证|准考证"
)
_LICENCE: Final = re.compile(
    rf"(?:{_LICENCE_WORDS})(?:档案)?{_IS}(?P<id>[A-Za-z]{{0,3}}[0-9]{{5,20}}[A-Za-z]?)(?![0-9A-Za-z年月日]|元)"
)
_LICENCE_EN: Final = re.compile(
    r"(?:[Dd]river'?s?'? [Ll]icen[cs]e|[Ll]icen[cs]e (?:[Nn]o\.?|[Nn]umber|#))(?: [Nn]umber| [Nn]o\.?)?(?: is|"
    r":)?[ #]{1,2}"
    r"(?P<id>[A-Z]{0,3}[0-9]{5,12}|[A-Z][0-9-]{6,16})(?![0-9A-Za-z])"
)
_TAIL: Final = re.compile(
    r"(?P<of>身份证件?|证件号?|护照|社保卡|手机|电话|银行卡|卡|账号)(?:号码?)?的?(?:尾号|末尾|[后末][四六4-8]位数?){1}"
    rf"{_IS}(?P<id>[0-9]{{3,8}}[0-9Xx]?)(?![0-9A-Za-z])"
)
_TAIL_KINDS: Final = {
    "身份证": "resident_id",
    "身份证件": "resident_id",
    "证件": "resident_id",
    "证件号": "resident_id",
    "护照": "passport",
    "手机": "mobile",
    "电话": "mobile",
}
_SOCIAL: Final = re.compile(
    r"(?:抖音|快手|小红书|微博|闲鱼|支付宝|B站|贴吧|淘宝|陌陌|钉钉|飞书|[Tt]elegram|[Ff]acebook|[Ll]ine|[Ii]nstagram)"
    r"(?:账号|账户|帐号|号码?|[Ii][Dd]|用户名?)(?:是|为|[:：=\s(（]){0,3}(?P<id>[A-Za-z][-_.A-Za-z0-9]{3,29}|[0-9]{5,14})(?![-_A-Za-z0-9@])"
)
_PLATE: Final = re.compile(
    r"(?:车牌号?码?|牌照|车号|牌号)(?:是|为|[:：\s]){0,3}"
    r"(?P<id>(?=(?:[A-Z -]*[0-9]){2})(?:[A-Z]{2,3}[ -]?[0-9]{3,4}|[A-Z][ ·]?[A-Z0-9]{5,6}|[0-9]{3,4}[ -]?[A-Z]{2,3})"
    r")(?![0-9A-Za-z])"
)


def find_badges_and_licences(text: str) -> Iterator[Identifier]:
    """Find numbers of badges, licences and other papers after their name."""
    for pattern in (_BADGE, _ON_DUTY, _BADGE_EN, _LICENCE, _LICENCE_EN):
        for match in pattern.finditer(text):
            yield Identifier(match.start("id"), match.end("id"), "passport")


def find_last_digits(text: str) -> Iterator[Identifier]:
    """Find the last digits of an identity number, a telephone or a card, where the text says that they are."""
    for match in _TAIL.finditer(text):
        yield Identifier(match.start("id"), match.end("id"), _TAIL_KINDS.get(match["of"], "bank_card"))


def find_social_accounts(text: str) -> Iterator[Identifier]:
    """Find accounts of short-video, blog, shop and payment services after their name."""
    for match in _SOCIAL.finditer(text):
        yield Identifier(match.start("id"), match.end("id"), "account")


def find_named_plates(text: str) -> Iterator[Identifier]:
    """Find plates without a province, of Hong Kong, Macau and Taiwan, after the word for a plate."""
    for match in _PLATE.finditer(text):
        yield Identifier(match.start("id"), match.end("id"), "plate")


RECOGNISERS: Final = (
    Recogniser(
        find_badges_and_licences,
        rf"警号|胸牌|工号|(?:民警|交警|辅警|协警|城管|客服|话务员|坐席|接线员|执法员|协管员)[0-9]|执法证|警察证|记者证|(?i:badge|licen[cs]e)|(?:{_LICENCE_WORDS})(?:档案)?{_IS}[A-Za-z0-9]",
        rare=True,
    ),
    Recogniser(find_last_digits, r"(?:尾号|末尾|[后末][四六4-8]位)", rare=True),
    Recogniser(
        find_social_accounts,
        r"(?i:抖音|快手|小红书|微博|闲鱼|支付宝|b站|贴吧|淘宝|陌陌|钉钉|飞书|telegram|facebook|line|instagram)(?:账|帐|号|(?i:id)|用户)",
        rare=True,
    ),
    Recogniser(find_named_plates, r"(?:车牌|牌照|车号|牌号)[号码是为:：\s]{0,6}[A-Z0-9]", rare=True),
)
"""In order of precedence, after the numbers that are known by their own form."""
