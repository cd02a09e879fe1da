"""Running a program that nobody has read: in CPython behind the boundary, plain programs there without a fork.

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
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Self

from shopbot.tools.interpreter.cpython import (
    Libraries,
    MovedAside,
    NeedsLibraries,
    NotStarted,
    Sandbox,
    SandboxUnavailable,
    failed,
)
from shopbot.tools.interpreter.fallback import Fallback
from shopbot.tools.interpreter.job import Job
from shopbot.tools.interpreter.lanes import Busy, Lane, Turn, Usage
from shopbot.tools.interpreter.limits import Limits
from shopbot.tools.interpreter.quick import QuickPath, Refused
from shopbot.tools.interpreter.result import Result
from shopbot.tools.interpreter.sandbox.syscalls import TABLES
from shopbot.tools.interpreter.selftest import ContainmentFailed, check_sandbox

PATIENCE = 10.0
"""Seconds that a program waits for its turns before it is refused."""
ASIDE_SECONDS = 0.25
"""After so long, a program makes room for others."""
_ATTEMPTS = 3
_THREADS = 128
"""Of `arun`; most of them wait."""

_SCIENTIFIC = re.compile(r"sympy|numpy|mpmath")


class Interpreter:
    """Both paths behind one `run`.

    Args:
        limits: of each program, unless its run names others.
        workers: programs of each kind at the same time; by default as many as there are processors, two to four.
        quick: whether plain programs may share a process, one after another.
        monty: whether monty may answer where there is no CPython in a sandbox.
        cpython: whether to use CPython in its sandbox.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        workers: int | None = None,
        quick: bool = True,
        monty: bool = True,
        cpython: bool = True,
    ) -> None:
        self.limits = limits or Limits()
        size = workers or min(4, max(2, os.cpu_count() or 2))
        usage = Usage()
        self._quick_lane, self._lane, self._aside = Lane(size, usage), Lane(size, usage), Lane(size, usage)
        self._quick = QuickPath(lambda own: self._sandbox("plain").start_child(own, sequence=True)) if quick else None
        self._fallback = Fallback(size if monty else 0)
        self._unavailable = platform_refusal() if cpython else "it is switched off"
        self._locks: dict[Libraries, threading.Lock] = {"plain": threading.Lock(), "scientific": threading.Lock()}
        self._sandboxes: dict[Libraries, Sandbox] = {}
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="interpreter")

    def run(
        self,
        code: str,
        entry: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
        caller: str | None = None,
    ) -> Result:
        """Run a program and evaluate `entry`, the expression that holds its answer; blocks.

        Args:
            caller: whose program it is (a conversation): who used little of late goes first.

        Raises:
            ValueError: `inputs` holds something that is no plain value.
        """
        run = _Run(Job(code, entry or None, inputs or {}), limits or self.limits, caller)
        if len(code) + len(entry or "") > run.limits.code:
            result = failed("CodeTooLong", f"the program has {len(code)} characters; {run.limits.code} are allowed")
            return replace(result, path="none")
        result = self._run(run)
        return replace(result, ms=(time.monotonic() - run.began) * 1000, queued_ms=run.queued * 1000)

    async def arun(
        self,
        code: str,
        entry: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
        caller: str | None = None,
    ) -> Result:
        """The same without blocking the event loop. A cancelled run still ends by its own limits."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self.run, code, entry, inputs, limits, caller)

    def layers(self) -> tuple[str, ...]:
        """What was seen to contain programs here, for a person to read.

        Raises:
            SandboxUnavailable: there is no CPython here, or it does not contain.
        """
        return self._sandbox("plain").layers

    def close(self) -> None:
        """End all processes; programs that still run end with them."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._quick:
            self._quick.close()
        for sandbox in list(self._sandboxes.values()):
            sandbox.close()
        self._fallback.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, run: _Run) -> Result:
        refused, long = "the quick path is switched off", False
        try:
            try:
                if self._quick:
                    with run.turn(self._quick_lane):
                        return self._quick.run(run.job, run.limits)
            except Refused as reason:
                refused, long = str(reason), reason.long
            result = self._run_alone(run, long)
        except Busy as busy:
            result = failed("Busy", str(busy))
        except SandboxUnavailable as reason:
            return self._fallback.run(run.job, run.limits, str(reason))
        return replace(result, refused=refused)

    def _run_alone(self, run: _Run, long: bool) -> Result:
        """In a process of its own, with more libraries when it turns out to need them."""
        if not _SCIENTIFIC.search(run.job.code):
            with suppress(NeedsLibraries):
                return self._run_in("plain", run, long)
        try:
            return self._run_in("scientific", run, long)
        except NeedsLibraries as forged:  # there are no more that an honest process could want
            return failed("BadReply", f"the program asks for {forged}")

    def _run_in(self, libraries: Libraries, run: _Run, long: bool) -> Result:
        """Tried again when the process for it was lost before it had the program."""
        for _ in range(_ATTEMPTS):
            with suppress(NotStarted):
                return self._run_once(libraries, run, long)
        return failed("Unavailable", "the program was not run because its process could not be confined")

    def _run_once(self, libraries: Libraries, run: _Run, long: bool) -> Result:
        """One that turns out to run long goes on among the long ones, or starts anew there."""
        sandbox = self._sandbox(libraries)
        if not long:
            with run.turn(self._lane) as turn:
                try:
                    aside = (ASIDE_SECONDS, lambda: turn.move_to(self._aside))
                    return sandbox.run(run.job, run.limits, run.left(), aside)
                except MovedAside:
                    pass
        with run.turn(self._aside):
            return sandbox.run(run.job, run.limits, run.left(), (ASIDE_SECONDS, lambda: True))

    def _sandbox(self, libraries: Libraries) -> Sandbox:
        with self._locks[libraries]:
            if self._unavailable:
                raise SandboxUnavailable(self._unavailable)
            sandbox = self._sandboxes.get(libraries)
            if sandbox and sandbox.alive:
                return sandbox
            if sandbox:
                sandbox.close()
            self._sandboxes[libraries] = self._start(libraries)
            return self._sandboxes[libraries]

    def _start(self, libraries: Libraries) -> Sandbox:
        sandbox = Sandbox(libraries)
        try:
            sandbox.layers = check_sandbox(sandbox)
        except ContainmentFailed as reason:
            if sandbox.alive:  # else it was killed during the test, which says nothing of what it contains
                self._unavailable = str(reason)
            sandbox.close()
            raise SandboxUnavailable(str(reason)) from None
        return sandbox


@dataclass
class _Run:
    """One run, and what of its time went by while it waited."""

    job: Job
    limits: Limits
    caller: str | None
    began: float = field(default_factory=time.monotonic)
    queued: float = 0.0

    @contextmanager
    def turn(self, lane: Lane) -> Iterator[Turn]:
        """A turn in a lane; waiting for it does not count as its time.

        Raises:
            Busy: it did not come.
        """
        asked = time.monotonic()
        with lane.turn(self.caller, max(0.0, PATIENCE - self.queued)) as turn:
            self.queued += time.monotonic() - asked
            yield turn

    def left(self) -> float:
        """Seconds that remain: at least half a second, or all when that is less."""
        used = time.monotonic() - self.began - self.queued
        return max(min(0.5, self.limits.seconds), self.limits.seconds - used)


def platform_refusal() -> str | None:
    """Why there can be no CPython on this machine; None when there can."""
    if sys.platform != "linux":
        return f"there is no sandbox for it on {sys.platform}, only on Linux"
    if platform.machine() not in TABLES:
        return f"there is no sandbox for it on {platform.machine()}, only on {' and '.join(TABLES)}"
    return None
