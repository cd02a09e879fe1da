"""What a docstring, comment or document points to is there: every dotted name of this project resolves."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = (
    "agents",
    "apps",
    "benchmarks",
    "engines",
    "examples",
    "notebooks",
    "optimize",
    "prompts",
    "shop",
    "testing",
    "tests",
    "tools",
)
_NAME = re.compile(r"(?<![\w./])shopbot(?:\.[A-Za-z_]\w*)+")
_IN_TICKS = re.compile(r"`([^`\n]+)`")
_RUN = re.compile(r"python -m ((?:shopbot|benchmarks)(?:\.\w+)+)")
_NO_MODULES = frozenset({"db", "invalid", "example", "json", "log", "sh", "yaml", "svg", "png"})
"""Endings of file and host names that begin with the project's name."""


def written() -> Iterator[tuple[Path, str]]:
    """Every file in which names are told to people."""
    for room in ROOMS:
        for file in (ROOT / room).rglob("*"):
            if file.suffix in (".py", ".md", ".ipynb") and file.is_file():
                yield file, file.read_text(encoding="utf-8")
    yield from ((file, file.read_text(encoding="utf-8")) for file in ROOT.glob("*.md"))


def references() -> list[tuple[str, str]]:
    """(where, dotted name): in backticks, or as a module to be run."""
    found = {
        (str(file.relative_to(ROOT)), name)
        for file, text in written()
        for name in (
            *(name for quoted in _IN_TICKS.findall(text) for name in _NAME.findall(quoted)),
            *_RUN.findall(text),
        )
    }
    return sorted(pair for pair in found if pair[1].rpartition(".")[2] not in _NO_MODULES)


def resolves(name: str) -> bool:
    """Whether `name` is a module, or something that a module defines; nothing is imported but packages."""
    module, rest = name, list[str]()
    while (file := _file_of(module)) is None:
        module, _, last = module.rpartition(".")
        rest.insert(0, last)
        if not module:
            return False
    return not rest or _defines(ast.parse(file.read_text(encoding="utf-8")).body, rest)


def _file_of(module: str) -> Path | None:
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:
        return None
    if spec is None:
        return None
    return Path(spec.origin) if spec.origin else Path(next(iter(spec.submodule_search_locations or [])), "__init__.py")


def _defines(body: list[ast.stmt], names: list[str]) -> bool:
    first, *others = names
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == first:
            return not others or (isinstance(node, ast.ClassDef) and _defines(node.body, others))
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == first for target in targets):
                return not others
        if isinstance(node, ast.ImportFrom | ast.Import) and first in {each.asname or each.name for each in node.names}:
            return True
    return False


@pytest.mark.parametrize(("where", "name"), references(), ids=lambda value: str(value))
def test_what_is_pointed_to_is_there(where: str, name: str) -> None:
    assert resolves(name), f"{where} points to {name}, which is not there: name what took its place"


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("shopbot.agents", True),
        ("shopbot.errors.AgentError", True),
        ("shopbot.engines.recording.trace_format.Trace.choice", True),
        ("shopbot.optimize.conversations.corpus", False),
        ("shopbot.engines.recording.trace_format.Trace.chosen", False),
    ],
)
def test_a_name_resolves_only_if_it_is_there(name: str, there: bool) -> None:
    assert resolves(name) is there
