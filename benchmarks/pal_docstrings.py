"""The examples in the docstrings of sympy, numpy and the standard library, in the interpreter and in plain CPython.

    .venv/bin/python -m benchmarks.pal_docstrings [DOCSTRINGS] [SEED]

Every docstring of the installed sources is a program: its examples one after another, each with what it shows. The
oracle is this Python without a boundary, with the libraries that programs are promised. It is asked twice with
different hash seeds: an example whose two answers differ (addresses, clocks, the order of sets), or that fails there,
is left out. Of the others one is the same, or wrong (both sides show something, and not the same), or failed: it wants
what the boundary does not give, and says so.
"""

from __future__ import annotations

import ast
import doctest
import json
import random
import subprocess
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from shopbot.tools.interpreter import Interpreter, Limits

DOCSTRINGS = 400
"""How many of them are drawn; 0 is all."""
LIMITS = Limits(seconds=30.0, output=1_000_000)
PACKAGES = ("sympy", "mpmath", "numpy", "dateutil")
_SKIPPED = {
    "test",
    "tests",
    "testing",
    "idlelib",
    "lib2to3",
    "site-packages",
    "turtle",
    "turtledemo",
    "ensurepip",
    "distutils",
}
_MARK = "\x1e"
"""Printed before each example, so that what it shows can be told from what the next one shows."""

_ORACLE = """
import json, os, signal, sys
class Promised:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in {*sys.stdlib_module_names, "six", "gmpy2", *sys.argv[1:]}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Promised())
for name in sys.argv[1:]:
    __import__(name)
def show(requests):
    for line in sys.stdin:
        source, sink = os.pipe()
        if os.fork() == 0:
            signal.alarm(20)
            os.dup2(sink, 1)
            os.dup2(os.open(os.devnull, os.O_RDWR), 0)
            sys.stdout.reconfigure(encoding="utf-8")
            sys.stdin = open(os.devnull)
            try:
                exec(compile(json.loads(line), "<program>", "exec"), {"__name__": "__main__"})
            except BaseException:
                pass
            sys.stdout.flush()
            os._exit(0)
        os.close(sink)
        with open(source, "rb") as reader:
            text = reader.read().decode("utf-8", "replace")
        os.wait()
        os.write(requests, json.dumps(text).encode() + b"\\n")
show(os.dup(1))
"""


@dataclass(frozen=True)
class Docstring:
    """The sources of its examples; `module` is where it stands."""

    module: str
    examples: tuple[str, ...]

    def without(self, left_out: set[int]) -> Docstring:
        kept = (source for place, source in enumerate(self.examples) if place not in left_out)
        return Docstring(self.module, tuple(kept))

    def program(self, *, tolerant: bool) -> str:
        """All of them one after another; `tolerant` goes on after one that raises, and shows that it did."""
        head = f"from {self.module} import *" if self.module.split(".")[0] not in PACKAGES else ""
        return "\n".join([head, *(_tried(each) if tolerant else _shown(each) for each in self.examples), ""])


def _shown(source: str) -> str:
    """An example as the interactive interpreter takes it: the value of an expression is printed unless it is None."""
    mark = f"print({_MARK!r}, end='')"
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return f"{mark}\nraise SyntaxError"
    if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
        value = ast.unparse(tree.body[0].value)
        return f"{mark}\n_ = {value}\nif _ is not None: print(repr(_))"
    return f"{mark}\n{source.rstrip()}"


def _tried(source: str) -> str:
    inner = json.dumps(_shown(source))
    return f"try: exec({inner}, globals())\nexcept BaseException: print('\\x1f')"


def docstrings() -> Iterator[Docstring]:
    """All with examples, of the packages and the standard library as they are installed."""
    roots = [(name, Path(found.origin).parent) for name in PACKAGES if (found := find_spec(name)) and found.origin]
    library = Path(sysconfig.get_path("stdlib"))
    for prefix, root in [*roots, ("", library)]:
        for file in sorted(root.rglob("*.py")):
            parts = file.relative_to(root).with_suffix("").parts
            if not _SKIPPED & set(parts) and all(part.isidentifier() for part in parts):
                module = ".".join(part for part in (prefix, *parts) if part not in ("", "__init__"))
                yield from _of(file, module)


