"""A demo shop and a server over it: one for all tests, or one for a test alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import ForeignPage, chromium, foreign_page
from serving import Running, Visitor, running_copy

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

from shopbot.apps.reset import run_reset
from shopbot.tools.shop.policy_index import open_policies

_shared: list[Running] = []
_closing = ExitStack()


@pytest.fixture(scope="session")
def built_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo shop and the index of its policies, built once."""
    folder = tmp_path_factory.mktemp("built") / "data"
    run_reset(data=folder, yes=False)
    open_policies(folder).close()
    return folder


@pytest.fixture(scope="session")
def foreign() -> Iterator[ForeignPage]:
    """A page of another site, with the widget in it."""
    with foreign_page() as page:
        yield page


@pytest.fixture(scope="module")
def served(built_shop: Path, tmp_path_factory: pytest.TempPathFactory, foreign: ForeignPage) -> Running:
    """A server that all modules share; each test has visitors of its own, and returns items that no other does."""
    if not _shared:
        copy = running_copy(built_shop, tmp_path_factory.mktemp("served") / "data", origins=foreign.origin)
        _shared.append(_closing.enter_context(copy))
        foreign.widget = f"{_shared[0].url}/widget.js"
    return _shared[0]


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """The server that is shared ends with the last of these tests in a row: others count threads and draw numbers."""
    if nextitem is None or not nextitem.path.is_relative_to(Path(__file__).parent):
        _shared.clear()
        _closing.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; without one the test is skipped. Its driver runs an event loop, and other modules want their own."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a browser profile of its own; nothing that a script complains about is let pass."""
    context = browser.new_context(accept_downloads=True, viewport={"width": 1100, "height": 800})
    context.set_default_timeout(60_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.on("console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None)
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def visitor(served: Running) -> Visitor:
    """A new customer."""
    return served.visit()


@pytest.fixture
def shop_folder(built_shop: Path, data_folder: Path) -> Path:
    """A demo shop of the test's own."""
    shutil.copytree(built_shop, data_folder)
    return data_folder
