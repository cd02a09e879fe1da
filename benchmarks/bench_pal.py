"""How long a program takes on both paths, beside a subprocess and, where installed, smolagents and RestrictedPython.

Prints for one program of each kind, taken in turns: the median and the 95th percentile in milliseconds, the median
divided by that of a bare `fork` and `wait` in this process, and the processor time of all processes involved, which a
busy machine hardly changes. Then what the processes that stand ready hold and, with a number, how memory develops over
so many programs in a row.

    .venv/bin/python -m benchmarks.bench_pal [PROGRAMS_IN_A_ROW]

The other two are no dependencies; give them a folder of their own:
`uv pip install --target /tmp/peers smolagents RestrictedPython`, then PYTHONPATH=/tmp/peers.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from benchmarks.pal_hostile import descendants, rss
from shopbot.tools.interpreter import Interpreter

ROUNDS = 10
PLAIN = (
    "def solution():\n"
    '    """Olivia has $23. She bought five bagels for $3 each. How much money does she have left?"""\n'
    "    money_initial = 23\n    bagels = 5\n    bagel_cost = 3\n    money_spent = bagels * bagel_cost\n"
    "    money_left = money_initial - money_spent\n    result = money_left\n    return result\n"
)
STANDARD = "import enum\nclass Size(enum.IntEnum):\n    BIG = 3\ndef solution():\n    return Size.BIG + 1\n"
SYMPY = "from sympy import symbols, solve\nx = symbols('x')\ndef solution():\n    return solve(x**2 - 5*x + 6, x)\n"


def main(in_a_row: int) -> None:
    """Print the tables."""
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f}, Python {sys.version.split()[0]}\n")
    with Interpreter() as both, Interpreter(quick=False) as alone:
        runs: list[tuple[str, Callable[[], object], int]] = [
            ("bare fork and wait", _fork, 200),
            ("quick path", partial(both.run, PLAIN, "solution()"), 1000),
            ("a process of its own", partial(alone.run, PLAIN, "solution()"), 300),
            ("a process of its own, enum", partial(both.run, STANDARD, "solution()"), 300),
            ("a process of its own, sympy", partial(both.run, SYMPY, "solution()"), 100),
            ("plain subprocess", _subprocess, 20),
            *_peers(),
        ]
        print("| runs in | median ms | p95 ms | forks | CPU ms |\n|---|---|---|---|---|")
        times, used = _in_turns(runs)
        fork = statistics.median(times[runs[0][0]])
        for name, found in times.items():
            middle, late = statistics.median(found), sorted(found)[int(len(found) * 0.95)]
            spent = used[name] / len(found)
            print(f"| {name} | {middle:.2f} | {late:.2f} | {middle / fork:.1f} | {spent:.2f} |", flush=True)
        _ready()
        if in_a_row:
            _row(both, in_a_row)


def _in_turns(
    runs: list[tuple[str, Callable[[], object], int]],
) -> tuple[dict[str, list[float]], Counter[str]]:
    """Milliseconds of every run, and of processor time of all of a kind; in rounds, to see the same machine."""
    found: dict[str, list[float]] = {name: [] for name, _, _ in runs}
    used = Counter[str]()
    for _ in range(ROUNDS):
        for name, run, times in runs:
            run()
            spent = _processor_ms()
            for _ in range(times // ROUNDS):
                began = time.perf_counter()
                run()
                found[name].append((time.perf_counter() - began) * 1000)
            used[name] += round(_processor_ms() - spent)
    return found, used


def _processor_ms() -> float:
    """Of this process, those that it started, they in turn, and those of all of them that have ended."""
    ticks = 0
    for pid in {os.getpid(), *descendants(os.getpid())}:
        with suppress(OSError):
            ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return ticks * 1000 / os.sysconf("SC_CLK_TCK")


def _ready() -> None:
    """What each process that this one started holds, children of the servers included."""
    held = sorted((rss(pid) >> 20 for pid in descendants(os.getpid())), reverse=True)
    print(f"\nProcesses that stand ready, MiB resident (mostly shared): {', '.join(map(str, held))}")


def _fork() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _subprocess() -> None:
    code = PLAIN + "\nprint(solution())"
    subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True)


def _peers() -> list[tuple[str, Callable[[], object], int]]:
    found: list[tuple[str, Callable[[], object], int]] = []
    try:
        from smolagents.local_python_executor import LocalPythonExecutor

        found.append(("smolagents", partial(_smolagents, LocalPythonExecutor), 200))
    except ImportError as error:
        print(f"smolagents is not measured: {error}")
    try:
        from RestrictedPython import compile_restricted, safe_globals

        found.append(("RestrictedPython", partial(_restricted, compile_restricted, safe_globals), 200))
    except ImportError as error:
        print(f"RestrictedPython is not measured: {error}")
    return found


def _smolagents(executor: type) -> None:
    executor([])(PLAIN + "\nsolution()")


def _restricted(compile_restricted: Callable[..., object], safe: dict[str, object]) -> None:
    names = dict(safe)
    exec(compile_restricted(PLAIN, "<program>", "exec"), names)  # type: ignore[arg-type]
    eval("solution()", names)


def _row(interpreter: Interpreter, times: int) -> None:
    print("\n| programs | host MiB | workers MiB | processes | descriptors |\n|---|---|---|---|---|")
    for done in range(times + 1):
        if done % max(1, times // 5) == 0:
            family = descendants(os.getpid())
            workers = sum(rss(pid) for pid in family) >> 20
            descriptors = sum(1 for _ in Path("/proc/self/fd").iterdir())
            print(f"| {done} | {rss(os.getpid()) >> 20} | {workers} | {len(family)} | {descriptors} |", flush=True)
        interpreter.run(STANDARD if done % 4 == 0 else PLAIN, "solution()")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
