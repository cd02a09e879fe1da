"""`invoke`, `ainvoke`, `stream` and `astream` are served by one implementation and behave alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from langchain_core.messages import HumanMessage
from lending_library import ACTIONS, Library

from shopbot.agents import create_agent
from shopbot.agents.memory import open_memory
from shopbot.engines.scripted import ScriptedEngine

Start = Callable[..., Any]
STEPS = [{"call": "choose_book", "args": {"title": "Emma"}}, {"call": "find_shelf"}, {"say": "Shelf 7."}]
SAID = {"messages": [HumanMessage("Emma, please")]}
CONFIG: Any = {"configurable": {"thread_id": "t"}}


def test_ainvoke_ends_as_invoke_does(talk: Start) -> None:
    expected = talk(*STEPS).agent.invoke(SAID, CONFIG)
    found = asyncio.run(talk(*STEPS).agent.ainvoke(SAID, CONFIG))
    assert (found["facts"], found["messages"][-1].text) == (expected["facts"], expected["messages"][-1].text)


def test_stream_shows_each_step(talk: Start) -> None:
    nodes = [name for update in talk(*STEPS).agent.stream(SAID, CONFIG, stream_mode="updates") for name in update]
    assert nodes == ["model", "tools", "model", "tools", "model"]


def test_astream_shows_each_step(talk: Start) -> None:
    async def collect() -> list[str]:
        updates = talk(*STEPS).agent.astream(SAID, CONFIG, stream_mode="updates")
        return [name async for update in updates for name in update]

    assert asyncio.run(collect()) == ["model", "tools", "model", "tools", "model"]


def test_a_conversation_is_resumed_from_its_file(tmp_path: Any) -> None:
    file = tmp_path / "conversations.db"
    with open_memory(file) as memory:
        agent = create_agent(ScriptedEngine(STEPS), ACTIONS, services=Library(), checkpointer=memory)
        agent.invoke(SAID, CONFIG)
    with open_memory(file) as memory:
        agent = create_agent(ScriptedEngine([{"say": "Welcome back."}]), ACTIONS, checkpointer=memory)
        assert agent.invoke({"messages": [HumanMessage("hi")]}, CONFIG)["facts"]["book"] == "Emma"


def test_ainvoke_works_with_the_sqlite_memory(tmp_path: Any) -> None:
    with open_memory(tmp_path / "conversations.db") as memory:
        agent = create_agent(ScriptedEngine(STEPS), ACTIONS, services=Library(), checkpointer=memory)
        assert asyncio.run(agent.ainvoke(SAID, CONFIG))["facts"]["book"] == "Emma"
