"""Invented people: names, phone numbers, identity numbers, number plates. None of them can belong to anyone.

Phone numbers use prefixes no operator was given, identity numbers a county code that does not exist (with a valid
check digit), plates a letter the province does not issue: masking must find them, and nobody owns them.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

PHONE_PREFIXES: Final = (142, 143, 154, 160, 161, 163, 164, 168, 169, 179)
_SUBSCRIBERS: Final = 10**8
_SCRAMBLE: Final = 48_271_123  # coprime to 10^8: distinct callers keep distinct numbers
_COUNTY: Final = "460199"
_WEIGHTS: Final = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_CHECK: Final = "10X98765432"
_PLATE_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def phone_numbers(caller: Ints) -> Ints:
    """Return the invented 11-digit number of each caller, as an integer; distinct for the first 10^9 callers."""
    prefixes = np.array(PHONE_PREFIXES)
    block, number = np.divmod(caller, _SUBSCRIBERS)
    prefix = prefixes[(caller + block) % len(prefixes)]
    numbers: Ints = prefix * _SUBSCRIBERS + number * _SCRAMBLE % _SUBSCRIBERS
    return numbers


def check_digit(first17: str) -> str:
    """Return the last character of an 18-character identity number (GB 11643, ISO 7064 MOD 11-2).

    >>> check_digit("46010019491231002")
    'X'
    """
    return _CHECK[int(np.dot([int(digit) for digit in first17], _WEIGHTS)) % 11]


def identity_numbers(count: int, rng: np.random.Generator) -> list[str]:
    """Return invented identity numbers with valid check digits, of a county that does not exist."""
    born = np.datetime64("1940-01-01") + rng.integers(0, 25_000, count)
    days = [str(day).replace("-", "") for day in born]
    first17 = [f"{_COUNTY}{day}{serial:03d}" for day, serial in zip(days, rng.integers(1, 1000, count), strict=True)]
    return [text + check_digit(text) for text in first17]


def number_plates(count: int, rng: np.random.Generator) -> list[str]:
    """Return invented number plates with the letter Z, which the province does not issue."""
    letters = rng.integers(0, len(_PLATE_LETTERS), count)
    numbers = rng.integers(0, 10_000, count)
    return [f"琼Z{_PLATE_LETTERS[a]}{n:04d}" for a, n in zip(letters, numbers, strict=True)]


def full_names(count: int, phrases: dict[str, Any], rng: np.random.Generator) -> list[str]:
    """Return invented full names, surname first."""
    return [_one(phrases["surnames"], rng) + _one(phrases["given"], rng) for _ in range(count)]


def polite_names(count: int, phrases: dict[str, Any], rng: np.random.Generator) -> list[str]:
    """Return surnames with a title, such as 王女士."""
    return [_one(phrases["surnames"], rng) + _one(phrases["titles"], rng) for _ in range(count)]


def _one(words: list[str], rng: np.random.Generator) -> str:
    return words[int(rng.integers(len(words)))]
