"""Say how much of a hotline the surge detector can judge, on the command line and in reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from features.vocabulary import Frequency
from features.words import catalogue


def said_coverage(judged: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield, for each frequency of which not every series can be judged, how many can and when the rest will be."""
    for freq, part in judged.items():
        if part["judged"] < part["series"]:
            yield f"by the {Frequency(freq).noun}: {said_part(part)}"


def said_part(part: Mapping[str, Any]) -> str:
    """Return how many series of one frequency can be judged, and from when on the rest.

    >>> said_part({"series": 9, "judged": 4, "stand_in": 2, "first": "2015-02-26", "last": "2015-03-26"})
    '4 of 9 series can be judged (2 more by the stand-in); the rest from about 2015-02-26 to 2015-03-26 on'
    """
    more = f" ({part['stand_in']} more by the stand-in)" if part["stand_in"] else ""
    ends = list(dict.fromkeys(end for end in (part["first"], part["last"]) if end))
    rest = f"; the rest from about {' to '.join(ends)} on" if ends else ""
    return f"{part['judged']:,} of {part['series']:,} series can be judged{more}{rest}"


def said_idle(codes: Iterable[str]) -> Iterator[str]:
    """Yield what the tickets lack, so that a detector never runs or sees less (`features.vocabulary.Idle`)."""
    words = catalogue("en")
    yield from (words(f"idle.{code}") for code in codes)
