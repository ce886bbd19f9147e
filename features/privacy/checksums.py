"""Checks that tell an identifier from any other long number."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

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
