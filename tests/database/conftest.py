"""Databases to open: a SQLite file and a real PostgreSQL, empty or with two customers in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from two_customers import TwoCustomers, shop_at


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def two_customers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoCustomers]:
    """A shop that tests only read."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('shop') / 'shop.db'}"
    else:
        url = request.getfixturevalue("new_postgres_url")()
    with shop_at(url) as shop:
        yield shop


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    """URL of a SQLite file that is not there yet, nor its folder."""
    return f"sqlite:///{tmp_path / 'shop' / 'shop.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, file_url: str) -> str:
    """URL of a database without a table."""
    return file_url if request.param == "sqlite" else str(request.getfixturevalue("fresh_postgres_url"))
