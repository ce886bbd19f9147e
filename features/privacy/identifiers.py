"""What an identifier is to the masking: a kind, a span in a text, and a recogniser that finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

PLACEHOLDERS: Final[dict[str, tuple[str, str]]] = {
    "resident_id": ("[身份证号]", "[ID number]"),
    "ssn": ("[身份证号]", "[ID number]"),
    "passport": ("[证件号]", "[ID number]"),
    "bank_card": ("[银行卡号]", "[card number]"),
    "mobile": ("[手机号]", "[phone]"),
    "landline": ("[电话]", "[phone]"),
    "us_phone": ("[电话]", "[phone]"),
    "email": ("[邮箱]", "[email]"),
    "plate": ("[车牌]", "[plate]"),
    "account": ("[账号]", "[account]"),
    "birth": ("[出生日期]", "[date of birth]"),
    "name": ("[姓名]", "[name]"),
    "house": ("[门牌]", "[address]"),
}
"""Kind -> what stands in its place, in a Chinese text and in any other; no digits, so that none is masked again."""

STRUCTURED: Final = frozenset(PLACEHOLDERS) - {"name", "house"}
"""Kinds with a fixed form; the others are recognised by their surroundings and can be missed."""


class Identifier(NamedTuple):
    """A personal identifier in a text, `text[start:end]`."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Recogniser:
    """Finds identifiers.

    Attributes:
        find: Text (its wide digits and letters made narrow) -> identifiers, from left to right.
        gate: A pattern that every such text matches; RE2 syntax, so that Arrow can sieve millions
            of rows before Python looks at one. Wider is slower, narrower is a leak.
        rare: Few texts of a hotline hold one. The gates of the rare ones are tried as one pattern first,
            which costs as much as one of them alone; leave gates of digits only out, they are slow in company.
    """

    find: Callable[[str], Iterator[Identifier]]
    gate: str
    rare: bool = False
