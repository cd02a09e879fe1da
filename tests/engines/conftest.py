"""An open demo shop, and ShopBot in it with a hosted model that a test scripts."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from chat_server import ChatServer, Step
from langgraph.checkpoint.memory import InMemorySaver
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from agents import create_shopbot
from shop.database.connection import open_database
from shop.database.models import Label, OutboxMail, Return
from shop.demo.seed import build_demo
from shop.settings import load_settings
from shop.shop import Shop, open_shop
from tools.desk import Desk

THREAD: Any = {"configurable": {"thread_id": "hosted"}}


@dataclass(frozen=True)
class Hosted:
    """ShopBot, the server that its model runs on, and the shop."""

    agent: Any
    server: ChatServer
    shop: Shop

    def say(self, words: str, *steps: Step) -> str:
        """What ShopBot replies when the model takes these steps."""
        self.server.steps += steps
        state = self.agent.invoke(said(words), THREAD)
        return str(state["messages"][-1].text)

    @property
    def written(self) -> tuple[int, int, int]:
        """How many returns, labels and letters there are."""
        with Session(self.shop.database) as session:
            counts = [session.scalar(select(func.count()).select_from(t)) for t in (Return, Label, OutboxMail)]
        return counts[0] or 0, counts[1] or 0, counts[2] or 0


def said(words: str) -> Any:
    """The customer's words as input of the agent."""
    return {"messages": [{"role": "user", "content": words}]}


@pytest.fixture(scope="session")
def built_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The order database of the demo shop, built once."""
    file = tmp_path_factory.mktemp("hosted") / "shop.db"
    database = open_database(f"sqlite:///{file}")
    build_demo(database, datetime.now(UTC))
    database.dispose()
    return file


@pytest.fixture
def shop(built_database: Path, data_folder: Path) -> Iterator[Shop]:
    data_folder.mkdir()
    shutil.copy(built_database, data_folder / "shop.db")
    with open_shop(load_settings()) as opened:
        yield opened


@pytest.fixture
def make_hosted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Hosted]]:
    """Makes ShopBot on `openai:test-model` with a server of its own."""
    desk = Desk(shop)

    def make(retries: int = 0) -> Hosted:
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setattr("engines.hosted.RETRIES", retries)
        agent = create_shopbot("openai:test-model", desk=desk, checkpointer=InMemorySaver())
        return Hosted(agent, server, shop)

    with ChatServer() as server:
        yield make
    if "policies" in vars(desk):
        desk.policies.close()


@pytest.fixture
def hosted(make_hosted: Callable[..., Hosted]) -> Hosted:
    return make_hosted()
