"""The catalogues hold what code and templates ask for, in both languages, and nothing else."""

import ast
import re
from collections import Counter
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest
from jinja2 import Environment, nodes

from features.words import LANGUAGES, Family, UnknownWordsError, catalogue, in_both
from pipelines.pictures import LABELS as PICTURE_LABELS
from serve.errors import SpokenError
from serve.families import FAMILIES
from serve.pages.template_keys import check_texts, template_keys

ROOT = Path(__file__).parents[2]
SPEAKERS = {"t", "words", "in_both"}
"""What code calls the functions that say a key."""

CHINESE, ENGLISH = (catalogue(language) for language in LANGUAGES)


def _sources():
    for package in ("features", "models", "pipelines", "serve"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield ast.parse(path.read_text(encoding="utf-8"))


def _constants(tree) -> set[str]:
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _spoken(tree):
    """Yield the literal keys that code says."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in SPEAKERS or (isinstance(node.func, ast.Call) and name == "" and _is_catalogue(node.func)):
                yield from (key for key in _choices(node.args[0]))


def _is_catalogue(call) -> bool:
    return getattr(call.func, "id", "") == "catalogue"


def _choices(argument):
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    elif isinstance(argument, ast.IfExp):
        yield from _choices(argument.body)
        yield from _choices(argument.orelse)


def _report_keys() -> set[str]:
    """The keys that the templates of reports say, in Chinese, English or both."""
    made = Environment(autoescape=True)
    source = (files("serve.reports") / "templates" / "weekly.html").read_text(encoding="utf-8")
    calls = [call for call in made.parse(source).find_all(nodes.Call) if isinstance(call.node, nodes.Name)]
    said = [call.args[0] for call in calls if call.node.name in {"t", "b", "e"}]
    return {argument.value for argument in said if isinstance(argument, nodes.Const)}


def _refusals(tree):
    """Yield the codes of the errors that code raises."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and getattr(node.func, "id", "") in ERRORS:
            yield from _choices(node.args[0])


def _kinds_of(error: type) -> set[str]:
    return {error.__name__} | {name for kind in error.__subclasses__() for name in _kinds_of(kind)}


ERRORS = _kinds_of(SpokenError)


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def _forms(text) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else text


FAMILY_KEYS = {key for family in (*FAMILIES.values(), PICTURE_LABELS) for key in family.keys}


def test_both_languages_hold_the_same_keys_with_a_plural_in_both_or_in_none():
    assert set(CHINESE) == set(ENGLISH)
    plural = [{key for key in some if not isinstance(some.texts[key], str)} for some in (CHINESE, ENGLISH)]
    assert plural[0] == plural[1]


def test_no_text_is_empty_and_both_languages_take_the_same_values():
    for key in CHINESE:
        forms = [*_forms(CHINESE.texts[key]), *_forms(ENGLISH.texts[key])]
        assert all(form.strip() for form in forms), key
        # "One ticket" may leave the number out.
        assert _fields(_forms(CHINESE.texts[key])[-1]) == _fields(_forms(ENGLISH.texts[key])[-1]), key


@pytest.mark.parametrize("name", ["zh_CN", "en"])
def test_a_file_names_no_key_twice_and_holds_nothing_unfinished(name):
    text = (files("features.words") / f"{name}.po").read_text(encoding="utf-8")
    keys = re.findall(r'^msgid "(.+)"$', text, flags=re.MULTILINE)
    assert [key for key, times in Counter(keys).items() if times > 1] == []
    assert keys == sorted(keys), "keys stand in order, so that both files can be read side by side"
    assert "fuzzy" not in text


def test_english_texts_hold_no_chinese_but_for_names():
    meant = {"language.other", "simulated"}
    assert {key for key in ENGLISH if re.search("[一-鿿]", "".join(_forms(ENGLISH.texts[key])))} == meant


def test_every_key_that_code_or_a_template_says_exists():
    said = template_keys() | _report_keys() | FAMILY_KEYS | {key for tree in _sources() for key in _spoken(tree)}
    said |= {f"problem.{code}" for tree in _sources() for code in _refusals(tree)}
    assert sorted(key for key in said if key not in CHINESE) == []
    check_texts()


def test_no_key_is_left_that_nobody_says():
    texts = {text for tree in _sources() for text in _constants(tree)}
    used = template_keys() | _report_keys() | FAMILY_KEYS | texts
    used |= {f"problem.{text}{end}" for text in texts for end in ("", ".hint")}
    assert sorted(set(CHINESE) - used) == []


def test_an_unknown_key_a_missing_value_and_an_unknown_code_are_errors():
    with pytest.raises(UnknownWordsError, match=r"no key 'board\.titel'"):
        ENGLISH("board.titel")
    with pytest.raises(UnknownWordsError, match=r"'act\.done' needs the value 'what'"):
        ENGLISH("act.done")
    with pytest.raises(UnknownWordsError, match="needs a whole number 'n'"):
        ENGLISH("board.callers", n="7")
    with pytest.raises(UnknownWordsError, match="'purple' is not one of level"):
        CHINESE.of(FAMILIES["level"], "purple")
    with pytest.raises(UnknownWordsError, match="no catalogue of the language 'fr'"):
        catalogue("fr")


def test_english_tells_one_from_many_and_chinese_does_not():
    assert [ENGLISH("board.callers", n=n) for n in (0, 1, 2)] == ["0 callers", "1 caller", "2 callers"]
    assert [CHINESE("board.callers", n=n) for n in (1, 2)] == ["1 人", "2 人"]


def test_both_languages_stand_beside_each_other_and_equal_words_once():
    assert in_both("level.red") == "红色 Red"
    assert in_both("col.wape") == "WAPE"


def test_a_missing_text_stops_the_start(monkeypatch):
    monkeypatch.setitem(FAMILIES, "level", Family.of("level", ["purple"]))
    with pytest.raises(UnknownWordsError, match=r"texts are missing: level\.purple"):
        check_texts()
