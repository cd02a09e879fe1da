"""A conversation with the court researcher: a scripted engine over the real filings and the real index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from examples.court_filings import Docket, create_researcher, open_docket
from shopbot import prompts
from shopbot.engines.scripted import ScriptedEngine

State = dict[str, Any]


@dataclass
class Research:
    """An agent with a scripted engine, and the conversation with it."""

    engine: ScriptedEngine
    agent: Any
    docket: Docket

    def say(self, words: str) -> State:
        """The state after one message of the lawyer."""
        state: State = self.agent.invoke({"messages": [("user", words)]}, {"configurable": {"thread_id": "t"}})
        return state


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docket]:
    """The docket, indexed once for all tests; none of them may file a note in it."""
    with open_docket(tmp_path_factory.mktemp("docket")) as docket:
        yield docket


@pytest.fixture
def docket(index: Docket, tmp_path: Path) -> Docket:
    """The docket with a folder of the test's own for notes, and the indexes that are open already."""
    return Docket(tmp_path, index.documents, index.encoder, index.retrievers)


@pytest.fixture(autouse=True)
def own_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that the example adds is forgotten after each test."""
    monkeypatch.setattr(prompts, "_added", [])


@pytest.fixture
def research(docket: Docket) -> Callable[..., Research]:
    """Start a conversation with an engine that plays the given steps."""

    def start(*steps: Any) -> Research:
        engine = ScriptedEngine(steps)
        return Research(engine, create_researcher(engine, docket, InMemorySaver()), docket)

    return start
