"""Differential fuzzing: generated programs in the interpreter and in plain CPython, which have to print the same.

    .venv/bin/python -m benchmarks.pal_differential [RESULTS] [SEED]

Counted are results, one a printed line: arithmetic, growth and division, formatting, containers, strings. A program
holds many of them, so that half a million take minutes. The peer is one subprocess of this Python that executes each
program in a fresh namespace. A line is wrong when it differs, and an error when only one side has it.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from shopbot.tools.interpreter import Interpreter, Limits

RESULTS = 500_000
LINES = 120
"""Results of one program."""
LIMITS = Limits(seconds=20.0, output=1_000_000)

_PEER = """
import contextlib, io, json, sys
for line in sys.stdin:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(json.loads(line), "<program>", "exec"), {"__name__": "__main__"})
    print(json.dumps(out.getvalue()), flush=True)
"""
_WORDS = ("mug", "Poster", "ßtraße", "ÉTÉ", "naïve", "a b\tc", "", "0x1F", "x,y;z", "日本", "ﬁ", "İ", "tab\\tq'\"")


def _number(r: random.Random) -> str:
    return r.choice(
        [
            lambda: str(r.randint(-20, 20)),
            lambda: str(r.randint(-(10**9), 10**9)),
            lambda: str(r.randint(-(10**25), 10**25)),
            lambda: f"{r.uniform(-1000, 1000):.{r.randint(0, 4)}f}",
            lambda: repr(r.uniform(-1, 1) * 10.0 ** r.randint(-12, 18)),
            lambda: repr(r.randint(1, 10**17) / 2 ** r.randint(0, 60)),
        ]
    )()


def _arithmetic(r: random.Random) -> str:
    a, b, c = _number(r), _number(r), _number(r)
    operation, other = r.choice("+-*/"), r.choice(["+", "-", "*", "/", "//", "%"])
    form = r.choice(
        [
            "{0} {3} {1} {4} {2}",
            "({0} {3} {1}) {4} {2}",
            "round({0} {3} {1}, {5})",
            "divmod({0}, {1})",
            "abs({0}) ** {6}",
            "int({0}) // (int({1}) or 7)",
            "[sum([{0}, {1}, {2}]), max({0}, {1}), {0} < {1}]",
            "math.floor({0} {3} {1})",
            "math.sqrt(abs({0}))",
            "-{0} % {1}",
        ]
    )
    return form.format(a, b, c, operation, other, r.randint(-3, 8), r.randint(-4, 9))


def _growth(r: random.Random) -> str:
    rate, years, base = r.randint(1, 400) / r.choice([4, 8, 100, 1000]), r.randint(1, 60), r.randint(1, 10**6)
    form = r.choice(
        [
            "{b} * (1 + {r}) ** {y}",
            "{b} * {r} ** {y}",
            "{b} / {d}",
            "{b} * 1.25 ** {y}",
            "{b} / {d} * 100",
            "{b} * {r} / 3",
            "{b} / 2 ** {y}",
            "round({b} * (1 + {r}) ** {y} / {d}, 2)",
        ]
    )
    return form.format(b=base, r=rate, y=years, d=r.choice([3, 7, 12, 8192, 365, 1024, r.randint(1, 10**6)]))


def _formatting(r: random.Random) -> str:
    spec = r.choice(
        ["", ".2f", ",.2f", ".0f", ".3e", "g", ".10g", "10.3f", "<12", ">+9.1f", "08.2f", ",", "%", ".1%", "_.4f", "e"]
    )
    form = r.choice(
        [
            "f'{{{a}:{s}}}'",
            "format({a}, '{s}')",
            "'{{:{s}}}'.format({a})",
            "'%.3f|%d|%s|%r' % ({a}, {a}, {a}, {a})",
            "f'{{{a}!r:>30}}|{{{b}}}'",
            "str({a}) + repr({b})",
        ]
    )
    return form.format(a=f"({_number(r)})", b=f"({_number(r)})", s=spec)


def _container(r: random.Random) -> str:
    numbers = ", ".join(_number(r) for _ in range(r.randint(0, 5)))
    words = ", ".join(repr(r.choice(_WORDS)) for _ in range(r.randint(0, 5)))
    form = r.choice(
        [
            "[{n}]",
            "({n},)" if numbers else "()",
            "{{{n}}}" if numbers else "set()",
            "sorted([{n}])",
            "[{w}]",
            "dict(enumerate([{w}]))",
            "{{1: 'a', True: 'b', 1.0: 'c', k: {i}}}",
            "dict.fromkeys([{w}])",
            "list(zip([{n}], [{w}]))",
            "[{n}][{i}:{j}]",
            "{{x: x * 2 for x in [{n}]}}.items()",
            "range({i}, {j})",
            "[i for i in range({j}) if i % 3]",
            "list(map(str, [{n}]))",
            "{{k: [{n}]}}.values()",
            "list(reversed([{w}]))",
            "(x for x in [{n}]) and sum(x for x in [{n}])",
            "{{{i}, {j}, {i} ^ {j}}}",
            "[*[{n}], *({w},)]" if words else "[]",
            "any([{n}]) or all([{w}])",
            "min([{n}], default=None)",
        ]
    )
    return form.format(n=numbers, w=words, i=r.randint(-5, 5), j=r.randint(-5, 40))


def _text(r: random.Random) -> str:
    a, b = repr(r.choice(_WORDS)), repr(r.choice(_WORDS))
    form = r.choice(
        [
            "{a} + {b}",
            "{a}.upper() + {b}.lower()",
            "{a}.title(), {b}.casefold(), {a}.capitalize()",
            "({a} * 3)[::{i}]",
            "{a}.split(), {a}.split('x'), {b}.partition(',')",
            "({a} + {b}).replace('a', {b})",
            "{a}.center(12, '*')",
            "[ord(c) for c in {a}]",
            "len({a}), {a} in {b}, {a} < {b}",
            "{a}.strip('m ').zfill({j})",
            "{a}.find({b})",
            "{a}.isdigit(), {a}.isalpha(), {a}.isupper()",
            "repr({a}), ascii({b})",
            "','.join([{a}, {b}])",
            "sorted({a}), sorted({b})",
            "{a}.count('t'), {a}.startswith({b})",
            "{a}.swapcase()",
        ]
    )
    return form.format(a=a, b=b, i=r.choice([-2, -1, 1, 2]), j=r.randint(0, 12))


KINDS: tuple[Callable[[random.Random], str], ...] = (_arithmetic, _growth, _growth, _formatting, _container, _text)


def expressions(seed: int) -> Iterator[str]:
    """Expressions without end, the same for the same seed; those that raise are left out by CPython itself."""
    r = random.Random(seed)
    while True:
        expression = r.choice(KINDS)(r)
        try:
            eval(expression, {"math": __import__("math"), "k": "key"})
        except (ArithmeticError, ValueError, TypeError, IndexError, MemoryError):
            continue
        yield expression


def programs(results: int, seed: int) -> Iterator[str]:
    """Programs that print so many results together."""
    found = expressions(seed)
    for done in range(0, results, LINES):
        lines = [f"print({next(found)})" for _ in range(min(LINES, results - done))]
        yield "import math\nk = 'key'\n" + "\n".join(lines) + "\n"


def main(results: int, seed: int) -> int:
    """Print how many results differ; returns 1 when any does."""
    wrong = errors = quick = count = 0
    began = time.monotonic()
    peer = subprocess.Popen([sys.executable, "-c", _PEER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert peer.stdin and peer.stdout
    with Interpreter(LIMITS) as interpreter, ThreadPoolExecutor(1) as thread, peer:
        for program in programs(results, seed):
            ours = thread.submit(interpreter.run, program)
            peer.stdin.write(json.dumps(program) + "\n")
            peer.stdin.flush()
            expected, result = json.loads(peer.stdout.readline()), ours.result()
            count += expected.count("\n")
            quick += result.refused is None
            if result.error:
                errors += 1
                print(f"error: {result.error}", flush=True)
            elif result.stdout != expected:
                wrong += _show(program, result.stdout, expected)
        peer.stdin.close()
    seconds = time.monotonic() - began
    print(f"{count} results, {wrong} wrong, {errors} programs failed; {quick} quick; {seconds:.0f} s; seed {seed}")
    return int(wrong > 0 or errors > 0)


def _show(program: str, ours: str, expected: str) -> int:
    pairs = zip(program.split("\n")[2:], ours.split("\n"), expected.split("\n"), strict=False)
    different = [(line, mine, theirs) for line, mine, theirs in pairs if mine != theirs]
    for line, mine, theirs in different[:3]:
        print(f"WRONG {line[:100]}: {mine[:60]} instead of {theirs[:60]}", flush=True)
    return max(1, len(different))


if __name__ == "__main__":
    chosen = [int(text) for text in sys.argv[1:3]]
    sys.exit(main(*[*chosen, *(RESULTS, 1)[len(chosen) :]]))
