"""Whoever reads along sees no reasoning and no draft that was refused, in whatever way they read."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from attacked_agent import ACTIONS, Till, config, said
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from langgraph.checkpoint.memory import InMemorySaver

from shopbot.agents import create_agent
from shopbot.engines.scripted import ScriptedEngine

STEPS = [
    {"say": "<think>Secretthought</think>Refuseddraft [no#source]"},
    {"say": "<think>Secretthought</think>Fine."},
]


class Token(ScriptedEngine):
    """Plays its script a few characters at a time."""

    def _stream(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        text = self._generate(messages, None, None).generations[0].text
        manager = kwargs.get("run_manager") or (args[1] if len(args) > 1 else None)
        for start in range(0, len(text), 5):
            chunk = ChatGenerationChunk(message=AIMessageChunk(text[start : start + 5]))
            if manager:
                manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


def agent() -> Any:
    return create_agent(Token(STEPS), ACTIONS, services=Till(), checkpointer=InMemorySaver())


def shown(found: list[Any]) -> str:
    """Everything in it but where the reasoning is kept apart."""
    return str(found).replace("{'reasoning_content': 'Secretthought'}", "")


@pytest.mark.parametrize("mode", ["messages", "updates", "values", "debug", "custom", "tasks"])
@pytest.mark.parametrize("is_async", [False, True])
def test_stream(mode: str, is_async: bool) -> None:
    async def collect() -> list[Any]:
        return [piece async for piece in agent().astream(said("hi"), config(), stream_mode=mode)]

    found = asyncio.run(collect()) if is_async else list(agent().stream(said("hi"), config(), stream_mode=mode))
    assert "Refuseddraft" not in str(found)
    assert "Secretthought" not in shown(found)
    assert mode == "custom" or "Fine." in shown(found)


@pytest.mark.parametrize("reader", ["v2", "log"])
def test_event_streams(reader: str) -> None:
    async def collect() -> list[Any]:
        if reader == "log":
            return [piece async for piece in agent().astream_log(said("hi"), config())]
        return [event async for event in agent().astream_events(said("hi"), config(), version="v2")]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = asyncio.run(collect())
    assert "Refuseddraft" not in str(found)
    assert "Fine." in str(found)


def test_a_stream_left_half_way_does_not_block_the_next_message() -> None:
    left = agent()
    pieces = left.stream(said("hi"), config())
    next(pieces)
    assert left.invoke(said("are you there?"), config())["messages"][-1].text
    assert list(pieces) == []


def test_an_async_stream_left_half_way_does_not_block_the_next_message() -> None:
    async def main() -> str:
        left = agent()
        pieces = left.astream(said("hi"), config())
        await anext(pieces)
        async with asyncio.timeout(30):
            return str((await left.ainvoke(said("are you there?"), config()))["messages"][-1].text)

    assert asyncio.run(main())
