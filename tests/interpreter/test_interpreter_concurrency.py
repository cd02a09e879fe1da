"""Many programs at once: each gets its own answer, the processes stay few, and memory stays flat."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.pal_hostile import descendants, rss
from shopbot.tools.interpreter import Interpreter

PROGRAMS = [
    (f"x = {{{n}}}\nprint({n})\nans = sum(x) * 2" if n % 2 else f"print({n})\nans = {n} * 2") for n in range(32)
]


def test_32_threads_each_get_their_own_answer(interpreter: Interpreter) -> None:
    with ThreadPoolExecutor(32) as threads:
        results = list(threads.map(lambda code: interpreter.run(code, "ans"), PROGRAMS))
    assert [(r.answer, r.stdout) for r in results] == [(2 * n, f"{n}\n") for n in range(32)]


def test_32_tasks_each_get_their_own_answer(interpreter: Interpreter) -> None:
    async def all_at_once() -> list[object]:
        results = await asyncio.gather(*(interpreter.arun(code, "ans") for code in PROGRAMS))
        return [r.answer for r in results]

    assert asyncio.run(all_at_once()) == [2 * n for n in range(32)]


def test_the_event_loop_goes_on_while_a_program_runs(interpreter: Interpreter) -> None:
    async def ticks() -> int:
        running = asyncio.ensure_future(interpreter.arun("x = {1}\nfor i in range(3 * 10**6): pass", "1"))
        count = 0
        while not running.done():
            await asyncio.sleep(0.005)
            count += 1
        return count

    assert asyncio.run(ticks()) > 3


def test_workers_are_bounded(sandbox: Interpreter) -> None:
    import os

    before = len(descendants(os.getpid()))
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda code: sandbox.run(code, "ans"), PROGRAMS))
    # two in their lane, two aside, one in store
    assert len(descendants(os.getpid())) <= before + 5


def test_memory_and_descriptors_stay_flat(interpreter: Interpreter) -> None:
    import os

    def run(times: int) -> None:
        for n in range(times):
            interpreter.run(PROGRAMS[n % 32], "ans")

    run(100)
    before, open_before = rss(os.getpid()), len(list(Path("/proc/self/fd").iterdir()))
    run(300)
    assert rss(os.getpid()) - before < 4 << 20
    assert len(list(Path("/proc/self/fd").iterdir())) <= open_before