def _of(file: Path, module: str) -> Iterator[Docstring]:
    tree = ast.parse(file.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            try:
                examples = doctest.DocTestParser().get_examples(ast.get_docstring(node) or "")
            except ValueError:
                continue
            if sources := tuple(each.source for each in examples if not each.options.get(doctest.SKIP)):
                yield Docstring(module, sources)


class Oracle:
    """CPython without a boundary; a fork for each program, so that none sees what another left."""

    def __init__(self, seed: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", _ORACLE, *PACKAGES],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONHASHSEED": seed, "LANG": "C.UTF-8"},
            text=True,
        )

    def output(self, program: str) -> list[str]:
        """What each example shows."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(program) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline()).split(_MARK)[1:]

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def usable(docstring: Docstring, first: Oracle, second: Oracle) -> tuple[Docstring, list[str]]:
    """The docstring without the examples that fail or show something else every time, and what the others show."""
    program = docstring.program(tolerant=True)
    one, other = first.output(program), second.output(program)
    pairs = list(zip(one, other, strict=False))
    bad = {n for n in range(len(docstring.examples)) if n >= len(pairs) or pairs[n][0] != pairs[n][1]}
    bad |= {n for n, (shown, _) in enumerate(pairs) if "\x1f" in shown}
    kept = docstring.without(bad)
    program = kept.program(tolerant=False)
    shown = first.output(program)
    return (kept, shown) if shown == second.output(program) and len(shown) == len(kept.examples) else (kept, [])


def judge(docstring: Docstring, expected: list[str], interpreter: Interpreter) -> Iterator[tuple[str, str]]:
    """For every example "same", "wrong" or "failed", and what there is to tell about it."""
    result = interpreter.run(docstring.program(tolerant=False), limits=LIMITS)
    shown = result.stdout.split(_MARK)[1:]
    for place, (source, right) in enumerate(zip(docstring.examples, expected, strict=True)):
        if place >= len(shown) or (result.error and place == len(shown) - 1):
            yield "failed", f"{docstring.module}: {source.strip()[:80]}: {result.error}"
        elif shown[place] != right:
            yield "wrong", f"{docstring.module}: {source.strip()[:80]}: {shown[place]!r:.80} instead of {right!r:.80}"
        else:
            yield "same", ""


def drawn(number: int, seed: int) -> list[Docstring]:
    """So many docstrings, the same for the same seed and the same installed packages."""
    found = list(docstrings())
    return random.Random(seed).sample(found, number) if 0 < number < len(found) else found


def main(number: int, seed: int) -> int:
    """Print the shares; returns 1 when an example is wrong or more than one in a hundred fails."""
    counted: Counter[str] = Counter()
    oracles = Oracle("1"), Oracle("2")
    with Interpreter() as interpreter, ThreadPoolExecutor(1) as ahead:
        chosen = drawn(number, seed)
        for docstring, expected in ahead.map(lambda each: usable(each, *oracles), chosen):
            counted["left out"] += len(docstring.examples) - len(expected)
            if expected:
                _count(judge(docstring, expected, interpreter), counted)
    for oracle in oracles:
        oracle.close()
    total = counted["same"] + counted["wrong"] + counted["failed"]
    print(
        f"{total} examples of {len(chosen)} docstrings: {counted['same']} same ({counted['same'] / total:.2%}), "
        f"{counted['wrong']} wrong, {counted['failed']} failed; seed {seed}"
    )
    return int(counted["wrong"] > 0 or counted["failed"] > total / 100)


def _count(judged: Iterable[tuple[str, str]], counted: Counter[str]) -> None:
    for verdict, told in judged:
        counted[verdict] += 1
        if told:
            print(f"{verdict}: {told}", flush=True)


if __name__ == "__main__":
    options = [int(text) for text in sys.argv[1:3]]
    sys.exit(main(*[*options, *(DOCSTRINGS, 1)[len(options) :]]))
