"""The framework's rooms import nothing of ShopBot's and know none of its variables."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from environments import ROOT

SHOPBOTS = ("agents/shopbot.py", "engines/shopbot", "tools/shop")
FORBIDDEN = ("shopbot.apps", "shopbot.optimize", "shopbot.shop")


def framework() -> Iterator[Path]:
    for room in ("agents", "engines", "prompts", "testing", "tools"):
        for file in sorted((ROOT / room).rglob("*.py")):
            if not file.relative_to(ROOT).as_posix().startswith(SHOPBOTS):
                yield file.relative_to(ROOT)


@pytest.mark.parametrize("file", list(framework()), ids=str)
def test_a_file_of_the_framework_knows_no_shop(file: Path) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert [name for name in imported(tree) if name.startswith(FORBIDDEN)] == []
    assert [text for text in texts(tree) if "SHOPBOT_" in text] == []


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def texts(tree: ast.AST) -> Iterator[str]:
    """Every string, docstrings included: what names a variable reads it, or tells somebody to set it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
