"""Waiting for a model's answer no longer than agreed, however its server behaves.

An HTTP client's own time-out starts anew with every byte, so a server that drips keeps a caller for ever; here each
item must come in time, and all of them before a deadline. Sync calls run in a thread of their own for it. A thread that
is given up on has its connection shut, so that it ends and takes its descriptors with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import queue
import socket
import sys
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing
from typing import TypeVar

Item = TypeVar("Item")
_END = object()
_GLANCE_S = 0.05
_HANG_UPS = 10


class _Raised:
    def __init__(self, error: BaseException) -> None:
        self.error = error


def within(produce: Callable[[], Iterable[Item]], silence_s: float, deadline: float) -> Iterator[Item]:
    """What `produce()` yields, as long as it keeps coming.

    Args:
        produce: makes the items; runs in a daemon thread with the caller's context variables.
        silence_s: seconds to wait for an item at most.
        deadline: when the last item must be there, on the clock of `time.monotonic`.

    Raises:
        TimeoutError: an item did not come in time. Besides, whatever `produce` raises.
    """
    items: queue.SimpleQueue[object] = queue.SimpleQueue()
    given_up = threading.Event()

    def work() -> None:
        try:
            for item in produce():
                if given_up.is_set():
                    return
                items.put(item)
            items.put(_END)
        except BaseException as error:
            items.put(_Raised(error))

    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True, name="model call")
    thread.start()
    try:
        while (item := _next(items, min(silence_s, deadline - time.monotonic()))) is not _END:
            if isinstance(item, _Raised):
                raise item.error
            yield item  # type: ignore[misc]
    finally:
        given_up.set()
        _hang_up(thread)


async def awithin(source: AsyncGenerator[Item, None], silence_s: float, deadline: float) -> AsyncIterator[Item]:
    """As `within`, for an async generator, which is cancelled when it does not deliver."""
    async with aclosing(source):
        while True:
            async with asyncio.timeout(min(silence_s, deadline - time.monotonic())):
                try:
                    item = await anext(source)
                except StopAsyncIteration:
                    return
            yield item


def _hang_up(thread: threading.Thread) -> None:
    """End a thread that waits for its server: every connection that it works with is shut, and again if it retries.

    No client has a way to end another thread's call, and shutting is all that wakes a thread from reading. It looks
    where any of them keeps its connection: in a variable of the functions at work, or in a `_sock` of their objects.
    """
    for _ in range(_HANG_UPS):
        thread.join(_GLANCE_S)
        if not thread.is_alive():
            return
        for connection in _connections_of(thread):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _connections_of(thread: threading.Thread) -> Iterator[socket.socket]:
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None:
        for value in list(frame.f_locals.values()):
            for held in (value, getattr(value, "__dict__", {}).get("_sock")):
                if isinstance(held, socket.socket):
                    yield held
        frame = frame.f_back


def _next(items: queue.SimpleQueue[object], seconds: float) -> object:
    try:
        return items.get(timeout=max(seconds, 0))
    except queue.Empty:
        raise TimeoutError(f"nothing came from the model for {max(seconds, 0):.1f} seconds") from None
