"""Waiting for a model's answer no longer than agreed, however its server behaves.

An HTTP client's own time-out starts anew with every byte, so a server that drips keeps a caller for ever; here each
item must come in time, and all of them before a deadline. Sync calls run in a thread of their own for it. A thread that
is given up on ends with its socket (`shopbot.engines.hosted_sockets`), and holds nobody up.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing
from typing import TypeVar

from shopbot.engines.hosted_sockets import WAITING, Waiting

Item = TypeVar("Item")
_END = object()


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
    waiting = Waiting(deadline)

    def work() -> None:
        WAITING.set(waiting)
        try:
            for item in produce():
                if waiting.given_up.is_set():
                    return
                items.put(item)
            items.put(_END)
        except BaseException as error:
            items.put(_Raised(error))

    threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True, name="model call").start()
    try:
        while (item := _next(items, min(silence_s, deadline - time.monotonic()))) is not _END:
            if isinstance(item, _Raised):
                # What a socket says at the deadline is no other reason.
                raise item.error if time.monotonic() < deadline else TimeoutError("the model's time is up")
            yield item  # type: ignore[misc]
    finally:
        waiting.given_up.set()


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


def _next(items: queue.SimpleQueue[object], seconds: float) -> object:
    try:
        return items.get(timeout=max(seconds, 0))
    except queue.Empty:
        raise TimeoutError(f"nothing came from the model for {max(seconds, 0):.1f} seconds") from None
