"""Counts and tickets have one reader: nobody else counts the lake or reads tickets from it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COUNTING = {"build_panel", "build_panels", "placed_tickets"}
READING = {"tickets", "selecting", "news"}
KNOWS = {"features/knowledge.py", "features/ticket_points.py"}


def sources():
    for package in ("features", "models", "pipelines", "serve"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name not in KNOWS and not name.startswith(("features/lake/", "features/panel/")):
                yield name, path.read_text(encoding="utf-8")


def readers(text: str) -> list[str]:
    """Return what a module does that only the one reader may: lines with what they say."""
    found = []
    for node in ast.walk(ast.parse(text)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else []
        found += [f"{node.lineno}: imports {name}" for name in names if name in COUNTING]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READING:
            owner = ast.unparse(node.func.value)
            if "lake" in owner.lower():
                found.append(f"{node.lineno}: {owner}.{node.func.attr}()")
    return found


def test_only_the_knowledge_module_counts_the_lake_or_reads_its_tickets():
    assert {name: lines for name, text in sources() if (lines := readers(text))} == {}


@pytest.mark.parametrize(
    "line",
    [
        "from features.panel import build_panel",
        "from features.ticket_points import placed_tickets",
        "rows = lake.tickets(now)",
        "rows = Lake.of(settings).tickets(ids=keys)",
        "rows = self.lake.selecting(now)",
    ],
)
def test_a_second_reader_would_be_found(line):
    assert readers(line)
