"""One thing has one name, and one name is one thing; a module stays short enough to be read at once."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("features", "models", "pipelines", "serve")
FEW_FILES = {"endpoints", "service", "repository", "schemas", "errors"}
"""The same few files in the folder of each feature of `serve`, and one tree of errors in each package."""
LONGEST = 400


def modules():
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def public_classes(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node.name for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]


def test_no_public_class_has_the_name_of_another():
    names = Counter(name for path in modules() for name in public_classes(path))
    assert {name for name, count in names.items() if count > 1} == set()


def test_no_module_name_is_used_three_times():
    names = Counter(path.stem for path in modules() if path.stem not in {"__init__", *FEW_FILES})
    assert {name for name, count in names.items() if count > 2} == set()


def test_no_module_is_longer_than_a_reader_can_hold():
    lengths = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8").count("\n") for path in modules()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


def documents():
    yield from (ROOT / "docs").glob("*.md")
    yield from (ROOT / name for name in ("README.md", "CONTRIBUTING.md"))


@pytest.mark.parametrize("page", [path.relative_to(ROOT).as_posix() for path in documents()])
def test_every_file_that_a_document_names_is_there(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:features|models|pipelines|serve|tests|benchmarks)/[\w/]+\.py)`", text)
    named += re.findall(r"\b((?:features|models|pipelines|serve)/[\w/]+\.py)\b", text)
    assert [name for name in named if not (ROOT / name).exists()] == []
