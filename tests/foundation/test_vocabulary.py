"""One vocabulary: each code is typed once, in `features/vocabulary.py`."""

from __future__ import annotations

import ast
import doctest
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from features import vocabulary
from features.vocabulary import (
    SIMULATED,
    AlertLevel,
    BeyondHistory,
    Cluster,
    Frequency,
    Kind,
    ManyTickets,
    NewTopic,
    OneCaller,
    RuleCode,
    Season,
    SharedCause,
    Watched,
    read_rule,
    rule_document,
)
from models.hotspots.candidates.signals import NAMING_ORDER

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("features", "models", "pipelines", "serve")
WHERE_CODES_ARE_TYPED: Final = {"features/vocabulary.py"}
OTHER_MEANINGS: Final = {
    ("pipelines/schedule/plan.py", "h"): "an hour in a duration such as 6h",
    ("pipelines/replay/episodes.py", "red"): "a column: whether the alert is outside the budget",
    ("pipelines/replay/html_report.py", "red"): "the same column",
}
LIBRARY_UNITS: Final = {"date_range", "to_timedelta", "datetime64", "timedelta64", "floor", "Timestamp"}
"""Functions of pandas and numpy whose units look like ours."""


def codes_typed_by_hand(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each code that a module spells out where only a code is meant."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    units = {
        id(word.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in LIBRARY_UNITS
        for word in node.keywords
    }
    keys = {id(key) for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys}
    compared = {id(node) for node in _where_codes_stand(tree)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in docstrings or id(node) in units:
            continue
        short = node.value in {*Frequency, *AlertLevel} and id(node) in compared
        source = node.value in {SIMULATED, f"{SIMULATED}/"} and id(node) not in keys
        if short or source or node.value in set(Kind):
            yield node.lineno, str(node.value)


def _where_codes_stand(tree: ast.AST) -> Iterator[ast.AST | None]:
    """Yield keys, sides of comparisons, indices, items of collections, defaults, and arguments by name."""
    for node in ast.walk(tree):
        match node:
            case ast.Dict():
                yield from node.keys
            case ast.Compare():
                yield from (node.left, *node.comparators)
            case ast.Subscript():
                yield node.slice
                yield from getattr(node.slice, "elts", ())
            case ast.Tuple() | ast.List() | ast.Set():
                yield from node.elts
            case ast.arguments():
                yield from (*node.defaults, *node.kw_defaults)
            case ast.keyword():
                yield node.value
            case ast.AnnAssign() | ast.Assign():
                yield node.value


@pytest.mark.parametrize(
    "code",
    ['if kind == "敏感": pass', 'RANK = {"red": 3}', 'days = {"W": 7}[freq]', 'read(freq="D")', 'SOURCE = "simulated"'],
)
def test_a_code_typed_by_hand_is_found(code):
    assert list(codes_typed_by_hand(ast.parse(code)))


@pytest.mark.parametrize(
    "code", ['pd.date_range(a, b, freq="D")', 'np.datetime64(day, "D")', 'TEMPLATE = {Level.RED: "red"}', '"敏感"']
)
def test_a_unit_of_a_library_a_colour_and_a_docstring_are_no_codes(code):
    assert not list(codes_typed_by_hand(ast.parse(code)))


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_types_a_kind_a_level_a_frequency_or_the_simulated_source_by_hand(package):
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text!r}"
        for path in sorted((ROOT / package).rglob("*.py"))
        if str(path.relative_to(ROOT)) not in WHERE_CODES_ARE_TYPED and "migrations" not in path.parts
        for line, text in codes_typed_by_hand(ast.parse(path.read_text("utf-8")))
        if (str(path.relative_to(ROOT)), text) not in OTHER_MEANINGS
    ]
    assert not found, "use features.vocabulary"


def test_levels_are_ordered_by_how_grave_they_are():
    assert sorted(AlertLevel) == ["blue", "yellow", "orange", "red"]
    assert max(AlertLevel.ORANGE, AlertLevel.BLUE) is AlertLevel.ORANGE
    assert AlertLevel.RED >= "red" > AlertLevel.ORANGE
    assert AlertLevel.BLUE <= AlertLevel.BLUE < "yellow"


def test_an_unknown_level_is_no_level_to_compare_with():
    with pytest.raises(ValueError, match="'purple' is not a valid AlertLevel"):
        assert AlertLevel.RED > "purple"


def test_every_kind_has_its_place_among_those_that_name_a_candidate():
    assert sorted(NAMING_ORDER) == sorted(Kind)


ONE_OF_EACH: Final = (
    ManyTickets(tickets=5, days=7, chance=0.001),
    OneCaller(times=3, days=30),
    Watched(words=("着火", "爆炸")),
    BeyondHistory(freq=Frequency.HOURLY, periods=6),
    Cluster(radius_km=0.9),
    SharedCause(topic="停水、爆管"),
    NewTopic(topic="新票务"),
    Season(years_seen=2, years=3),
)


def test_every_rule_is_stored_as_json_and_read_again():
    assert {rule.code for rule in ONE_OF_EACH} == set(RuleCode)
    assert [read_rule(json.loads(json.dumps(rule_document(rule)))) for rule in ONE_OF_EACH] == list(ONE_OF_EACH)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"code": "magic"}, "'magic' is not a valid RuleCode"),
        ({"days": 7}, "'' is not a valid RuleCode"),
        ({"code": "season", "years": 3}, "years_seen"),
        ({"code": "cluster", "radius_km": 1.0, "colour": "red"}, "colour"),
        ({"code": "beyond_history", "freq": "M", "periods": 1}, "'M' is not a valid Frequency"),
    ],
)
def test_an_unknown_code_or_parameter_is_no_rule(document, why):
    with pytest.raises(ValueError, match=why):
        read_rule(document)


def test_the_examples_hold():
    assert doctest.testmod(vocabulary).failed == 0
