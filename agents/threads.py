"""Threads that actions run in: of their own, so that one that waits for another agent does not wait for its thread."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

Result = TypeVar("Result")
_IDLE_AT_MOST = 8
"""Threads that are kept for the next run; starting one costs ten times as much as waking one."""
_idle: deque[_Worker] = deque()
_own = ThreadPoolExecutor(max_workers=4096, thread_name_prefix="gate")
"""A thread for every action in flight: one that waits for another agent must not wait for that agent's thread."""


class TooSlow(Exception):
    """A read took longer than it is given; not to be taken for a time-out of the action's own."""


def awaited_here(came: Any) -> Any:
    """What came, awaited in a thread of its own where it has to be: this one may have an event loop that is running."""
    return _in_thread(lambda: asyncio.run(awaited(came))) if inspect.isawaitable(came) else came


async def awaited(came: Any) -> Any:
    """The coroutine that `asyncio.run` wants, of whatever can be awaited."""
    return await came


def within(seconds: float | None, run: Callable[[], Result]) -> Result:
    """What `run` gives within so many seconds; after them it is left to itself. None: however long it takes.

    Raises:
        TooSlow: it took longer.
    """
    return run() if seconds is None else _in_thread(run, max(seconds, 0.0))


def _in_thread(run: Callable[[], Result], seconds: float | None = None) -> Result:
    """What `run` gives in another thread, which does not keep the process from ending.

    Raises:
        TooSlow: it took longer than `seconds`.
    """
    done: Future[Result] = Future()
    try:
        worker = _idle.pop()
    except IndexError:
        worker = _Worker()
    worker.tasks.put(partial(contextvars.copy_context().run, _settle, done, run))
    if not wait([done], seconds).done:
        raise TooSlow
    return done.result()


async def in_gate_thread(run: Callable[[], Result]) -> Result:
    """What `run` gives in a thread of the gate's own: those of the event loop are left to the tools, for which it may
    wait."""
    return await asyncio.get_running_loop().run_in_executor(_own, contextvars.copy_context().run, run)


def _settle(done: Future[Result], run: Callable[[], Result]) -> None:
    try:
        done.set_result(run())
    except BaseException as error:
        done.set_exception(error)


class _Worker(threading.Thread):
    """A thread that runs one task at a time and is kept when few are idle."""

    def __init__(self) -> None:
        super().__init__(daemon=True, name="action")
        self.tasks: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.start()

    def run(self) -> None:
        while True:
            self.tasks.get()()
            if len(_idle) >= _IDLE_AT_MOST:
                return
            _idle.append(self)
