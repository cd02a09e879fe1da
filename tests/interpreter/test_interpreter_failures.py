"""A program that fails is a value that helps to repair it."""

from __future__ import annotations

import time

import pytest

from shopbot.tools.interpreter import Interpreter, Limits, observation


@pytest.mark.parametrize(
    ("code", "kind", "line"),
    [
        ("x = 1\ny = x / 0\n", "ZeroDivisionError", 2),
        ("def f(:\n    pass", "SyntaxError", 1),
        ("x = 1\nprint(y)", "NameError", 2),
        ("import sys\nsys.exit(3)", "SystemExit", 2),
        ("def f(n): return f(n + 1)\nf(0)", "RecursionError", 1),
        ("import no_such_module", "ModuleNotFoundError", 1),
        ("x = '\\ud800'\nraise ValueError(x)", "ValueError", 2),
    ],
)
def test_a_failure_names_type_and_line(interpreter: Interpreter, code: str, kind: str, line: int) -> None:
    result = interpreter.run(code)
    assert result.error is not None
    assert (result.error.kind, result.error.line) == (kind, line)


def test_an_observation_shows_the_line_to_repair(interpreter: Interpreter) -> None:
    code = "def solution():\n    return 1 / 0\n"
    assert observation(interpreter.run(code, "solution()"), code) == (
        "ZeroDivisionError: division by zero\nline 2: return 1 / 0"
    )


def test_an_observation_shows_output_and_answer(interpreter: Interpreter) -> None:
    code = "print('seen')\nans = 4"
    assert observation(interpreter.run(code, "ans"), code) == "seen\n4"


@pytest.mark.parametrize(
    "code",
    [
        "ans = 7 ** 2000000",
        "ans = list(range(100000))",
        "ans = 'a' * 100000",
        "ans = []\nfor i in range(100000):\n    ans = [ans]",
    ],
)
def test_an_answer_too_large_is_an_error_and_never_cut(interpreter: Interpreter, code: str) -> None:
    result = interpreter.run(code, "ans")
    assert result.error is not None and result.answer is None


def test_a_program_too_long_is_not_started(interpreter: Interpreter) -> None:
    result = interpreter.run("x = 1\n" * 10, limits=Limits(code=10))
    assert result.error is not None and result.error.kind == "CodeTooLong"


def test_without_a_sandbox_the_quick_path_serves_alone_and_says_so() -> None:
    with Interpreter(cpython=False) as alone:
        assert alone.run("ans = 6 * 7", "ans").answer == 42
        failed = alone.run("x = 1 / 0").error
        refused = alone.run("ans = {1}", "ans").error
    assert failed is not None and failed.kind == "ZeroDivisionError"
    assert refused is not None and refused.kind == "Unavailable" and "sandbox" in refused.message


def test_text_that_is_no_unicode_is_an_error(interpreter: Interpreter) -> None:
    assert not interpreter.run("x = '\ud800'", "x").ok
    assert interpreter.run("ans = 1", "ans").answer == 1


def test_an_entry_that_is_no_expression_is_an_error(interpreter: Interpreter) -> None:
    error = interpreter.run("x = 1", "x = 2").error
    assert error is not None and error.kind == "SyntaxError"


@pytest.mark.parametrize("line", [-100_000, 0, 10**9])
def test_a_line_that_the_program_has_not_is_not_shown(interpreter: Interpreter, line: int) -> None:
    code = f"class E(SyntaxError):\n    filename, lineno = '<program>', {line}\nraise E('no')"
    result = interpreter.run(code)
    assert result.error is not None and result.error.kind == "E"
    assert observation(result, code)


@pytest.mark.parametrize(
    "code",
    [
        "print(2**13000)",
        "x = " + "'" * 60_000,
        "import" + " " * 60_000 + "math",
        "(" * 60_000,
        "x = " + "-" * 60_000 + "1",
        "f'" + "{" * 60_000,
        "a." * 30_000,
    ],
)
def test_no_program_holds_the_host(interpreter: Interpreter, code: str) -> None:
    """Counted in processor time of this thread: nothing of a program is parsed or searched here."""
    interpreter.run("x = 1")
    began = time.thread_time()
    interpreter.run(code)
    assert time.thread_time() - began < 0.05


@pytest.mark.parametrize(("module", "instead"), [("pandas", "numpy"), ("scipy.stats", "sympy"), ("torch", "numpy")])
def test_a_library_that_is_not_there_is_named_with_what_to_use(
    interpreter: Interpreter, module: str, instead: str
) -> None:
    code = f"import {module}"
    told = observation(interpreter.run(code), code)
    assert "ModuleNotFoundError" in told and f"{module.partition('.')[0]} is not available" in told and instead in told
