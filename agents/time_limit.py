"""Waiting no longer than there is time for what cannot be interrupted."""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

Result = TypeVar("Result")

_IDLE_AT_MOST = 8
"""Threads that are kept for the next run; starting one costs ten times as much as waking one."""
_idle: deque[_Worker] = deque()


def within(seconds: float | None, run: Callable[[], Result]) -> Result:
    """What `run` gives within so many seconds; after them it is left to itself. None: however long it takes.

    Raises:
        TimeoutError: it took longer.
    """
    return run() if seconds is None else in_thread(run, max(seconds, 0.0))


def in_thread(run: Callable[[], Result], seconds: float | None = None) -> Result:
    """What `run` gives in another thread, which does not keep the process from ending.

    Raises:
        TimeoutError: it took longer than `seconds`.
    """
    task = _Task(contextvars.copy_context(), run)
    try:
        worker = _idle.pop()
    except IndexError:
        worker = _Worker()
    worker.tasks.put(task)
    if not task.ended.wait(seconds):
        raise TimeoutError
    if task.failure is not None:
        raise task.failure
    result: Result = task.result
    return result


class _Task:
    """A run, what came of it, and when it has ended."""

    def __init__(self, context: contextvars.Context, run: Callable[[], Any]) -> None:
        self._context = context
        self._run = run
        self.ended = threading.Event()
        self.result: Any = None
        self.failure: BaseException | None = None

    def do(self) -> None:
        try:
            self.result = self._context.run(self._run)
        except BaseException as error:
            self.failure = error
        self.ended.set()


class _Worker(threading.Thread):
    """A thread that runs one task at a time and is kept when few are idle."""

    def __init__(self) -> None:
        super().__init__(daemon=True, name="action")
        self.tasks: SimpleQueue[_Task] = SimpleQueue()
        self.start()

    def run(self) -> None:
        while True:
            task = self.tasks.get()
            task.do()
            del task
            if len(_idle) >= _IDLE_AT_MOST:
                return
            _idle.append(self)
