"""What the scripted conversations start from: a demo shop and an index of its policies, built once and copied."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from judge import play_and_judge
from recorded_proposals import Proposals, recording
from scripted import Script

from shopbot.shop.settings import load_settings

_recorded: dict[str, Proposals] = {}


@pytest.fixture(scope="session")
def built_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as a first start leaves it: demo shop, policies, workflow tables."""
    from shopbot.shop.shop import open_shop
    from shopbot.tools.shop.policy_index import open_policies

    data = tmp_path_factory.mktemp("built")
    with open_shop(load_settings(data=data)) as shop:
        shop.fulfilment.warm()
        open_policies(data).close()
    return data


@pytest.fixture
def shop_folder(built_shop: Path, data_folder: Path) -> Path:
    """The test's own copy of it."""
    return copy_shop(built_shop, data_folder)


@pytest.fixture
def proposals(built_shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Script], Proposals]:
    """What the embedded engine proposes in a script, at each of its calls; played for it once in a test run."""

    def record(script: Script) -> Proposals:
        if script.name not in _recorded:
            folder = copy_shop(built_shop, tmp_path / "recorded")
            with monkeypatch.context() as patch, recording(patch) as proposed:
                play_and_judge(script, folder, patch)
            _recorded[script.name] = tuple(proposed)
        return _recorded[script.name]

    return record


def copy_shop(built: Path, folder: Path) -> Path:
    """A data folder of its own, as a first start leaves it."""
    folder.mkdir(parents=True)
    for name in ("shop.db", "fulfilment.db"):
        shutil.copy(built / name, folder / name)
    shutil.copytree(built / "policies", folder / "policies")
    return folder
