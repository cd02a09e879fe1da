"""`python -m examples.court_filings`, offline, as its README shows it; and what the example is made of."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "court_filings"
PUBLIC = {
    "shopbot",
    "shopbot.agents",
    "shopbot.engines",
    "shopbot.engines.embedding",
    "shopbot.prompts",
    "shopbot.tools",
    "shopbot.tools.retrieval",
}
HOUSE = {"agents", "apps", "benchmarks", "engines", "optimize", "prompts", "shop", "testing", "tools"}


def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in the repository, as a reader of the README would."""
    command = [sys.executable, "-m", "examples.court_filings", *arguments]
    return subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=120)


def test_the_command_answers_with_the_cited_passage(tmp_path: Path) -> None:
    script = f"script:{EXAMPLE / 'plaintiff.yaml'}"
    done = ask("who is the plaintiff in case 21-cv-1034?", "--engine", script, "--data", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "The plaintiff is Harborlight Instruments, Inc. [21-cv-1034/complaint#parties]" in done.stdout
    assert "[21-cv-1034/complaint#parties] The plaintiff is Harborlight Instruments, Inc., a corp" in done.stdout


def test_an_unknown_engine_is_one_sentence(tmp_path: Path) -> None:
    done = ask("who?", "--engine", "oracle", "--data", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("The engine is 'oracle'")
    assert "Traceback" not in done.stderr


def imported(file: Path) -> list[tuple[str, str]]:
    """(module, name) for everything that a file imports."""
    found: list[tuple[str, str]] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            found += [(node.module or "", alias.name) for alias in node.names]
    return found


def offered(module: str) -> list[str]:
    """What a package lists in `__all__`, or else every name without an underscore."""
    package = importlib.import_module(module)
    return list(getattr(package, "__all__", [name for name in vars(package) if not name.startswith("_")]))


@pytest.mark.parametrize("file", sorted(EXAMPLE.glob("*.py")), ids=lambda file: file.name)
def test_the_example_imports_only_what_is_public(file: Path) -> None:
    ours = [(module, name) for module, name in imported(file) if module.partition(".")[0] in HOUSE]
    assert not [module for module, _ in ours if module not in PUBLIC]
    assert not [(module, name) for module, name in ours if name not in offered(module)]


def test_an_action_fits_in_a_file_of_sixty_lines() -> None:
    actions = [file for file in EXAMPLE.glob("*.py") if "@action(" in file.read_text(encoding="utf-8")]
    assert len(actions) == 5
    assert all(len(file.read_text(encoding="utf-8").splitlines()) < 60 for file in actions)
