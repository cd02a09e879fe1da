"""A demo shop to attack, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attacked_agent import prompts_for
from attacked_shop import Clock, OpenShop, opened
from sqlalchemy import Engine

from shopbot.shop.database.connection import open_database
from shopbot.shop.demo.seed import build_demo
from shopbot.shop.settings import load_settings


@pytest.fixture(autouse=True)
def paying_words(tmp_path: Path, data_folder: Path) -> None:
    """The wording of the question that `pay` asks."""
    prompts_for(tmp_path / "prompts")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    """The URL of an empty order database."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("fresh_postgres_url"))
    return f"sqlite:///{tmp_path / 'shop.db'}"


@pytest.fixture
def shop_database(database_url: str) -> Iterator[Engine]:
    """A database with the demo shop."""
    database = open_database(database_url)
    build_demo(database, datetime.now(UTC))
    yield database
    database.dispose()


@pytest.fixture
def shop(shop_database: Engine, database_url: str, data_folder: Path) -> Iterator[OpenShop]:
    """The demo shop, open."""
    with opened(load_settings(data=data_folder, database_url=database_url, fulfilment_wait_s=20), Clock()) as open_one:
        yield open_one
