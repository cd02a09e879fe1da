"""Waiting no longer than there is time for what cannot be interrupted."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def within(seconds: float | None, run: Callable[[], Result]) -> Result:
    """What `run` gives within so many seconds; after them it is left to itself. None: however long it takes.

    Raises:
        TimeoutError: it took longer.
    """
    return run() if seconds is None else in_thread(run, max(seconds, 0.0))


def in_thread(run: Callable[[], Result], seconds: float | None = None) -> Result:
    """What `run` gives in a thread of its own, which does not keep the process from ending.

    Raises:
        TimeoutError: it took longer than `seconds`.
    """
    ended = threading.Event()
    came: list[Result] = []
    failed: list[BaseException] = []
    context = contextvars.copy_context()

    def work() -> None:
        try:
            came.append(context.run(run))
        except BaseException as error:
            failed.append(error)
        ended.set()

    threading.Thread(target=work, daemon=True, name="action").start()
    if not ended.wait(seconds):
        raise TimeoutError
    if failed:
        raise failed[0]
    return came[0]
