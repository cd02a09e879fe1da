"""Where CPython cannot be contained, monty answers what it answers as CPython would, and refuses the rest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shopbot.tools.interpreter import Interpreter

pytest.importorskip("pydantic_monty")


@pytest.fixture(scope="module")
def alone() -> Iterator[Interpreter]:
    with Interpreter(cpython=False) as running:
        yield running


@pytest.mark.parametrize(
    ("code", "answer"),
    [("ans = 6 * 7", 42), ("ans = 0.1 + 0.2", 0.30000000000000004), ("ans = ['a', 1.5]", "['a', 1.5]")],
)
def test_it_answers_plain_programs(alone: Interpreter, code: str, answer: object) -> None:
    result = alone.run(code, "ans")
    assert (result.answer, result.path) == (answer, "monty")


@pytest.mark.parametrize(
    "code",
    [
        "print(100 * 1.25**8)",
        "print(98765433 / 8192)",
        "print(f'{963480224295776.25:,}')",
        "ans = f'{98765433 / 8192}'",
        "ans = range(5)",
        "ans = [range(5)]",
        "ans = {'a': 1}.items()",
        "ans = {'a': 1}.keys()",
        "ans = {'a': 1}.values()",
        "ans = []\nans.append(ans)",
        "def sum(values): return [list(values), 'mine']\nans = sum(i for i in [1, 2])",
        "ans = '\\ud800'",
        "ans = {1}",
    ],
)
def test_it_refuses_what_it_may_get_wrong(alone: Interpreter, code: str) -> None:
    error = alone.run(code, "ans" if "ans" in code else None).error
    assert error is not None and error.kind == "Unavailable" and "sandbox" in error.message


def test_a_failing_program_tells_its_own_failure(alone: Interpreter) -> None:
    error = alone.run("x = 1 / 0").error
    assert error is not None and error.kind == "ZeroDivisionError"
