"""What the scripted conversations start from: a demo shop and an index of its policies, built once and copied."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from shop.settings import load_settings


@pytest.fixture(scope="session")
def built_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as a first start leaves it: demo shop, policies, workflow tables."""
    from shop.shop import open_shop
    from tools.policy_index import open_policies

    data = tmp_path_factory.mktemp("built")
    with open_shop(load_settings(data=data)) as shop:
        shop.fulfilment.warm()
        open_policies(data).close()
    return data


@pytest.fixture
def shop_folder(built_shop: Path, data_folder: Path) -> Path:
    """The test's own copy of it."""
    data_folder.mkdir(parents=True)
    for name in ("shop.db", "fulfilment.db"):
        shutil.copy(built_shop / name, data_folder / name)
    shutil.copytree(built_shop / "policies", data_folder / "policies")
    return data_folder
