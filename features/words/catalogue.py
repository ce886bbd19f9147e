"""One language's words: read from its .po file when first asked for; an unknown key is an error."""

from __future__ import annotations

import gettext
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Final, Literal, Protocol, get_args, runtime_checkable

from features.errors import WeisuError
from features.words.area_names import AreaNames
from features.words.families import Family

Language = Literal["zh-CN", "en"]

LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
"""The languages that have a catalogue; Chinese, which officials read, first."""

COUNT: Final = "n"
"""The parameter that chooses between singular and plural."""


class UnknownWordsError(WeisuError):
    """The catalogues have no such key or code, or a text lacks a value for one of its blanks."""


@runtime_checkable
class Said(Protocol):
    """A value that has words of its own: a code, a name, another error."""

    def said(self, language: Language) -> str:
        """Return the value in words."""
        ...


@dataclass(frozen=True)
class Catalogue:
    """The words of one language.

    Attributes:
        language: Whose words they are.
        texts: Key -> the text, or its forms from singular to plural where the text has a plural.
        form: Count -> which of the forms says it.
        standing: What fills the blanks of the same name in every text: what the area and its parts are called.
    """

    language: Language
    texts: Mapping[str, str | tuple[str, ...]]
    form: Callable[[int], int]
    standing: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the text of a key, its blanks filled in.

        Args:
            key: As the catalogues name the text.
            **values: The blanks by name; `n`, a whole number, chooses between singular and plural. A value that is
                `Said` is put into the language, a list gets commas between.

        Raises:
            UnknownWordsError: There is no such key, or a blank has no value.
        """
        text = self.texts.get(key)
        if text is None:
            raise UnknownWordsError(f"the catalogues have no key {key!r}", hint="add it to features/words/*.po")
        if not isinstance(text, str):
            text = text[self.form(_count(key, values))]
        try:
            said = {name: _said(value, self.language) for name, value in values.items()}
            return text.format(**{**self.standing, **said})
        except KeyError as error:
            raise UnknownWordsError(f"the text {key!r} needs the value {error.args[0]!r}") from error

    def of(self, family: Family, code: str, /, **values: object) -> str:
        """Return the words of a code.

        Raises:
            UnknownWordsError: The family has no such code.
        """
        if code not in family.codes:
            raise UnknownWordsError(f"{code!r} is not one of {family.prefix}: {', '.join(family.codes)}")
        return self(f"{family.prefix}.{code}", **values)

    def __contains__(self, key: object) -> bool:
        return key in self.texts

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)


def language_named(name: str) -> Language:
    """Return a stored or configured language.

    Raises:
        UnknownWordsError: There is no catalogue of this language.
    """
    for language in LANGUAGES:
        if language == name:
            return language
    raise UnknownWordsError(f"no catalogue of the language {name!r}", hint=f"use one of {', '.join(LANGUAGES)}")


@cache
def catalogue(language: Language, names: AreaNames | None = None) -> Catalogue:
    """Return the words of a language, read once.

    Args:
        language: Whose words they are.
        names: What the area and its parts are called; texts that say them need it.

    Raises:
        UnknownWordsError: There is no catalogue of this language.
    """
    if names is not None:
        return replace(catalogue(language), standing=names.blanks(language))
    from babel.messages.pofile import read_po

    name = language_named(language).replace("-", "_")
    with (files("features.words") / f"{name}.po").open("rb") as file:
        found = read_po(file, locale=name, abort_invalid=True)
    texts: dict[str, str | tuple[str, ...]] = {}
    for message in found:
        key = message.id if isinstance(message.id, str) else message.id[0]
        if key:
            said = message.string or ""
            texts[key] = said if isinstance(said, str) else tuple(said)
    return Catalogue(language, texts, gettext.c2py(found.plural_expr))


def in_both(key: str, /, *, names: AreaNames | None = None, between: str = " ", **values: object) -> str:
    """Return a text in Chinese with the English beside it, as reports say things; once where both say the same."""
    said = dict.fromkeys(catalogue(language, names)(key, **values) for language in LANGUAGES)
    return between.join(said)


def code_in_both(family: Family, code: str, *, names: AreaNames | None = None) -> str:
    """Return the words of a code in Chinese with the English beside it; see `in_both`.

    Raises:
        UnknownWordsError: The family has no such code.
    """
    return " ".join(dict.fromkeys(catalogue(language, names).of(family, code) for language in LANGUAGES))


@dataclass(frozen=True)
class Coded:
    """A code that is put into the reader's language where a text names it."""

    family: Family
    code: str

    def said(self, language: Language) -> str:
        """Return the words of the code."""
        return catalogue(language).of(self.family, self.code)


@dataclass(frozen=True)
class Name:
    """A name that is put into the reader's language where the family has it, and is itself where somebody gave it."""

    family: Family
    name: str

    def said(self, language: Language) -> str:
        """Return the name."""
        return catalogue(language).of(self.family, self.name) if self.name in self.family.codes else self.name


def _said(value: object, language: Language) -> object:
    """Return a value as a text names it: in the language, and a list with commas between."""
    if isinstance(value, Said):
        return value.said(language)
    if isinstance(value, list | tuple):
        return ("、" if language == "zh-CN" else ", ").join(str(_said(item, language)) for item in value)
    return value


def _count(key: str, values: Mapping[str, object]) -> int:
    count = values.get(COUNT)
    if not isinstance(count, int):
        raise UnknownWordsError(f"the text {key!r} has a plural and needs a whole number {COUNT!r}")
    return count
