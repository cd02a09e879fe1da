"""Running a program that nobody has read: the quick path first, CPython behind the boundary for the rest.

    with Interpreter() as interpreter:
        interpreter.run("def solution():\\n    return 6 * 7", "solution()").answer   -> 42

Thread-safe; `arun` is the same for asyncio. A failing program is a result, never an exception.
"""

from __future__ import annotations

import asyncio
import os
import platform
import re
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Self

from shopbot.tools.interpreter.cpython import Libraries, Sandbox, SandboxUnavailable
from shopbot.tools.interpreter.job import Job
from shopbot.tools.interpreter.limits import Limits
from shopbot.tools.interpreter.monty import MontyPool, Refused
from shopbot.tools.interpreter.pool import PoolBusy, SandboxPool
from shopbot.tools.interpreter.result import Failure, Result
from shopbot.tools.interpreter.sandbox.syscalls import TABLES
from shopbot.tools.interpreter.selftest import ContainmentFailed, check_monty, check_sandbox

PATIENCE = 120.0
"""Seconds that a program waits for a free process before it is refused."""

_SCIENTIFIC = re.compile(r"sympy|numpy|mpmath")


class Interpreter:
    """Both paths behind one `run`.

    Args:
        limits: of each program, unless its run names others.
        workers: processes of each kind at most; by default as many as there are processors, two to four.
        monty: whether to use the quick path.
        cpython: whether to use CPython behind the boundary.
    """

    def __init__(
        self, limits: Limits | None = None, *, workers: int | None = None, monty: bool = True, cpython: bool = True
    ) -> None:
        self.limits = limits or Limits()
        self._size = workers or min(4, max(2, os.cpu_count() or 2))
        self._lock = threading.Lock()
        self._no_monty = None if monty else "the quick path is switched off"
        self._monty: MontyPool | None = None
        self._unavailable = platform_refusal() if cpython else "it is switched off"
        self._pools: dict[Libraries, SandboxPool] = {}
        self._threads = ThreadPoolExecutor(4 * self._size, thread_name_prefix="interpreter")

    def run(
        self, code: str, entry: str | None = None, inputs: Mapping[str, Any] | None = None, limits: Limits | None = None
    ) -> Result:
        """Run a program and evaluate `entry`, the expression that holds its answer; blocks.

        Raises:
            ValueError: `inputs` holds something that is no plain value.
        """
        limits = limits or self.limits
        job = Job(code, entry or None, inputs or {})
        began = time.perf_counter()
        if len(code) + len(entry or "") > limits.code:
            result = _failed("CodeTooLong", f"the program has {len(code)} characters; {limits.code} are allowed")
        else:
            result = self._run(job, limits)
        return replace(result, ms=(time.perf_counter() - began) * 1000)

    async def arun(
        self, code: str, entry: str | None = None, inputs: Mapping[str, Any] | None = None, limits: Limits | None = None
    ) -> Result:
        """The same without blocking the event loop. A cancelled run still ends by its own limits."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self.run, code, entry, inputs, limits)

    def layers(self) -> tuple[str, ...]:
        """What contains CPython here, for a person to read.

        Raises:
            SandboxUnavailable: there is no CPython here, or it does not contain.
        """
        with self._pool("plain").lend(PATIENCE) as sandbox:
            return sandbox.layers

    def close(self) -> None:
        """End all processes; programs that still run end with them or by their limits."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            monty, self._monty = self._monty, None
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.close()
        if monty:
            monty.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, job: Job, limits: Limits) -> Result:
        began = time.monotonic()
        try:
            return self._monty_pool().run(job, limits)
        except Refused as reason:
            refused, failure = str(reason), reason.failure
        left = replace(limits, seconds=_left(limits.seconds, time.monotonic() - began))
        try:
            with self._pool(_libraries(job)).lend(PATIENCE) as sandbox:
                result = sandbox.run(job, left)
        except PoolBusy as busy:
            result = _failed("Busy", str(busy))
        except SandboxUnavailable as reason:
            unavailable = f"this program needs CPython in its sandbox, and {reason} (the quick path: {refused})"
            return replace(Result(error=failure or Failure("Unavailable", unavailable)), refused=refused)
        return replace(result, path="cpython", refused=refused)

    def _monty_pool(self) -> MontyPool:
        with self._lock:
            if self._no_monty:
                raise Refused(self._no_monty)
            if self._monty is None:
                self._monty = self._start_monty()
            return self._monty

    def _start_monty(self) -> MontyPool:
        try:
            monty = MontyPool(self._size)
        except Exception as error:
            self._no_monty = f"the quick path does not start ({type(error).__name__}: {error})"
            raise Refused(self._no_monty) from None
        try:
            check_monty(monty.run_unchecked)
        except (ContainmentFailed, Refused) as failed:
            monty.close()
            self._no_monty = str(failed)
            raise Refused(self._no_monty) from None
        return monty

    def _pool(self, libraries: Libraries) -> SandboxPool:
        if self._unavailable:
            raise SandboxUnavailable(self._unavailable)
        with self._lock:
            if libraries not in self._pools:
                self._pools[libraries] = SandboxPool(lambda: self._start(libraries), self._size)
            return self._pools[libraries]

    def _start(self, libraries: Libraries) -> Sandbox:
        sandbox = Sandbox(libraries)
        try:
            check_sandbox(sandbox.run)
        except ContainmentFailed as failed:
            sandbox.close()
            self._unavailable = str(failed)
            raise SandboxUnavailable(str(failed)) from None
        return sandbox


def platform_refusal() -> str | None:
    """Why there can be no CPython on this machine; None when there can."""
    if sys.platform != "linux":
        return f"there is no sandbox for it on {sys.platform}, only on Linux"
    if platform.machine() not in TABLES:
        return f"there is no sandbox for it on {platform.machine()}, only on {' and '.join(TABLES)}"
    return None


def _left(seconds: float, used: float) -> float:
    """What remains for CPython : at least half a second, or all when that is less."""
    return max(min(0.5, seconds), seconds - used)


def _libraries(job: Job) -> Libraries:
    return "scientific" if _SCIENTIFIC.search(job.code) else "plain"


def _failed(kind: str, message: str) -> Result:
    return Result(error=Failure(kind, message))
