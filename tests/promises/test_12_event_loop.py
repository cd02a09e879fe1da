"""A long message keeps nobody else waiting, and one that is too long is refused."""

from __future__ import annotations

import asyncio
import time

import pytest
from attacked_agent import config, said, start

from shopbot.agents.turns import MessageTooLong
from shopbot.tools.action import Call, Observation, action


@action()
def count(call: Call[object], value: int) -> Observation:
    """Count."""
    return Observation(f"{value} counted")


@pytest.mark.parametrize("unit", ["12:", "½", "1e", "a@b ", "one hundred "])
def test_others_go_on_while_a_long_message_is_read(unit: str) -> None:
    async def main() -> tuple[float, float]:
        steps = [{"call": "count", "args": {"value": 7}}, *[{"say": "Seven."}] * 3]
        talk = start({"say": "Hello."}, *steps, actions=[count])
        await talk.agent.ainvoke(said("hello"), config("before"))  # what is loaded once is loaded
        gaps, done = [], asyncio.Event()

        async def tick() -> None:
            before = time.monotonic()
            while not done.is_set():
                await asyncio.sleep(0.002)
                gaps.append(time.monotonic() - before)
                before = time.monotonic()

        ticking = asyncio.ensure_future(tick())
        started = time.monotonic()
        await talk.agent.ainvoke(said((unit * 20_000)[:19_000]), config())
        taken = time.monotonic() - started
        done.set()
        await ticking
        return max(gaps), taken

    gap, taken = asyncio.run(main())
    # Reading takes most of the turn: on the event loop, it would be one gap of nearly that length.
    assert gap < taken / 2


def test_a_message_that_is_too_long_is_refused() -> None:
    talk = start({"say": "Hello."})
    with pytest.raises(MessageTooLong):
        talk.say("a" * 20_001)
    assert talk.reply("a" * 20_000) == "Hello."
