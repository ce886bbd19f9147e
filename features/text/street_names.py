"""The street of an address, for sources that have no column of streets: its house number left out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_LEAD: Final = re.compile(r"^\s*(?:in der nähe von|nähe|gegenüber|near|opposite|corner of|at)\s+", re.IGNORECASE)
_MASKED: Final = re.compile(r"\s*\[\w+\]")
_BEFORE: Final = re.compile(r"^\s*\d+[a-z]?(?:\s*[-/]\s*\d+[a-z]?)?\s+(?=\D|\d+(?:st|nd|rd|th)\b)", re.IGNORECASE)
_AFTER: Final = re.compile(r"\s+(?:#|no\.?\s*)?\d+\s*[a-z]?(?:\s*[-/+]\s*\d+\s*[a-z]?)*\s*$", re.IGNORECASE)
_HAN: Final = re.compile(r"[\u4e00-\u9fff]")
_ADMINISTRATIVE: Final = re.compile(r"^.+?(?:自治州|特别行政区|街道|[省市县镇乡]|(?<![小社园新])区)(?=.{2})")
_STREET: Final = re.compile(r"[\u4e00-\u9fff]{1,8}?(?:大道|大街|胡同|[路街巷弄])")
_ESTATE: Final = re.compile(r"[\u4e00-\u9fff]{2,10}?(?:小区|花园|家园|公寓|社区|新村|大厦|广场|[村苑])")
_LETTERS: Final = 3


def street_names(addresses: Iterable[str]) -> list[str]:
    """Return the street of each address, '' where none is found.

    A Chinese address gives its street, else its estate or village, without province, city and district; another one
    what stands before the first comma, without the house number. Masked parts (`*`, `[address]`) are no name.

    >>> street_names(["1523 W CHICAGO AVE", "In der Nähe von Kemnater Straße 57, 70599 Stuttgart", "12-14 Beacon St"])
    ['W CHICAGO AVE', 'Kemnater Straße', 'Beacon St']
    >>> street_names(["海南省海口市龙华区海秀中路12号", "三亚市吉阳区月川村3巷", "陵水县椰林镇金聚小区*栋", "", "***"])
    ['海秀中路', '月川村', '金聚小区', '', '']
    """
    return [_street(address) for address in addresses]


# The same places are named again and again.
@lru_cache(maxsize=1 << 16)
def _street(address: str) -> str:
    address = _MASKED.sub("", address)
    if _HAN.search(address):
        return _chinese(address)
    whole = _LEAD.sub("", address.split(",", maxsplit=1)[0].split("\n", maxsplit=1)[0]).strip(" .;")
    name = _AFTER.sub("", _BEFORE.sub("", whole)).strip(" .;")
    if sum(letter.isalpha() for letter in name) < _LETTERS:
        # B 27 is a road, and no number of a street called B.
        name = whole
    return name if any(letter.isalpha() for letter in name) and "*" not in name else ""


def _chinese(address: str) -> str:
    rest = address
    while (shorter := _ADMINISTRATIVE.sub("", rest)) != rest:
        rest = shorter
    found = _STREET.search(rest) or _ESTATE.search(rest)
    return found.group() if found else ""
