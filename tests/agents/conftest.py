"""A conversation with a scripted engine behind the gate, over the actions of a lending library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from lending_library import ACTIONS, Library

from shopbot.agents import create_agent
from shopbot.engines.scripted import ScriptedEngine
from shopbot.prompts import override_prompts
from shopbot.shop.settings import load_settings
from shopbot.shop.shop import open_shop
from shopbot.tools.shop.desk import Desk

Said = dict[str, Any]


@dataclass
class Talk:
    """An agent with a scripted engine, and the conversation with it."""

    engine: ScriptedEngine
    agent: Any
    library: Library

    def say(self, words: str) -> Said:
        """The state after one message of the customer."""
        state: Said = self.agent.invoke({"messages": [HumanMessage(words)]}, {"configurable": {"thread_id": "t"}})
        return state


@pytest.fixture(autouse=True)
def lending_words(tmp_path: Path) -> None:
    """The wording of the question that lending asks."""
    confirm = tmp_path / "prompts" / "confirm"
    confirm.mkdir(parents=True)
    (confirm / "lend.j2").write_text("Shall I lend you {{ facts.book }}? Please answer yes or no.")
    override_prompts(tmp_path / "prompts")


@pytest.fixture
def talk(lending_words: None) -> Callable[..., Talk]:
    """Start a conversation with an engine that plays the given steps."""

    def start(*steps: Any) -> Talk:
        engine, library = ScriptedEngine(steps), Library()
        return Talk(engine, create_agent(engine, ACTIONS, services=library, checkpointer=InMemorySaver()), library)

    return start


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The demo shop with its real policies, for tests that change nothing in it."""
    with open_shop(load_settings(data=tmp_path_factory.mktemp("shop"))) as shop:
        desk = Desk(shop)
        yield desk
        desk.close()
