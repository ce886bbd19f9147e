"""Identifiers with letters in them: e-mail addresses and vehicle plates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from features.privacy.identifiers import Identifier, Recogniser

_EMAIL: Final = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63} ?@ ?(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?![A-Za-z0-9])"
)
# Addresses that are written so that no machine reads them: wang。xiao＠163。com, wang.xiao at qq dot com.
_AT: Final = r"(?: ?[@#] ?| at | ?[(\[（【] ?(?:at|AT|@) ?[)\]）】] ?|艾特|圈a|圈A)"
_DOT: Final = r"(?: ?[.。．] ?| dot | ?[(\[（【] ?(?:dot|DOT|点|\.) ?[)\]）】] ?|点)"
_HIDDEN_EMAIL: Final = re.compile(
    rf"(?<![A-Za-z0-9._%+-])(?P<id>[A-Za-z0-9][A-Za-z0-9_%+-]*(?:(?:[.。]| dot )[A-Za-z0-9_%+-]+){{0,3}}{_AT}"
    rf"(?!(?:the|this|that|our|your|my) )[A-Za-z0-9-]{{2,30}}(?:{_DOT}(?!com\b|cn\b|net\b|org\b)"
    rf"[A-Za-z0-9-]{{2,20}}){{0,2}}{_DOT}(?:com|cn|net|org|edu|gov|co|de)"
    rf"(?:[.。](?:cn|uk|hk|tw))?)(?![A-Za-z0-9])"
)
_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
# GA 36-2018: five characters after the city's letter, six on new-energy plates. I and O are never given, but people
# write them, so any letter is taken.
_PLATE: Final = re.compile(
    rf"(?P<id>[{_PROVINCES}] ?[A-Za-z][ ·•.—-]?"
    r"(?P<serial>[A-Za-z0-9]{6}|[A-Za-z0-9]{5}|[A-Za-z0-9]{4}[挂学警港澳领]|[A-Za-z0-9]{2} [A-Za-z0-9]{3}|"
    r"[A-Za-z0-9]{3} [A-Za-z0-9]{2}))"
    r"(?![A-Za-z0-9])"
)
_LEAST_DIGITS: Final = 2


# A plate of New York or Boston is any few letters and digits: only the word before it tells.
_PLATE_ABROAD: Final = re.compile(
    r"(?<![A-Za-z])(?:[Pp]late|PLATE)(?: ?(?:[Nn]umber|[Nn]o\.?|#))?(?: is|:)? ?(?:[A-Z]{2} )?"
    r"(?P<id>(?=[0-9 -]*[A-Z])(?=(?:[A-Z -]*[0-9]){2})[A-Z0-9]{2,4}[ -]?[A-Z0-9]{2,4})(?![0-9A-Za-z])"
)


def find_emails(text: str) -> Iterator[Identifier]:
    """Find e-mail addresses, also those that are written out: `name at example dot com`."""
    for match in _EMAIL.finditer(text):
        yield Identifier(match.start(), match.end(), "email")
    for match in _HIDDEN_EMAIL.finditer(text):
        yield Identifier(match.start("id"), match.end("id"), "email")


def find_plates(text: str) -> Iterator[Identifier]:
    """Find mainland vehicle plates, ordinary and new-energy."""
    for match in _PLATE.finditer(text):
        if sum(character.isdigit() for character in match["serial"]) >= _LEAST_DIGITS:
            yield Identifier(match.start("id"), match.end("id"), "plate")


def find_plates_abroad(text: str) -> Iterator[Identifier]:
    """Find vehicle plates after the word plate."""
    for match in _PLATE_ABROAD.finditer(text):
        yield Identifier(match.start("id"), match.end("id"), "plate")


RECOGNISERS: Final = (
    Recogniser(find_plates_abroad, r"(?i:plate)", rare=True),
    Recogniser(
        find_emails, r"@|(?:#| at |[(\[（【] ?(?:at|AT)|艾特|圈[aA]).{2,110}(?:com|cn|net|org|edu|gov|co|de)", rare=True
    ),
    Recogniser(find_plates, rf"[{_PROVINCES}] ?[A-Za-z][ ·•.—-]?[A-Za-z0-9]{{2}}[A-Za-z0-9 ]{{2}}"),
)
