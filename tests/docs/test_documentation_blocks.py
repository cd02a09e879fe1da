"""The Python blocks of README and documentation that are marked to run do run, and print what stands below them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^<!-- (run|prints) -->\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FOREIGN = ("SHOPBOT_", "OPENAI_", "ANTHROPIC_")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
RUNNING = [page for page in PAGES if "<!-- run -->" in page.read_text(encoding="utf-8")]


def blocks(page: Path) -> list[tuple[str, str]]:
    """(mark, content) of each marked block."""
    return _BLOCK.findall(page.read_text(encoding="utf-8"))


def played(page: Path, folder: Path) -> list[str]:
    """What each block that runs printed, in one process without a key, in a folder of its own, with the examples."""
    cells = [{"cell_type": "code", "source": content} for mark, content in blocks(page) if mark == "run"]
    copy = folder / "page.ipynb"
    copy.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    done = subprocess.run(
        [sys.executable, str(ROOT / "notebooks" / "play.py"), str(copy), "--save"],
        cwd=folder,
        env={**environment, "HOME": str(folder), "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    saved = json.loads(copy.read_text(encoding="utf-8"))["cells"]
    return ["".join(line for output in cell["outputs"] for line in output["text"]) for cell in saved]


@pytest.mark.parametrize("page", RUNNING, ids=lambda page: page.stem)
def test_what_a_page_shows_is_what_its_code_prints(page: Path, tmp_path: Path) -> None:
    printed = iter(played(page, tmp_path))
    last = ""
    for mark, content in blocks(page):
        if mark == "run":
            last = next(printed)
        else:
            assert last == content


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_mark_has_its_block(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(re.findall(r"^<!-- (?:run|prints) -->", text, re.MULTILINE)) == len(blocks(page))


def test_the_readme_and_the_first_tutorials_run() -> None:
    assert {"README", "first-agent", "a-return"} <= {page.stem for page in RUNNING}


def test_the_first_example_runs_without_a_key(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "examples.first_agent"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "card = '1234', which nobody has said" in done.stdout
    assert done.stdout.endswith("Agent: You have borrowed Middlemarch.\n")
