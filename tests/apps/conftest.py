"""A built demo shop for each test, and ShopBot's command line, in this process or as a program of its own."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Spoken, speak

from shopbot.apps.reset import run_reset
from shopbot.tools.shop.policy_index import open_policies


@pytest.fixture(scope="session")
def built_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo shop and the index of its policies, built once."""
    folder = tmp_path_factory.mktemp("built") / "data"
    run_reset(data=folder, yes=False)
    open_policies(folder).close()
    return folder


@pytest.fixture
def shop_folder(built_shop: Path, data_folder: Path) -> Path:
    """A demo shop of the test's own, in the folder that `SHOPBOT_DATA` names."""
    shutil.copytree(built_shop, data_folder)
    return data_folder


@pytest.fixture
def chat_json(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Spoken]:
    """`shopbot chat --json` in this process: bytes in, what was printed and the exit code out."""

    def run(given: bytes, *, thread: str = "", engine: str | None = None) -> Spoken:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        return speak(capfd, "json", thread=thread, engine=engine)

    return run


@pytest.fixture
def chat(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Spoken]:
    """`shopbot chat` in this process, its input from a pipe."""

    def run(given: bytes, *, thread: str = "", engine: str | None = None) -> Spoken:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="utf-8"))
        return speak(capfd, "typed", thread=thread, engine=engine)

    return run
