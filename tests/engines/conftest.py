"""An open demo shop, and ShopBot in it with a hosted model that a test scripts."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from chat_server import ChatServer
from hosted_shopbot import Hosted
from langgraph.checkpoint.memory import InMemorySaver

from shopbot.agents import create_shopbot
from shopbot.engines import EngineOptions, make_engine
from shopbot.shop.database.connection import open_database
from shopbot.shop.demo.seed import build_demo
from shopbot.shop.settings import load_settings
from shopbot.shop.shop import Shop, open_shop
from shopbot.tools.shop.desk import Desk

Stream = Literal["auto", "on", "off"]


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
    """Makes ShopBot on a hosted model with a server of its own."""
    desk = Desk(shop)

    def make(retries: int = 0, model: str = "test-model", patience_s: float = 60, stream: Stream = "auto") -> Hosted:
        monkeypatch.setattr("shopbot.engines.hosted_retry._backoff", lambda state: 0.0)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setattr("shopbot.engines.hosted.RETRIES", retries)
        engine = make_engine(f"openai:{model}", EngineOptions(timeout_s=patience_s, stream=stream))
        agent = create_shopbot(engine, desk=desk, checkpointer=InMemorySaver())
        return Hosted(agent, server, shop)

    with ChatServer() as server:
        yield make
    if "policies" in vars(desk):
        desk.policies.close()


@pytest.fixture
def hosted(make_hosted: Callable[..., Hosted]) -> Hosted:
    return make_hosted()
