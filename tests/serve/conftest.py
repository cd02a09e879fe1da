"""A demo shop and a server over it: one for all tests, or one for a test alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Running, Visitor, running

from shopbot.apps.reset import run_reset
from shopbot.tools.shop.policy_index import open_policies


@pytest.fixture(scope="session")
def built_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo shop and the index of its policies, built once."""
    folder = tmp_path_factory.mktemp("built") / "data"
    run_reset(data=folder, yes=False)
    open_policies(folder).close()
    return folder


@pytest.fixture(scope="session")
def served(built_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that all tests share; each has visitors of its own."""
    folder = tmp_path_factory.mktemp("served") / "data"
    shutil.copytree(built_shop, folder)
    for name in [name for name in os.environ if name.startswith("SHOPBOT_SERVE_")]:
        del os.environ[name]
    with running(folder) as server:
        yield server


@pytest.fixture
def visitor(served: Running) -> Visitor:
    """A new customer."""
    return served.visit()


@pytest.fixture
def shop_folder(built_shop: Path, data_folder: Path) -> Path:
    """A demo shop of the test's own."""
    shutil.copytree(built_shop, data_folder)
    return data_folder
