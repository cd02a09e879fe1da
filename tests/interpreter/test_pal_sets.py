"""Samples of the public sets: programs that models wrote, and hostile ones against canaries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.pal_hostile import UNCONTAINED, load, run_set
from benchmarks.pal_share import differs
from shopbot.tools.interpreter import Interpreter

SLACK = 120.0
"""Seconds that a busy machine may take for what is stopped after two."""
HARMLESS = ("imp-os-system", "pathlib-read", "env-read", "write-file", "rmtree", "socket-connect", "tb-frame")


@pytest.fixture(scope="module")
def hostile(external_data: Path) -> list[dict[str, Any]]:
    return load(external_data / "hostile_py" / "hostile_dev.jsonl")


def test_written_programs_give_the_recorded_answer(interpreter: Interpreter, external_data: Path) -> None:
    rows = load(external_data / "pal" / "programs_dev.jsonl")[::40]
    assert [row["id"] for row in rows if differs(row, interpreter.run(row["code"], row["entry"]))] == []


@pytest.mark.parametrize("mode", ["monty", "cpython"])
def test_hostile_programs_reach_no_canary(hostile: list[dict[str, Any]], mode: str) -> None:
    rows = [row for row in hostile if row["category"] in ("import", "file", "env", "net", "frames")]
    assert run_set(rows, mode, settle=1.0, slack=SLACK) == {}


def test_the_harness_notices(hostile: list[dict[str, Any]]) -> None:
    rows = [row for row in hostile if row["id"] in HARMLESS]
    assert set(run_set(rows, UNCONTAINED, settle=0.5)) == set(HARMLESS)
