"""asyncio for programs: tasks, timers and queues need no descriptor, and there is none to be had."""

from __future__ import annotations

import asyncio
import selectors
import time
import warnings


class _NothingToWatch(selectors.SelectSelector):
    """Waits for the time alone, and without end when there is no timer: the program's limit ends that."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        time.sleep(3600 if timeout is None else max(0.0, timeout))
        return []


class _Loop(asyncio.SelectorEventLoop):
    """Without the pair of sockets by which other threads would wake it."""

    def __init__(self) -> None:
        super().__init__(_NothingToWatch())

    def _make_self_pipe(self) -> None:
        self._ssock = self._csock = None

    def _close_self_pipe(self) -> None:
        pass


class _Policy(asyncio.DefaultEventLoopPolicy):
    _loop_factory = _Loop


def use_own_event_loop() -> None:
    """Let `asyncio.run` and its like make loops that work inside the boundary."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # from 3.14 on; it has no other way in
        asyncio.set_event_loop_policy(_Policy())
