"""Programs give the answer that CPython gives, whichever path runs them."""

from __future__ import annotations

from typing import Any

import pytest

from shopbot.tools.interpreter import Interpreter

SOLUTION = "def solution():\n    price = 1240\n    return 3 * price\n"


@pytest.mark.parametrize(
    ("code", "entry", "answer"),
    [
        (SOLUTION, "solution()", 3720),
        ("ans = 0.1 + 0.2", "ans", 0.30000000000000004),
        ("ans = 2 ** 200", "ans", 2**200),
        ("ans = 1 < 2", "ans", True),
        ("ans = None", "ans", "None"),
        ("ans = 'Cy'", "ans", "'Cy'"),
        ("ans = [1, 'a', (2.5,)]", "ans", "[1, 'a', (2.5,)]"),
        ("ans = float('inf')", "ans", "inf"),
        ("x = 1", None, None),
        ("from fractions import Fraction\nans = Fraction(1, 3)", "ans", "Fraction(1, 3)"),
        ("import statistics\nans = statistics.mean([1, 2, 3, 4])", "ans", 2.5),
        ("class A: pass\nclass B(A):\n    def area(self): return 7\nans = B().area()", "ans", 7),
        ("def g():\n    yield from range(4)\nans = sum(g())", "ans", 6),
        ("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: 'int' = 1\nans = P()", "ans", "P(x=1)"),
        ("import numpy as np\nans = np.array([1, 2, 3]).sum()", "ans", 6),
        (
            "from datetime import datetime\nfrom zoneinfo import ZoneInfo\n"
            "ans = datetime(2024, 7, 1, tzinfo=ZoneInfo('Europe/Madrid')).isoformat()",
            "ans",
            "'2024-07-01T00:00:00+02:00'",
        ),
    ],
)
def test_the_answer_is_cpythons(interpreter: Interpreter, code: str, entry: str | None, answer: Any) -> None:
    result = interpreter.run(code, entry)
    assert result.ok, result.error
    assert (result.answer, type(result.answer)) == (answer, type(answer))


@pytest.mark.parametrize(
    "code",
    [
        "ans = round(2.675, 2)",
        "ans = list({'b': 1, 'a': 2, True: 3, 1: 4})",
        "ans = list({10, 5, 33, 1, 100})",
        "m = map(abs, [1, 2])\nans = [list(m), list(m)]",
        "m = zip([1], [2])\nans = [list(m), list(m)]",
        "g = (i for i in [1, 2])\nans = [list(g), list(g)]",
        "d = {}\nd[True] = 1\nd[1] = 2\nans = d",
        "ans = f'{963480224295776.25}'",
        "ans = f'{963480224295776.25:,}'",
        "x = 1000\ny = 1000\nans = x is y",
        "seen = []\nans = [any(seen.append(i) or i > 1 for i in [1, 2, 3]), seen]",
        "import random\nrandom.seed(1)\nans = random.random()",
        "try:\n    1 / 0\nexcept Exception as error:\n    ans = str(error)",
    ],
)
def test_where_the_quick_path_differs_cpython_answers(interpreter: Interpreter, code: str) -> None:
    names: dict[str, Any] = {}
    exec(code, names)
    result = interpreter.run(code, "ans")
    expected = names["ans"] if isinstance(names["ans"], float | bool) else repr(names["ans"])
    assert result.answer == expected


@pytest.mark.parametrize(
    "code",
    [
        "return 5",
        "def f(x: List[int]): return x\nf(1)",
        "x = f'{'a'}'",
        "def f(x):\n    global x\n",
        "print(2 ** 20000)",
    ],
)
def test_what_cpython_refuses_is_an_error(interpreter: Interpreter, code: str) -> None:
    assert not interpreter.run(code).ok


def test_plain_programs_take_the_quick_path(interpreter: Interpreter) -> None:
    result = interpreter.run(SOLUTION, "solution()")
    assert (result.path, result.refused) == ("monty", None)


def test_the_result_says_who_ran_it_and_why(interpreter: Interpreter) -> None:
    result = interpreter.run("ans = {1}", "ans")
    assert result.path == "cpython"
    assert result.refused is not None and "set" in result.refused
    assert result.ms > 0


def test_output_comes_back(interpreter: Interpreter, sandbox: Interpreter) -> None:
    for each in (interpreter, sandbox):
        assert each.run("print('a', 1.5)\nprint('b')").stdout == "a 1.5\nb\n"


def test_inputs_are_typed_values(interpreter: Interpreter, sandbox: Interpreter) -> None:
    from datetime import UTC, date, datetime

    inputs = {"lines": [{"price": 5}], "day": date(2024, 2, 29), "moment": datetime(2024, 1, 1, tzinfo=UTC)}
    code = "ans = [lines[0]['price'], day.month, moment.hour]"
    for each in (interpreter, sandbox):
        assert each.run(code, "ans", inputs).answer == "[5, 2, 0]"


@pytest.mark.parametrize("inputs", [{"f": len}, {"x": [object()]}, {"__name__": 1}, {"a b": 1}, {"x": {"$date": "1"}}])
def test_objects_of_the_host_are_no_inputs(interpreter: Interpreter, inputs: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        interpreter.run("x = 1", None, inputs)
