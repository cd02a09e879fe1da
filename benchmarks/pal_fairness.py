"""Callers who run short programs, with and without others whose programs never end.

    .venv/bin/python -m benchmarks.pal_fairness [SECONDS]

64 callers, each with the next program as soon as the last one is back; then the same with eight of them sending endless
loops. Told are the programs a second of the short callers, how much of what as many got without the loops that is, and
how long they waited: for a turn, and in all. Once with plain programs and loops, once with programs and loops that each
get a process of their own. Each caller waits for the others, so a wait is as many programs as there are callers; on a
busy machine it is long without any loop, and is compared with that.
"""

from __future__ import annotations

import os
import statistics
import sys
import threading
import time
from dataclasses import dataclass, field

from shopbot.tools.interpreter import Interpreter, Limits

CALLERS, LOOPS = 64, 8
SECONDS = 20.0
LIMITS = Limits(seconds=5.0)
KINDS = {
    "plain": ("x = [n * n for n in range(50)]\nans = sum(x)", "while True: pass"),
    "in a process of its own": ("import os\nans = sum(n * n for n in range(50))", "import os\nwhile True: pass"),
}
ANSWER = 40425
MOST_WAIT = 1000.0
"""Milliseconds in the middle."""


@dataclass
class Tally:
    """Milliseconds that each short program waited for a turn and took in all, and what did not come back right."""

    queued: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def measure(interpreter: Interpreter, short: str, loop: str, loops: int, seconds: float) -> Tally:
    """Let all callers run for so many seconds; `loops` of them endlessly."""
    tally, end = Tally(), time.monotonic() + seconds

    def call(number: int) -> None:
        while time.monotonic() < end:
            if number < loops:
                interpreter.run(loop, caller=f"loop {number}")
                continue
            result = interpreter.run(short, "ans", caller=f"short {number}")
            tally.queued.append(result.queued_ms)
            tally.whole.append(result.ms)
            if result.answer != ANSWER:
                tally.failures.append(str(result.error))

    threads = [threading.Thread(target=call, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally


def main(seconds: float) -> int:
    """Print the table; returns 1 when less than half of the throughput is left, or half of them wait long for loops."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print("| programs | loops | a second | kept | median wait ms | p95 | median in all ms | p95 | failed |")
    print("|---|---|---|---|---|---|---|---|---|")
    bad = False
    for kind, (short, loop) in KINDS.items():
        with Interpreter(LIMITS) as interpreter:
            for code in (short, loop):
                interpreter.run(code, "ans", limits=Limits(seconds=0.5))
            clean = patience = 0.0
            for loops in (0, LOOPS):
                tally = measure(interpreter, short, loop, loops, seconds)
                # of as many callers
                rate = len(tally.whole) / seconds * (CALLERS - LOOPS) / (CALLERS - loops)
                wait = statistics.median(tally.queued)
                clean, patience = clean or rate, patience or max(MOST_WAIT, 1.5 * wait)
                print(_row(kind, loops, rate, rate / clean, tally), flush=True)
                bad |= bool(tally.failures) or rate < clean / 2 or wait > patience
                for failure in tally.failures[:3]:
                    print(f"failed: {failure}", file=sys.stderr)
    return int(bad)


def _row(kind: str, loops: int, rate: float, kept: float, tally: Tally) -> str:
    waits = " | ".join(
        f"{statistics.median(times):.0f} | {sorted(times)[int(len(times) * 0.95)]:.0f}"
        for times in (tally.queued, tally.whole)
    )
    return f"| {kind} | {loops} | {rate:.0f} | {kept:.0%} | {waits} | {len(tally.failures)} |"


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS))
