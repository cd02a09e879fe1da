"""One driver for generators that ask for things: the same steps, run by a sync or by an async caller."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

Asked = TypeVar("Asked")
Result = TypeVar("Result")


def drive(steps: Generator[Asked, Any, Result], answer: Callable[[Asked], Any]) -> Result:
    """Run `steps` to its end: whatever it yields is answered, and what `answer` raises is thrown into it."""
    try:
        asked = next(steps)
        while True:
            try:
                came = answer(asked)
            except Exception as failure:
                asked = steps.throw(failure)
            else:
                asked = steps.send(came)
    except StopIteration as done:
        result: Result = done.value
        return result


async def adrive(steps: Generator[Asked, Any, Result], answer: Callable[[Asked], Awaitable[Any]]) -> Result:
    """As `drive`, with an `answer` that is awaited."""
    try:
        asked = next(steps)
        while True:
            try:
                came = await answer(asked)
            except Exception as failure:
                asked = steps.throw(failure)
            else:
                asked = steps.send(came)
    except StopIteration as done:
        result: Result = done.value
        return result
