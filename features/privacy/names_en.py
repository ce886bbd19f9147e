"""English personal names, after "my name is", "I'm", "Mr." and the like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from features.privacy.identifiers import Identifier, Recogniser
from features.privacy.wordlists import read_words

_WORD: Final = r"(?:[A-Z](?:'[A-Z])?[a-zà-ÿ]+(?:[A-Z][a-z]+)?(?:-[A-Z][a-z]+)?)"
_FULL_NAME: Final = rf"(?P<id>(?:[A-Z]\. ?)?{_WORD}(?: (?:{_WORD}|[A-Z]\.?(?![a-z]))){{0,2}})"
_INTRODUCED: Final = re.compile(
    r"(?:(?:[Mm]y|[Hh]is|[Hh]er|[Tt]enant'?s?|[Oo]wner'?s?|[Cc]aller'?s?|[Ff]ull|[Ll]ast|[Ff]irst) [Nn]ame(?: is|'s|"
    r":)?|[Nn]ame ?[:=]|"
    r"[Tt]his is|[Cc]aller(?: is|:)|[Cc]ontact(?: person)?(?: is|:)|[Cc]onstituent(?: is|:)|[Tt]enant(?: is|:)|"
    r"[Oo]wner(?: is|:)|"
    r"[Aa]ttn\.?:?|[Rr]eported by:?|[Ss]ubmitted by:?|[Ss]igned(?: by)?[:,]?|[Ss]incerely,?|[Rr]egards,?|[Cc]alled|"
    r"[Nn]amed|[Aa]sk for|"
    rf"[Ss]peak (?:to|with)) {_FULL_NAME}"
)
_SELF: Final = re.compile(rf"(?<![0-9A-Za-z])I(?:'|’| a)m {_FULL_NAME}")
# "call Maria Gonzalez at 917...", "constituent Wei Zhang, phone ...": two names before a way to reach them.
_REACHED: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:[Cc]onstituent|[Cc]aller|[Tt]enant|[Rr]esident|[Pp]atient|[Ss]tudent|[Cc]all|[Cc]ontact),? "
    rf"(?P<id>{_WORD}(?: [A-Z]\.)? {_WORD})(?=,? \(?(?:at|on|phone|tel|cell|email|born|DOB|[0-9+(]))"
)
_IT_IS: Final = re.compile(
    rf"(?<![0-9A-Za-z])[Ii]t(?:'|’| i)s (?P<id>{_WORD}(?: [A-Z]\.)? {_WORD})(?=,? (?:reach|call|phone|text|from|my|"
    rf"and) )"
)
_TITLED: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Rev|Officer|Judge|Sgt|Detective|Councilman|Councilwoman|"
    r"Principal|Pastor|Rabbi|"
    r"Herr|Frau)"
    rf"\.? {_FULL_NAME}"
)
# "my son Kevin Brown", "her late father, Carlos Chen,": relatives are written small, names are not.
_RELATIVE: Final = re.compile(
    r"(?:My|my|His|his|Her|her|Our|our|Their|their)(?: [a-z]+)? (?:(?:grand|step)?(?:son|daughter|child|"
    r"father|mother)|kid|baby|husband|wife|partner|brother|sister|uncle|aunt|cousin|nephew|niece|grandma|grandpa),?"
    rf"(?: named)? {_FULL_NAME}"
)


def find_names(text: str) -> Iterator[Identifier]:
    """Find English names after introductions and titles."""
    for pattern in (_INTRODUCED, _SELF, _IT_IS, _REACHED, _RELATIVE, _TITLED):
        for match in pattern.finditer(text):
            words = match["id"].split(" ")
            kept = next((n for n, word in enumerate(words) if word.strip(".") in _nobody()), len(words))
            if kept:
                yield Identifier(match.start("id"), match.start("id") + len(" ".join(words[:kept])), "name")


@cache
def _nobody() -> frozenset[str]:
    return read_words("not_names_en.txt")


RECOGNISERS: Final = (
    Recogniser(
        find_names,
        r"(?i:son|daughter|child|father|mother|kid|baby|husband|wife|partner|brother|sister|uncle|aunt|cousin|nephew|"
        r"niece|grandma|grandpa|patient|student|name|this is|caller|contact|constituent|tenant|resident|owner|attn|"
        r"person|by|signed|"
        r"sincerely|regards|"
        r"called?|named|ask for|speak to|"
        r"speak with|it's|it’s|it is|i'm|i’m|i am|mr|mrs|ms|miss|mx|dr|prof|rev|officer|judge|sgt|detective|"
        r"councilman|councilwoman|"
        r"principal|pastor|rabbi|"
        r"herr|frau)(?: is|'s| ?[:=]|[.:,])?(?: named)? [A-Z]",
        rare=True,
    ),
)
