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
        ("ans = -(3 ** 8000)", "ans", -(3**8000)),
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
        "ans = range(5)",
        "ans = {'a': 1}.items()",
        "ans = {'a': 1}.keys()",
        "ans = {'a': 1}.values()",
        "ans = []\nans.append(ans)",
        "def sum(values): return [list(values), 'mine']\nans = sum(i for i in [1, 2])",
        "ans = 'a\\ud800b'",
        "ans = f'{98765433 / 8192} {100 * 1.25**8}'",
    ],
)
def test_what_other_interpreters_get_wrong_is_cpythons(interpreter: Interpreter, code: str) -> None:
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
    assert (result.path, result.refused) == ("cpython", None)


def test_the_result_says_why_it_took_a_process_of_its_own(interpreter: Interpreter) -> None:
    result = interpreter.run("class A: pass\nans = 1", "ans")
    assert result.path == "cpython"
    assert result.refused is not None and "ClassDef" in result.refused
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


def test_a_date_of_numpy_is_no_number(interpreter: Interpreter) -> None:
    code = "import numpy as np\nans = {}"
    assert interpreter.run(code.format("np.datetime64('2024-01-01', 'ns')"), "ans").type == "datetime64"
    assert "timedelta64" in str(interpreter.run(code.format("np.timedelta64(3, 'D')"), "ans").answer)
    assert interpreter.run(code.format("np.float32(0.5)"), "ans").answer == 0.5
    assert interpreter.run(code.format("np.bool_(True)"), "ans").answer is True


@pytest.mark.parametrize(
    "code", ["print(100 * 1.25**8)", "print(98765433 / 8192)", "for i in range(9): print(1.1 ** i)"]
)
def test_floats_are_printed_as_cpython_prints_them(
    interpreter: Interpreter, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(code)
    assert interpreter.run(code).stdout == capsys.readouterr().out


@pytest.mark.parametrize("end", ["sys.exit()", "sys.exit(0)", "raise SystemExit"])
def test_an_answer_outlives_a_good_exit(interpreter: Interpreter, end: str) -> None:
    assert interpreter.run(f"import sys\nanswer = 5\n{end}", "answer").answer == 5


def test_half_a_surrogate_pair_is_spelt_out_and_can_be_sent_on(interpreter: Interpreter) -> None:
    result = interpreter.run("ans = chr(0xd800)", "ans")
    assert (result.answer, result.text) == (repr(chr(0xD800)), "\\ud800")
    failed = interpreter.run("raise ValueError(chr(0xd800))").error
    assert failed is not None and failed.message == "\\ud800"
    printed = interpreter.run("print(chr(0xd800))").error
    assert printed is not None and printed.kind == "UnicodeEncodeError"


@pytest.mark.parametrize("draw", ["numpy.random.rand()", "random.random()", "sympy.core.random.random()"])
def test_no_two_programs_draw_the_same(interpreter: Interpreter, draw: str) -> None:
    code = f"import numpy, random, sympy\nans = {draw}"
    assert interpreter.run(code, "ans").answer != interpreter.run(code, "ans").answer


def test_no_path_of_the_host_is_told(interpreter: Interpreter) -> None:
    result = interpreter.run("import sys\nans = [sys.orig_argv, sys.argv, sys.executable, sys.path]", "ans")
    assert result.answer == "[['python', 'program.py'], ['program.py'], '', []]"


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("from sympy.abc import x\nfrom sympy import pi, sin, integrate\nans = integrate(x*sin(x), (x, 0, pi))", "pi"),
        ("from sympy.abc import k\nfrom sympy import product\nans = product(k, (k, 1, 5))", "120"),
        ("from sympy import Function, rsolve\nfrom sympy.abc import n\ny = Function('y')\n"
         "ans = rsolve(y(n + 1) - 2*y(n), y(n), {y(0): 3})", "3*2**n"),
        ("from sympy.abc import x\nfrom sympy import apart\nans = apart(1/(x**2 - 1))",
         "-1/(2*(x + 1)) + 1/(2*(x - 1))"),
        ("from sympy.abc import x\nfrom sympy.logic.inference import satisfiable\nans = satisfiable(x & ~x)", False),
        ("from sympy.stats import Die, E\nans = E(Die('d', 6))", "7/2"),
        ("from sympy.abc import x\nfrom sympy.integrals.risch import risch_integrate\nfrom sympy import exp\n"
         "ans = risch_integrate(exp(x), x)", "exp(x)"),
        ("from sympy.polys.rings import ring\nfrom sympy import ZZ\nR, a, b = ring('a,b', ZZ)\nans = (a + b)**2",
         "a**2 + 2*a*b + b**2"),
        ("import asyncio\nasync def f(n):\n    await asyncio.sleep(n / 100)\n    return n\n"
         "async def main():\n    async with asyncio.timeout(5): return await asyncio.gather(f(2), f(1))\n"
         "ans = asyncio.run(main())", "[2, 1]"),
        ("import asyncio\nasync def main():\n    try: await asyncio.wait_for(asyncio.Queue().get(), 0.01)\n"
         "    except TimeoutError: return 'late'\nans = asyncio.run(main())", "'late'"),
        ("import zoneinfo\nans = 'Europe/Madrid' in zoneinfo.available_timezones()", True),
        ("import locale\nlocale.setlocale(locale.LC_ALL, '')\nans = locale.str(1.5)", "'1.5'"),
        ("import sqlite3\nans = sqlite3.connect(':memory:').execute('select 40 + 2').fetchone()[0]", 42),
        ("import xml.etree.ElementTree as E\nans = E.fromstring('<a b=\"1\"/>').get('b')", "'1'"),
        ("import gzip\nans = gzip.decompress(gzip.compress(b'abc'))", "b'abc'"),
        ("ans = 'é€'.encode('cp1252') + 'я'.encode('koi8_r') + 'é'.encode('mac_roman')", "b'\\xe9\\x80\\xd1\\x8e'"),
        ("from dateutil.relativedelta import relativedelta as r\nfrom datetime import date\n"
         "ans = date(2024, 1, 31) + r(months=1)", "datetime.date(2024, 2, 29)"),
    ],
)  # fmt: skip
def test_whole_libraries_are_there(interpreter: Interpreter, code: str, answer: Any) -> None:
    result = interpreter.run(code, "ans")
    assert result.ok, result.error
    assert result.answer == answer


def test_a_program_may_recurse_as_deep_as_in_cpython(interpreter: Interpreter, sandbox: Interpreter) -> None:
    code = "def f(n): return 0 if n == 0 else 1 + f(n - 1)\nans = f({})"
    for each in (interpreter, sandbox):
        assert each.run(code.format(996), "ans").answer == 996
        assert not each.run(code.format(1000), "ans").ok


def test_sympy_draws_with_the_characters_that_a_terminal_has(interpreter: Interpreter) -> None:
    code = "from sympy import Integral, pprint\nfrom sympy.abc import x\npprint(Integral(x, x))"
    assert interpreter.run(code).stdout == "⌠     \n⎮ x dx\n⌡     \n"
