"""Identifiers made of digits: resident identity numbers, phones, bank cards, chat accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from features.privacy.identifiers import Identifier, Recogniser

_SEPARATORS: Final = str.maketrans("", "", " -—–·.\t")

# Numbers that a hotline needs: orders, work orders, contracts. They often have the length of an identifier.
_DOCUMENT_CUE: Final = re.compile(
    r"(?:订单|运单|快递单|工单|单号|编号|流水|合同|批次|文号|案号|条码|序列|设备|表号|户号|order|invoice|tracking|"
    r"ticket|"
    r"case|ref|serial|no\.)[^0-9，。；,;]{0,8}$",
    re.IGNORECASE,
)
_BANK_CUE: Final = re.compile(
    r"(?:卡号|银行卡|储蓄卡|信用卡|账号|账户|帐号|card|account)[^0-9，。；;]{0,10}$", re.IGNORECASE
)
_CUE_REACH: Final = 20

_RESIDENT_18: Final = re.compile(r"(?<![0-9A-Za-z])[1-8](?:[ -]?[0-9]){16}[ -]?[0-9Xx](?![0-9A-Za-z])")
_RESIDENT_15: Final = re.compile(r"(?<![0-9A-Za-z])[1-8](?:[ -]?[0-9]){14}(?![0-9A-Za-z]|[ -][0-9])")
_CARD: Final = re.compile(r"(?<![0-9A-Za-z.])[2-9](?:[ -]?[0-9]){11,18}(?![0-9A-Za-z])")
_CARD_ISSUERS: Final = re.compile(r"62|4|5[1-5]|2[2-7]|3[4-7]|60|65|8[18]|9")
_SHORT_ACCOUNT: Final = re.compile(r"(?:卡号|账号|帐号|账户)(?:是|为|:|：|\s){0,3}(?P<id>[0-9]{6,11})(?![0-9A-Za-z])")
_CARD_LENGTHS: Final = frozenset({15, 16, 17, 18, 19})

_MOBILE: Final = re.compile(
    r"(?<![0-9])(?:(?:\+|00)?86[ -]?)?"
    r"1(?:[3-9][0-9](?:[ -]?[0-9]{4}[ -]?[0-9]{4}|[ -]?[0-9]{3}[ -]?[0-9]{5}|[0-9][ -]?[0-9]{3}[ -]?[0-9]{4})"
    r"| ?[3-9](?: [0-9]){9}|-?[3-9](?:-[0-9]){9}|[3-9][0-9]{3}[ -][0-9]{6})(?![0-9])"
)
# As people group it: 138.7654.3210, 138 76 54 32 10, 1387·654·3210. One separator all along, so that no row of
# amounts or of dates is taken for it.
_MOBILE_GROUPED: Final = re.compile(
    r"(?<![0-9.])1[3-9][0-9](?:(?P<s>[ .·•—–_/-])(?:[0-9]{4}(?P=s)[0-9]{4}|[0-9]{3}(?P=s)[0-9]{5}|[0-9]{2}(?:(?P=s)"
    r"[0-9]{2}){3})"
    r"|[0-9](?P<t>[ .·•—–_/-])(?:[0-9]{3}(?P=t)[0-9]{4}|[0-9]{4}(?P=t)[0-9]{3})|(?P<u>[.·•—–_])[0-9]{8})(?![0-9]|"
    r"\.[0-9])"
)
_SPELT: Final = "〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖"
_MOBILE_SPELT: Final = re.compile(
    rf"(?<![{_SPELT}])[一幺壹][ ，]?[三四五六七八九叁肆伍陆柒捌玖](?:[ ，]?[{_SPELT}]){{9}}(?![{_SPELT}十百千万])"
)
_LANDLINE: Final = re.compile(
    r"(?<![0-9])(?:(?:\+|00)86[ -]?)?"
    r"(?:[(（](?:0(?:10|2[0-9]|[3-9][0-9]{2}))[)）][ -]?|0(?:10|2[0-9]|[3-9][0-9]{2})[ .·—–-]{0,2}"
    r"|(?<=86)(?:10|2[0-9]|[3-9][0-9]{2})[ -]?|(?<=86[ -])(?:10|2[0-9]|[3-9][0-9]{2})[ -]?)"
    r"[2-9][0-9]{2,3}[ .·-]?[0-9]{4}(?:(?:转|-|ext\.? ?|分机号?)[0-9]{1,6})?(?![0-9])"
)
_LOCAL_LINE: Final = re.compile(
    r"(?:电话|座机|固话|固定电话|致电|拨打|联系方式)(?:号码)?(?:是|为|:|：|\s){0,3}"
    r"(?P<id>[2-9][0-9]{2,3}[ -]?[0-9]{4})(?![0-9]|[年元米个户人])"
)
_US_PHONE: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:\+?1[ .-]?)?(?!\(?400)(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])[2-9][0-9]{2}[ .-][0-9]{4}"
    r"(?: ?(?:x|ext\.?) ?[0-9]{1,6})?(?![0-9A-Za-z])"
)
_US_PHONE_CUED: Final = re.compile(
    r"(?:call|phone|tel|telephone|cell|mobile|text|reach(?: me)?|contact|number)(?: (?:me|us|him|her|is|at|on|no\.?))*"
    r"[ :.]{1,3}(?P<id>\+?1?[2-9][0-9]{2}[2-9][0-9]{6}|[2-9][0-9]{2}[-. ][0-9]{4})(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_ABROAD: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:\+|00)(?!86)[1-9][0-9]{0,2}[ -]?(?:\(0\))?[0-9](?:[ /-]?[0-9]){6,11}(?![0-9])"
)
_SSN: Final = re.compile(r"(?<![0-9A-Za-z-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![0-9A-Za-z-])")
_SSN_CUED: Final = re.compile(
    r"(?:SSN|social security(?: (?:number|"
    r"no\.?))?)(?: is)?[ :#]{0,3}(?P<id>[0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{4})(?![0-9])",
    re.IGNORECASE,
)
_ACCOUNT: Final = re.compile(
    r"(?:微信号?码?|薇信|威信|V信|wechat(?: id)?|weixin|(?<![A-Za-z])(?:vx|wx|qq)|扣扣号?|加[vV]|QQ号码?)"
    r"(?:号码?|也?是|同号|为|is|[:：=\s(（]){0,4}"
    r"(?P<id>[A-Za-z][-_A-Za-z0-9]{5,19}|[1-9][0-9]{4,11})(?![-_A-Za-z0-9@]|\.[a-z])",
    re.IGNORECASE,
)
_PASSPORT: Final = re.compile(
    r"(?:护照|通行证|台胞证|居留证|passport)[^0-9A-Za-z，。,;]{0,6}(?:number|no\.?)?(?: is)?[ :：]{0,2}"
    r"(?P<id>[A-Za-z]{1,2}[0-9]{7,9}|[0-9]{8,9})(?![0-9A-Za-z])",
    re.IGNORECASE,
)


def _digits(text: str) -> str:
    return text.translate(_SEPARATORS)


def _cued(cue: re.Pattern[str], text: str, start: int) -> bool:
    return cue.search(text, max(0, start - _CUE_REACH), start) is not None


def find_resident_ids(text: str) -> Iterator[Identifier]:
    """Find identity numbers of 18 characters (checksum) and of 15 (the form before 1999), also spaced.

    A wrong checksum is still a person's number mistyped, unless the text calls it an order, a case or the like.
    """
    for match in _RESIDENT_18.finditer(text):
        number = _digits(match[0])
        if is_resident_shaped(number) and (
            has_resident_checksum(number) or not _cued(_DOCUMENT_CUE, text, match.start())
        ):
            yield Identifier(match.start(), match.end(), "resident_id")
    for match in _RESIDENT_15.finditer(text):
        if is_resident_shaped(_digits(match[0])) and not _cued(_DOCUMENT_CUE, text, match.start()):
            yield Identifier(match.start(), match.end(), "resident_id")


def find_bank_cards(text: str) -> Iterator[Identifier]:
    """Find cards of 15 to 19 digits by issuer and Luhn check; after "卡号", "账号" and the like any account number."""
    for match in _CARD.finditer(text):
        number = _digits(match[0])
        named = _cued(_BANK_CUE, text, match.start())
        card = len(number) in _CARD_LENGTHS and _CARD_ISSUERS.match(number) and has_luhn_checksum(number)
        if named or (card and not _cued(_DOCUMENT_CUE, text, match.start())):
            yield Identifier(match.start(), match.end(), "bank_card")
    for match in _SHORT_ACCOUNT.finditer(text):
        yield Identifier(match.start("id"), match.end("id"), "bank_card")


def find_mobiles(text: str) -> Iterator[Identifier]:
    """Find mainland mobile numbers: 11 digits, +86 or 0086, grouped in any usual way, or spelt in Chinese numerals."""
    for pattern in (_MOBILE, _MOBILE_GROUPED, _MOBILE_SPELT):
        for match in pattern.finditer(text):
            yield Identifier(match.start(), match.end(), "mobile")


def find_landlines(text: str) -> Iterator[Identifier]:
    """Find mainland landlines with an area code, and local ones after "电话" and the like."""
    for match in _LANDLINE.finditer(text):
        yield Identifier(match.start(), match.end(), "landline")
    for match in _LOCAL_LINE.finditer(text):
        yield Identifier(match.start("id"), match.end("id"), "landline")


def find_phones_abroad(text: str) -> Iterator[Identifier]:
    """Find North American numbers and any number in the international form."""
    for pattern, group in ((_US_PHONE, 0), (_US_PHONE_CUED, "id"), (_ABROAD, 0)):
        for match in pattern.finditer(text):
            yield Identifier(match.start(group), match.end(group), "us_phone")


def find_ssns(text: str) -> Iterator[Identifier]:
    """Find US social security numbers: dashed with a possible area, group and serial, or named as such."""
    for pattern, group in ((_SSN, 0), (_SSN_CUED, "id")):
        for match in pattern.finditer(text):
            yield Identifier(match.start(group), match.end(group), "ssn")


def find_accounts(text: str) -> Iterator[Identifier]:
    """Find WeChat and QQ ids after a cue; a QQ group or an official account (公众号) is public."""
    for match in _ACCOUNT.finditer(text):
        yield Identifier(match.start("id"), match.end("id"), "account")


def find_passports(text: str) -> Iterator[Identifier]:
    """Find passport and travel permit numbers after their name."""
    for match in _PASSPORT.finditer(text):
        yield Identifier(match.start("id"), match.end("id"), "passport")


# The gates below are the patterns above without what RE2 cannot do (lookaround).
RECOGNISERS: Final = (
    Recogniser(find_resident_ids, r"[1-8](?:[ -]?[0-9]){14}"),
    Recogniser(find_ssns, r"[0-9]{3}-[0-9]{2}-[0-9]{4}|(?i:ssn|social security)", rare=True),
    Recogniser(find_passports, r"(?i)护照|通行证|台胞证|居留证|passport", rare=True),
    Recogniser(
        find_accounts,
        r"(?i)(?:微信|薇信|威信|v信|wechat|weixin|vx|wx|qq|扣扣|加v)(?:号|码|id|也|是|同|为|is|"
        r"[:：=\s(（]){0,8}[a-z0-9]",
        rare=True,
    ),
    Recogniser(
        find_mobiles, rf"1[ -]?[3-9](?:[ .·•—–_/-]?[0-9]){{9}}|[一幺壹][ ，]?[{_SPELT}](?:[ ，]?[{_SPELT}]){{9}}"
    ),
    Recogniser(
        find_landlines,
        r"(?:0[1-9][0-9]{1,2}[)）]?[ .·—–-]{0,2}|86[ -]?[1-9][0-9]{1,2}[ -]?)[2-9][0-9]{2,3}[ .·-]?[0-9]{4}|"
        r"(?:电话|座机|固话|致电|拨打|联系方式)(?:号码)?[是为:：\s]{0,3}[2-9][0-9]{2,3}[ -]?[0-9]{4}",
    ),
    Recogniser(find_bank_cards, r"[2-9](?:[ -]?[0-9]){11}|(?:卡号|账号|帐号|账户)[是为:：\s]{0,3}[0-9]{6}"),
    Recogniser(
        find_phones_abroad,
        r"[2-9][0-9]{2}(?:\) ?|[ .-])[2-9][0-9]{2}[ .-][0-9]{4}|(?:\+|"
        r"00)[1-9][0-9]{0,2}[ -]?(?:\(0\))?[0-9](?:[ /-]?[0-9]){6}|"
        r"(?i:call|phone|tel|telephone|cell|mobile|text|reach|contact|number)[a-z. ]{0,20}[ :.]{1,3}\+?[0-9]{3}",
        rare=True,
    ),
)
"""In order of precedence: what an earlier one has claimed, a later one does not touch."""


# Checks that tell an identifier from any other long number.


# GB 11643-1999: weights of the first 17 digits, and the check character for each remainder modulo 11.
_RESIDENT_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_CHECKS: Final = "10X98765432"
_PROVINCES: Final = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
_FIRST_BIRTH_YEAR: Final = 1890
_LAST_BIRTH_YEAR: Final = 2049


def is_resident_shaped(number: str) -> bool:
    """Tell whether 15 or 18 characters hold a province and a birth date where a resident identity number has them."""
    if not _PROVINCES.match(number):
        return False
    birthday = number[6:14] if len(number) == 18 else "19" + number[6:12]  # noqa: PLR2004 - GB 11643 lengths
    try:
        year = date(int(birthday[:4]), int(birthday[4:6]), int(birthday[6:])).year
    except ValueError:
        return False
    return _FIRST_BIRTH_YEAR <= year <= _LAST_BIRTH_YEAR


def has_resident_checksum(number: str) -> bool:
    """Tell whether the last of 18 characters is the check character of the others (ISO 7064 MOD 11-2).

    >>> has_resident_checksum("11010519491231002X")
    True
    """
    total = sum(weight * int(digit) for weight, digit in zip(_RESIDENT_WEIGHTS, number, strict=False))
    return number[17].upper() == _RESIDENT_CHECKS[total % 11]


def has_luhn_checksum(number: str) -> bool:
    """Tell whether the digits pass the Luhn check of payment cards (ISO/IEC 7812-1).

    >>> has_luhn_checksum("4111111111111111")
    True
    """
    total = sum(map(int, number[-1::-2])) + sum(sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2])
    return total % 10 == 0
