"""Waiting has an end, for a silence and for the whole, and whoever waits no longer leaves nothing running."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import AsyncGenerator, Iterator

import pytest

from shopbot.engines.hosted_deadline import awithin, within

NAME: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="nobody")


def soon(seconds: float = 60) -> float:
    return time.monotonic() + seconds


def test_items_come_in_their_order() -> None:
    assert list(within(lambda: range(3), 60, soon())) == [0, 1, 2]


def test_an_error_comes_after_the_items_before_it() -> None:
    def produce() -> Iterator[int]:
        yield 1
        raise KeyError("two")

    items = within(produce, 60, soon())
    assert next(items) == 1
    with pytest.raises(KeyError, match="two"):
        next(items)


def test_the_callers_context_is_there() -> None:
    token = NAME.set("Maria")
    try:
        assert list(within(lambda: [NAME.get()], 60, soon())) == ["Maria"]
    finally:
        NAME.reset(token)


@pytest.mark.parametrize(("silence_s", "deadline_s"), [(0.05, 60), (60, 0.05), (60, -1)])
def test_silence_ends(silence_s: float, deadline_s: float) -> None:
    never = threading.Event()

    def produce() -> Iterator[int]:
        never.wait(30)
        yield 1

    with pytest.raises(TimeoutError):
        next(within(produce, silence_s, soon(deadline_s)))
    never.set()


def test_a_drip_ends_at_the_deadline() -> None:
    def produce() -> Iterator[int]:
        while True:
            time.sleep(0.01)
            yield 1

    with pytest.raises(TimeoutError):
        list(within(produce, 60, soon(0.2)))


def test_who_is_given_up_on_is_closed_with_the_next_item() -> None:
    closed = threading.Event()

    def produce() -> Iterator[int]:
        try:
            while True:
                time.sleep(0.01)
                yield 1
        finally:
            closed.set()

    items = within(produce, 60, soon())
    next(items)
    items.close()  # type: ignore[attr-defined]
    assert closed.wait(30)


def test_the_same_without_a_thread() -> None:
    closed = []

    async def produce(pause: float) -> AsyncGenerator[int, None]:
        try:
            for number in range(3):
                yield number
                await asyncio.sleep(pause)
        finally:
            closed.append(pause)

    async def listen(pause: float) -> list[int]:
        return [item async for item in awithin(produce(pause), 0.2, soon())]

    assert asyncio.run(listen(0)) == [0, 1, 2]
    with pytest.raises(TimeoutError):
        asyncio.run(listen(30))
    assert closed == [0, 30]
